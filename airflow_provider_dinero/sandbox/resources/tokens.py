"""The two token endpoints. At Dinero they are on two hosts, here on one server.

Undocumented: token calls don't count against the request limit.
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import b64decode, urlsafe_b64encode
from urllib.parse import parse_qsl, unquote_plus

from starlette.responses import Response

from airflow_provider_dinero.sandbox import grants, signing
from airflow_provider_dinero.sandbox.answers import answer
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.seed_data import API_KEYS, CLIENTS, OFFLINE, READ, WRITE, Client

PERSONAL_SCOPES = {"read": READ, "write": WRITE}
NOT_STORED = {"Cache-Control": "no-store", "Pragma": "no-cache"}

resource = Resource(grants.TABLES + signing.TABLES, grants.seed)


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
    # Without a scope the token has both, as one client expects.
    asked = form.get("scope", "").split() or list(PERSONAL_SCOPES)
    if not set(asked) <= set(PERSONAL_SCOPES):
        return refused("invalid_scope")
    scope = " ".join(PERSONAL_SCOPES[name] for name in asked)
    # This response had a refresh token once; personal clients now log in again instead.
    token = secrets.token_urlsafe(48)
    return answer(grants.access_token(call, client.id, organization, scope, token), headers=NOT_STORED)


@resource.operation("POST", "/connect/token", open=True)
def connect_token(call: Call) -> Response:
    """Exchange a code or a refresh token at Visma Connect; the token reaches all organizations of the user."""
    form, client = _client(call, "visma_connect")
    if client is None:
        return refused("invalid_client")
    if form.get("grant_type") == "authorization_code":
        return _exchange_code(call, client, form)
    if form.get("grant_type") == "refresh_token":
        return _refresh(call, client, form.get("refresh_token", ""))
    return refused("unsupported_grant_type")


@resource.operation("POST", "/connect/revocation", open=True)
def revoke(call: Call) -> Response:
    """Revoke a refresh token, and with it the others of its grant. An unknown one is not an error (RFC 7009)."""
    if not call.headers.get("authorization", "").lower().startswith("basic "):
        return answer({"error": "invalid_client"}, 401, {"WWW-Authenticate": "Basic"})
    form, client = _client(call, "visma_connect")
    if client is None:
        return refused("invalid_client")
    if "token" not in form:
        return refused("invalid_request")
    sql = "SELECT g.id FROM refresh_tokens t JOIN grants g ON g.id = t.grant_id WHERE t.token = ? AND g.client = ?"
    if row := call.store.one(sql, [form["token"], client.id]):
        grants.revoke_grant(call.store, row["id"])
    return Response(status_code=200)


def refused(error: str) -> Response:
    """Return an OAuth error: always 400, even for an invalid client (where the standard allows 401)."""
    return answer({"error": error}, 400, NOT_STORED)


def _exchange_code(call: Call, client: Client, form: dict[str, str]) -> Response:
    sql = "SELECT * FROM codes c JOIN grants g ON g.id = c.grant_id WHERE code = ? AND client = ?"
    row = call.store.one(sql, [form.get("code", ""), client.id])
    if row is None:
        return refused("invalid_grant")
    if row["used"]:
        # A code that is used twice may have been stolen: everything issued for it is revoked (RFC 6749, 4.1.2).
        grants.revoke_grant(call.store, row["id"])
        return refused("invalid_grant")
    call.store.execute("UPDATE codes SET used = 1 WHERE code = ?", [row["code"]])
    expired = row["expires"] <= call.store.clock().timestamp()
    challenge = _challenge(form["code_verifier"]) if "code_verifier" in form else None
    if expired or form.get("redirect_uri") != row["redirect_uri"] or challenge != row["challenge"]:
        return refused("invalid_grant")
    lasting = OFFLINE in row["scope"].split()
    token = grants.new_refresh_token(call.store, row["id"]) if lasting else None
    return answer(grants.connect_tokens(call, row, token, row["nonce"]), headers=NOT_STORED)


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _refresh(call: Call, client: Client, token: str) -> Response:
    sql = "SELECT * FROM refresh_tokens t JOIN grants g ON g.id = t.grant_id WHERE t.token = ? AND g.client = ?"
    row = call.store.one(sql, [token, client.id])
    if row is None:
        return refused("invalid_grant")
    if call.settings.refresh_tokens == "one-time":
        now = call.store.clock().timestamp()
        # In the grace period a used token can be exchanged again; the period starts with its first use.
        if row["used"] is not None and now - row["used"] > call.settings.grace_seconds:
            grants.revoke_all(call.store, row)
            return refused("invalid_grant")
        call.store.execute("UPDATE refresh_tokens SET used = coalesce(used, ?) WHERE token = ?", [now, token])
        token = grants.new_refresh_token(call.store, row["id"])
    return answer(grants.connect_tokens(call, row, token), headers=NOT_STORED)


def form_of(call: Call) -> dict[str, str]:
    """Return the fields of a form."""
    return dict(parse_qsl(call.raw.decode("utf-8", "replace"), keep_blank_values=True))


def _client(call: Call, grant: str) -> tuple[dict[str, str], Client | None]:
    """Return the form, and the client if its secret is right: from the Basic header, or the form at Visma Connect."""
    form = form_of(call)
    scheme, _, credentials = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            login, _, secret = b64decode(credentials, validate=True).decode().partition(":")
        except ValueError:
            return form, None
        if call.settings.basic_credentials == "encoded":  # each before joining them (RFC 6749, 2.3.1)
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
