"""Controls for tests: requests, outbox, clock, faults and reset. Dinero has none of this."""

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
    """Return whether a path belongs to the sandbox and not to Dinero."""
    return url.partition("?")[0] == "/" or url.startswith("/_sandbox/")


def read_body(call: Call, kind: type[Body]) -> Body:
    """Return the JSON body of one of these calls.

    :raises ApiError: code 42, with the reason
    """
    try:
        return msgspec.json.decode(call.raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiError(42, str(error)) from None


def record(call: Call, status: int) -> None:
    """Record a request and its status."""
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
    """Respond as soon as the sandbox is ready."""
    return answer({"status": "ok"})


@resource.operation("GET", "/_sandbox/requests", open=True)
def requests(call: Call) -> Response:
    """List the requests, oldest first: token calls and unknown routes included, calls of /_sandbox excluded."""
    return answer([dict(row) for row in call.store.execute("SELECT * FROM requests ORDER BY rowid")])


@resource.operation("DELETE", "/_sandbox/requests", open=True)
def forget_requests(call: Call) -> Response:
    """Clear the list of requests."""
    call.store.execute("DELETE FROM requests")
    return answer([])


@resource.operation("GET", "/_sandbox/outbox", open=True)
def outbox(call: Call) -> Response:
    """List what was sent to people, oldest first; ``times`` counts the mail-outs of the document of the same kind."""
    window = "count(*) OVER (PARTITION BY organization, invoice, channel, type)"
    rows = call.store.execute(f"SELECT *, {window} AS times FROM outbox ORDER BY id")
    return answer([{**dict(row), "total": decode(row["total"])} for row in rows])


@resource.operation("GET", "/_sandbox/state", open=True)
def state(call: Call) -> Response:
    """Return the number of rows of each table."""
    tables = call.store.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    counts = {row["name"]: call.store.execute(f"SELECT count(*) FROM {row['name']}").fetchone()[0] for row in tables}
    return answer({name: count for name, count in counts.items() if name not in ("version", "ahead")})


@resource.operation("GET", "/_sandbox/clock", open=True)
def clock(call: Call) -> Response:
    """Return the sandbox's time."""
    return answer(_time(call))


@resource.operation("POST", "/_sandbox/clock", open=True)
def forward(call: Call) -> Response:
    """Move the time forward: tokens expire, invoices become overdue, the minute of the request limit passes."""
    delta = read_body(call, Forward)
    try:
        call.store.forward(timedelta(**msgspec.structs.asdict(delta)))
    except OverflowError:
        raise ApiError(42, "The new time is beyond the end of the calendar.") from None
    return answer(_time(call))


def _time(call: Call) -> JsonObject:
    return {"now": f"{call.store.now()}Z"}


@resource.operation("GET", "/_sandbox/faults", open=True)
def faults(call: Call) -> Response:
    """List the faults on order."""
    return answer(call.faults.all())


@resource.operation("POST", "/_sandbox/faults", open=True)
def order_fault(call: Call) -> Response:
    """Order a fault."""
    call.faults.order(read_body(call, Fault))
    return answer(call.faults.all())


@resource.operation("DELETE", "/_sandbox/faults", open=True)
def clear_faults(call: Call) -> Response:
    """Remove all faults."""
    call.faults.clear()
    return answer([])


@resource.operation("POST", "/_sandbox/reset", open=True)
def reset(call: Call) -> Response:
    """Return to the start: no documents, tokens, requests or faults; the real time. Clients and organizations stay."""
    call.store.reset()
    call.limiter.reset()
    call.faults.reset()
    return answer({"status": "ok"})
