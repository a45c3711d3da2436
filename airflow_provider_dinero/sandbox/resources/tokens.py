"""The two token endpoints. In the real world they are two hosts; here they are the same server.

Documents silent on whether token calls count against the request limit: they don't.
"""

from __future__ import annotations

import secrets
from base64 import b64decode
from urllib.parse import parse_qsl, unquote_plus

from starlette.responses import Response

from airflow_provider_dinero.sandbox.answers import answer
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.known import API_KEYS, CLIENTS, REFRESH_TOKEN, Client
from airflow_provider_dinero.sandbox.store import Store


def _seed(store: Store) -> None:
    store.insert("refresh_tokens", {"token": REFRESH_TOKEN, "consent": "seed", "client": "isv_sandbox"})


resource = Resource(
    """
    CREATE TABLE IF NOT EXISTS access_tokens (token TEXT PRIMARY KEY, client TEXT, organization INTEGER, expires REAL);
    CREATE TABLE IF NOT EXISTS refresh_tokens (token TEXT PRIMARY KEY, consent TEXT, client TEXT, used REAL);
    """,
    _seed,
)


@resource.operation("POST", "/dineroapi/oauth/token", open=True)
def personal_token(call: Call) -> Response:
    """Log in with an API key; the token is bound to the organization of the key."""
    form, client = _client(call, "personal_integration")
    if client is None:
        return refused("invalid_client")
    if form.get("grant_type") != "password":
        return refused("unsupported_grant_type")
    organization = API_KEYS.get(form.get("username", ""))
    if organization is None or form["username"] != form.get("password"):
        return refused("invalid_grant")
    # A refresh token was part of this answer once; personal clients log in again instead.
    return answer(_access_token(call, client, organization))


@resource.operation("POST", "/connect/token", open=True)
def connect_token(call: Call) -> Response:
    """Exchange a refresh token at Visma Connect; the token reaches all organizations of the user."""
    form, client = _client(call, "visma_connect")
    if client is None:
        return refused("invalid_client")
    if form.get("grant_type") != "refresh_token":
        return refused("unsupported_grant_type")
    token = form.get("refresh_token", "")
    row = call.store.one("SELECT * FROM refresh_tokens WHERE token = ? AND client = ?", [token, client.id])
    if row is None:
        return refused("invalid_grant")
    if call.settings.refresh_tokens == "one-time":
        now = call.store.clock().timestamp()
        # Within the grace period a used token may be exchanged again; the period runs from its first use.
        if row["used"] is not None and now - row["used"] > call.settings.refresh_grace:
            # Replay: every refresh token of the consent dies. Access tokens can't be revoked, they run out.
            call.store.execute("DELETE FROM refresh_tokens WHERE consent = ?", [row["consent"]])
            return refused("invalid_grant")
        call.store.execute("UPDATE refresh_tokens SET used = coalesce(used, ?) WHERE token = ?", [now, token])
        token = secrets.token_hex(32).upper()
        values = {"token": token, "consent": row["consent"], "client": client.id}
        call.store.insert("refresh_tokens", values)
    scope = "dineropublicapi:read dineropublicapi:write offline_access"
    return answer({**_access_token(call, client, None), "refresh_token": token, "scope": scope})


def refused(error: str) -> Response:
    """An OAuth error: 400 for all of them, also for a wrong client (where the standard allows 401)."""
    return answer({"error": error}, 400)


def _client(call: Call, grant: str) -> tuple[dict[str, str], Client | None]:
    """The form, and the client if its secret is right: from the Basic header, or from the form at Visma Connect."""
    form = dict(parse_qsl(call.raw.decode("utf-8", "replace"), keep_blank_values=True))
    scheme, _, credentials = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            login, _, secret = b64decode(credentials, validate=True).decode().partition(":")
        except ValueError:
            return form, None
        # OAuth has both parts form-encoded before they are joined (RFC 6749, 2.3.1).
        login, secret = unquote_plus(login), unquote_plus(secret)
    elif grant == "visma_connect":
        login, secret = form.get("client_id", ""), form.get("client_secret", "")
    else:
        return form, None
    client = CLIENTS.get(login)
    if client is None or client.grant != grant or client.secret != secret:
        return form, None
    call.client_id = client.id
    return form, client


def _access_token(call: Call, client: Client, organization: int | None) -> dict[str, str | int]:
    token, lifetime = secrets.token_urlsafe(48), call.settings.token_lifetime
    expires = call.store.clock().timestamp() + lifetime
    values = {"token": token, "client": client.id, "organization": organization, "expires": expires}
    call.store.insert("access_tokens", values)
    return {"access_token": token, "token_type": "Bearer", "expires_in": lifetime}
