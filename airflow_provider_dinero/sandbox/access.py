"""Who may come in: the token, the request limit, the organization and its subscription, in that order."""

from __future__ import annotations

from starlette.responses import PlainTextResponse, Response

from airflow_provider_dinero.sandbox.calls import Call
from airflow_provider_dinero.sandbox.errors import ApiError
from airflow_provider_dinero.sandbox.seed_data import CLIENTS, ORGANIZATIONS, READ, WRITE


def let_in(call: Call) -> Response | None:
    """Note on the call who is calling.

    :return: an answer if the call is over the limit, None if it may go on
    :raises ApiError: 401 without a valid token, 403 for a scope that it lacks, an organization that it
        can't reach, or one without Pro
    """
    row = call.store.one(
        "SELECT client, organization, scope FROM access_tokens WHERE token = ? AND expires > ?",
        [_token(call), call.store.clock().timestamp()],
    )
    if row is None:
        raise ApiError(41, status=401)
    call.client_id = row["client"]
    call.reach = tuple(ORGANIZATIONS) if row["organization"] is None else (row["organization"],)

    # Documents silent on the order: a request that ends as 403 counts, one without a client (401) can't.
    client = CLIENTS[row["client"]]
    limit = call.settings.requests_per_minute or client.requests_per_minute
    wait = call.limiter.admit(client.id, call.organization, limit)
    if wait is not None:
        text = f"API calls quota exceeded! maximum admitted {limit} per 1m."
        return PlainTextResponse(text, 429, {"Retry-After": str(wait)})

    # Documents silent on what a scope allows: reading is GET, all else is writing, also a POST that changes nothing.
    if (READ if call.method == "GET" else WRITE) not in row["scope"].split():
        raise ApiError(41, status=403)
    if "organizationId" in call.route:
        if call.organization not in call.reach:
            raise ApiError(41, status=403)
        if not ORGANIZATIONS[call.organization].pro:
            raise ApiError(call.settings.no_pro_code, status=403)
    return None


def expire(call: Call) -> None:
    """Let the token of a call expire now."""
    now = call.store.clock().timestamp()
    call.store.execute("UPDATE access_tokens SET expires = ? WHERE token = ?", [now, _token(call)])


def _token(call: Call) -> str | None:
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else None
