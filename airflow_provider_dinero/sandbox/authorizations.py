"""Authorization requests, from the client's link to the user's decision."""

from __future__ import annotations

import re
import secrets
import sqlite3
from collections.abc import Mapping

from airflow_provider_dinero.sandbox.seed_data import SCOPES
from airflow_provider_dinero.sandbox.settings import Settings
from airflow_provider_dinero.sandbox.store import Store

TABLES = """
    CREATE TABLE IF NOT EXISTS authorizations (
        id TEXT PRIMARY KEY, client TEXT, redirect_uri TEXT, scope TEXT, state TEXT, nonce TEXT, challenge TEXT,
        response_mode TEXT, expires REAL
    );
    """
PENDING_SECONDS = 3600


def wrong(query: Mapping[str, str], settings: Settings) -> str | None:
    """Return the OAuth error of a request, or None. The client and redirect URI have already been checked."""
    if query.get("response_type") != "code":
        return "unsupported_response_type"
    scopes = query.get("scope", "").split()
    if not scopes or not set(scopes) <= set(SCOPES):
        return "invalid_scope"
    challenge = query.get("code_challenge")
    if query.get("response_mode", "query") not in ("query", "form_post"):
        return "invalid_request"
    if challenge is None:
        return "invalid_request" if settings.require_pkce or "code_challenge_method" in query else None
    s256 = query.get("code_challenge_method") == "S256" and re.fullmatch(r"[A-Za-z0-9_-]{43}", challenge)
    return None if s256 else "invalid_request"


def begin(store: Store, query: Mapping[str, str]) -> str:
    """Store a request until the user has decided.

    :return: its id
    """
    request = secrets.token_urlsafe(24)
    values = {
        "client": query["client_id"],
        "redirect_uri": query["redirect_uri"],
        "scope": " ".join(dict.fromkeys(query["scope"].split())),
        "state": query.get("state"),
        "nonce": query.get("nonce"),
        "challenge": query.get("code_challenge"),
        "response_mode": query.get("response_mode"),
        "expires": store.clock().timestamp() + PENDING_SECONDS,
    }
    store.insert("authorizations", {"id": request, **values})
    return request


def pending(store: Store, request: str) -> sqlite3.Row | None:
    """Return the request with this id if it still awaits a decision."""
    sql = "SELECT * FROM authorizations WHERE id = ? AND expires > ?"
    return store.one(sql, [request, store.clock().timestamp()])


def end(store: Store, request: str) -> None:
    """Remove a request after the user's decision."""
    store.execute("DELETE FROM authorizations WHERE id = ?", [request])
