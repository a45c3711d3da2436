"""Grants: what users have consented to at Visma Connect, and the resulting tokens."""

from __future__ import annotations

import secrets
import sqlite3
from typing import Any

from airflow_provider_dinero.sandbox.answers import JsonObject
from airflow_provider_dinero.sandbox.calls import Call
from airflow_provider_dinero.sandbox.seed_data import OFFLINE, READ, REFRESH_TOKEN, USER, WRITE
from airflow_provider_dinero.sandbox.signing import signed
from airflow_provider_dinero.sandbox.store import Store

TABLES = """
    CREATE TABLE IF NOT EXISTS access_tokens (
        token TEXT PRIMARY KEY, client TEXT, organization INTEGER, scope TEXT, user TEXT, expires REAL
    );
    CREATE TABLE IF NOT EXISTS grants (
        id TEXT PRIMARY KEY, client TEXT, user TEXT, scope TEXT, session TEXT, auth_time INTEGER
    );
    CREATE TABLE IF NOT EXISTS refresh_tokens (token TEXT PRIMARY KEY, grant_id TEXT, used REAL);
    CREATE TABLE IF NOT EXISTS codes (
        code TEXT PRIMARY KEY, grant_id TEXT, redirect_uri TEXT, nonce TEXT, challenge TEXT, expires REAL, used INTEGER
    );
    """
CODE_SECONDS = 300


def seed(store: Store) -> None:
    """Add the initial grant, whose refresh token is public."""
    now = int(store.clock().timestamp())
    grant = consent(store, "isv_sandbox", f"{READ} {WRITE} {OFFLINE}", session="seed", auth_time=now)
    store.insert("refresh_tokens", {"token": REFRESH_TOKEN, "grant_id": grant})


def consent(store: Store, client: str, scope: str, session: str, auth_time: int) -> str:
    """Record a user's consent to a client.

    :return: id of the grant
    """
    grant = secrets.token_hex(16)
    values = {"client": client, "user": USER.id, "scope": scope, "session": session, "auth_time": auth_time}
    store.insert("grants", {"id": grant, **values})
    return grant


def new_code(store: Store, grant: str, redirect_uri: str, nonce: str | None, challenge: str | None) -> str:
    """Create a code that the client exchanges for tokens, once and soon."""
    code = secrets.token_hex(32).upper()
    values = {"grant_id": grant, "redirect_uri": redirect_uri, "nonce": nonce, "challenge": challenge}
    expires = store.clock().timestamp() + CODE_SECONDS
    store.insert("codes", {"code": code, **values, "expires": expires, "used": 0})
    return code


def new_refresh_token(store: Store, grant: str) -> str:
    """Create a refresh token in the form that Visma Connect uses: 64 upper-case hex digits."""
    token = secrets.token_hex(32).upper()
    store.insert("refresh_tokens", {"token": token, "grant_id": grant})
    return token


def revoke_grant(store: Store, grant: str) -> None:
    """End a grant and its refresh tokens. Access tokens can't be revoked; they expire."""
    store.execute("DELETE FROM refresh_tokens WHERE grant_id = ?", [grant])


def revoke_all(store: Store, grant: sqlite3.Row) -> None:
    """End every grant of the same client and user, and its unused codes, as the replay of a token does."""
    same = "SELECT id FROM grants WHERE client = ? AND user = ?"
    for table in ("refresh_tokens", "codes"):
        store.execute(f"DELETE FROM {table} WHERE grant_id IN ({same})", [grant["client"], grant["user"]])


def access_token(call: Call, client: str, organization: int | None, scope: str, token: str) -> JsonObject:
    """Record a new access token, and return what both token endpoints say about it."""
    lifetime = call.settings.token_lifetime
    values = {"client": client, "organization": organization, "scope": scope, "user": USER.id}
    call.store.insert("access_tokens", {"token": token, **values, "expires": call.store.clock().timestamp() + lifetime})
    return {"access_token": token, "token_type": "Bearer", "expires_in": lifetime}


def connect_tokens(call: Call, grant: sqlite3.Row, refresh_token: str | None, nonce: str | None = None) -> JsonObject:
    """Return the response of Visma Connect's token endpoint.

    :param call: the request
    :param grant: the user's consent
    :param refresh_token: the refresh token, None without offline_access
    :param nonce: nonce of the authorization request, for the id_token
    """
    scope = grant["scope"]
    answer = access_token(call, grant["client"], None, scope, _jwt(call, grant))
    if refresh_token:
        answer["refresh_token"] = refresh_token
    if "openid" in scope.split():
        answer["id_token"] = _id_token(call, grant, nonce)
    return {**answer, "scope": scope}


def _jwt(call: Call, grant: sqlite3.Row) -> str:
    # The claims of recorded tokens. The values of idp, acr and llt are undocumented; jti makes tokens unique.
    claims = {
        **_claims(call, grant),
        "aud": "https://api.dinero.dk",
        "scope": grant["scope"].split(),
        "client_id": grant["client"],
        "llt": grant["auth_time"],
        "created_at": int(call.store.clock().timestamp()),
        "jti": secrets.token_hex(16).upper(),
    }
    return signed(call.store, claims, "at+jwt")


def _id_token(call: Call, grant: sqlite3.Row, nonce: str | None) -> str:
    claims = {**_claims(call, grant), "aud": grant["client"], **({"nonce": nonce} if nonce else {})}
    return signed(call.store, claims, "JWT")


def _claims(call: Call, grant: sqlite3.Row) -> dict[str, Any]:
    now = int(call.store.clock().timestamp())
    return {
        # Discovery requires it to be the address it was read from; at the real one it is https://connect.visma.com.
        "iss": call.base_url,
        "nbf": now,
        "iat": now,
        "exp": now + call.settings.token_lifetime,
        "sub": grant["user"],
        "sid": grant["session"],
        "auth_time": grant["auth_time"],
        "idp": "Visma Connect",
        "amr": ["pwd"],
        "acr": "4",
    }
