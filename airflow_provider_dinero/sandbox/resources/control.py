"""For tests: what arrived, what was sent, the clock, faults, and a way back to the start. Dinero has none of this."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, TypeVar

import msgspec
from starlette.responses import Response

from airflow_provider_dinero.sandbox.answers import JsonObject, answer, decode
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.errors import ApiError
from airflow_provider_dinero.sandbox.faults import Fault

Body = TypeVar("Body")

resource = Resource(
    """
    CREATE TABLE IF NOT EXISTS requests (
        time TEXT, method TEXT, path TEXT, status INTEGER, organization INTEGER, client_id TEXT,
        fault TEXT
    );
    """
)

Amount = Annotated[float, msgspec.Meta(ge=0)]


class Forward(msgspec.Struct, forbid_unknown_fields=True):
    """How far to move the clock."""

    days: Amount = 0
    hours: Amount = 0
    minutes: Amount = 0
    seconds: Amount = 0


def is_ours(url: str) -> bool:
    """Whether a path is the sandbox's own and not Dinero's."""
    return url.partition("?")[0] == "/" or url.startswith("/_sandbox/")


def read_body(call: Call, kind: type[Body]) -> Body:
    """The JSON body of one of these calls.

    :raises ApiError: code 42, with what is wrong
    """
    try:
        return msgspec.json.decode(call.raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiError(42, str(error)) from None


def record(call: Call, status: int) -> None:
    """Note that a request arrived and how it was answered."""
    call.store.insert(
        "requests",
        {
            "time": call.store.now(),
            "method": call.method,
            "path": call.url,
            "status": status,
            "organization": call.organization,
            "client_id": call.client_id,
            "fault": call.fault,
        },
    )


@resource.operation("GET", "/_sandbox/health", open=True)
def health(call: Call) -> Response:
    """Answers as soon as the sandbox does."""
    return answer({"status": "ok"})


@resource.operation("GET", "/_sandbox/requests", open=True)
def requests(call: Call) -> Response:
    """What arrived, oldest first: token calls and unknown routes too, these calls never."""
    return answer([dict(row) for row in call.store.execute("SELECT * FROM requests ORDER BY rowid")])


@resource.operation("DELETE", "/_sandbox/requests", open=True)
def forget_requests(call: Call) -> Response:
    """Start the list of requests anew."""
    call.store.execute("DELETE FROM requests")
    return answer([])


@resource.operation("GET", "/_sandbox/outbox", open=True)
def outbox(call: Call) -> Response:
    """What was sent to people, oldest first; ``times`` is how often the document went out in that way."""
    window = "count(*) OVER (PARTITION BY organization, invoice, channel, type)"
    rows = call.store.execute(f"SELECT *, {window} AS times FROM outbox ORDER BY id")
    return answer([{**dict(row), "total": decode(row["total"])} for row in rows])


@resource.operation("GET", "/_sandbox/state", open=True)
def state(call: Call) -> Response:
    """How many rows each table has."""
    tables = call.store.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    counts = {row["name"]: call.store.execute(f"SELECT count(*) FROM {row['name']}").fetchone()[0] for row in tables}
    return answer({name: count for name, count in counts.items() if name not in ("version", "ahead")})


@resource.operation("GET", "/_sandbox/clock", open=True)
def clock(call: Call) -> Response:
    """The sandbox's time."""
    return answer(_time(call))


@resource.operation("POST", "/_sandbox/clock", open=True)
def forward(call: Call) -> Response:
    """Move the time ahead: tokens expire, invoices become overdue, the request limit's minute passes."""
    delta = read_body(call, Forward)
    try:
        call.store.forward(timedelta(**msgspec.structs.asdict(delta)))
    except OverflowError:
        raise ApiError(42, "That is further ahead than the calendar goes.") from None
    return answer(_time(call))


def _time(call: Call) -> JsonObject:
    return {"now": f"{call.store.now()}Z"}


@resource.operation("GET", "/_sandbox/faults", open=True)
def faults(call: Call) -> Response:
    """The faults on order."""
    return answer(call.faults.all())


@resource.operation("POST", "/_sandbox/faults", open=True)
def order_fault(call: Call) -> Response:
    """Let requests go wrong."""
    call.faults.order(read_body(call, Fault))
    return answer(call.faults.all())


@resource.operation("DELETE", "/_sandbox/faults", open=True)
def clear_faults(call: Call) -> Response:
    """Nothing goes wrong from now on."""
    call.faults.clear()
    return answer([])


@resource.operation("POST", "/_sandbox/reset", open=True)
def reset(call: Call) -> Response:
    """Back to the start: no documents, tokens, requests or faults; the real time. Clients and organizations stay."""
    call.store.reset()
    call.limiter.reset()
    call.faults.reset()
    return answer({"status": "ok"})
