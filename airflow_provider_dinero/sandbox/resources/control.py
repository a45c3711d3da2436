"""For tests: what arrived, what was e-mailed, and a way back to the start. Dinero has none of this."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_dinero.sandbox.answers import answer, decode
from airflow_provider_dinero.sandbox.calls import Call, Resource

PREFIX = "/_sandbox/"

resource = Resource(
    """
    CREATE TABLE IF NOT EXISTS requests (
        time TEXT, method TEXT, path TEXT, status INTEGER, organization INTEGER, client_id TEXT
    );
    """
)


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
    """The e-mails that were sent, oldest first."""
    rows = call.store.execute("SELECT * FROM outbox ORDER BY id")
    return answer([{**dict(row), "total": decode(row["total"])} for row in rows])


@resource.operation("POST", "/_sandbox/reset", open=True)
def reset(call: Call) -> Response:
    """Back to the start: no documents, no tokens, no requests. The known clients and organizations stay."""
    call.store.reset()
    call.limiter.reset()
    return answer({"status": "ok"})
