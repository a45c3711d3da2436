"""Access checks, in this order: the token, the request limit, the organization and its subscription."""

from __future__ import annotations

from starlette.responses import PlainTextResponse, Response

from airflow_provider_dinero.sandbox.calls import Call
from airflow_provider_dinero.sandbox.errors import ApiError
from airflow_provider_dinero.sandbox.seed_data import CLIENTS, ORGANIZATIONS, READ, WRITE


def let_in(call: Call) -> Response | None:
    """Authenticate a call, and record on it which client is calling.

    :return: the response to send if the call is over the limit, or None if it may continue
    :raises ApiError: 401 without a valid token; 403 if the token lacks the scope, can't reach the organization,
        or the organization has no Pro subscription
    """
    row = call.store.one(
        "SELECT client, organization, scope FROM access_tokens WHERE token = ? AND expires > ?",
        [_token(call), call.store.clock().timestamp()],
    )
    if row is None:
        raise ApiError(41, status=401)
    call.client_id = row["client"]
    call.reach = tuple(ORGANIZATIONS) if row["organization"] is None else (row["organization"],)

    # The documents don't give the order. Here a request that ends as 403 counts; one without a client (401) can't.
    client = CLIENTS[row["client"]]
    limit = call.settings.requests_per_minute or client.requests_per_minute
    wait = call.limiter.admit(client.id, call.organization, limit)
    if wait is not None:
        text = f"API calls quota exceeded! maximum admitted {limit} per 1m."
        return PlainTextResponse(text, 429, {"Retry-After": str(wait)})

    # The documents don't define the scopes. Here GET reads and every other method writes, even if nothing changes.
    if (READ if call.method == "GET" else WRITE) not in row["scope"].split():
        raise ApiError(41, status=403)
    if "organizationId" in call.route:
        if call.organization not in call.reach:
            raise ApiError(41, status=403)
        if not ORGANIZATIONS[call.organization].pro:
            raise ApiError(call.settings.no_pro_code, status=403)
    return None


def expire(call: Call) -> None:
    """Expire the token of a call now."""
    now = call.store.clock().timestamp()
    call.store.execute("UPDATE access_tokens SET expires = ? WHERE token = ?", [now, _token(call)])


def _token(call: Call) -> str | None:
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else None
