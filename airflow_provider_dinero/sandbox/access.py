"""Who may come in: the token, the request limit, the organization and its subscription, in that order."""

from __future__ import annotations

from starlette.responses import PlainTextResponse, Response

from airflow_provider_dinero.sandbox.calls import Call
from airflow_provider_dinero.sandbox.errors import DineroError
from airflow_provider_dinero.sandbox.known import CLIENTS, ORGANIZATIONS


def let_in(call: Call) -> Response | None:
    """Note on the call who is calling.

    :return: an answer if the call is over the limit, None if it may go on
    :raises DineroError: 401 without a valid token, 403 for an organization that the token can't reach or without Pro
    """
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    row = call.store.one(
        "SELECT client, organization FROM access_tokens WHERE token = ? AND expires > ?",
        [token, call.store.clock().timestamp()],
    )
    if row is None or scheme.lower() != "bearer":
        raise DineroError(41, status=401)
    call.client_id = row["client"]
    call.reach = tuple(ORGANIZATIONS) if row["organization"] is None else (row["organization"],)

    # Documents silent on the order: a request that ends as 403 counts, one without a client (401) can't.
    client = CLIENTS[row["client"]]
    limit = call.settings.requests_per_minute or client.requests_per_minute
    wait = call.limiter.admit(client.id, call.organization, limit)
    if wait is not None:
        text = f"API calls quota exceeded! maximum admitted {limit} per 1m."
        return PlainTextResponse(text, 429, {"Retry-After": str(wait)})

    if "organizationId" in call.route:
        if call.organization not in call.reach:
            raise DineroError(41, status=403)
        if not ORGANIZATIONS[call.organization].pro:
            raise DineroError(call.settings.no_pro_code, status=403)
    return None
