"""Visma Connect in a browser: discovery, sign-in, consent and sign-out."""

from __future__ import annotations

import secrets
import sqlite3
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.responses import RedirectResponse, Response

from airflow_provider_dinero.sandbox import authorizations, grants
from airflow_provider_dinero.sandbox.answers import answer
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.errors import ApiError
from airflow_provider_dinero.sandbox.pages import HEADERS, render
from airflow_provider_dinero.sandbox.resources.tokens import form_of
from airflow_provider_dinero.sandbox.seed_data import CLIENTS, SCOPES, USER
from airflow_provider_dinero.sandbox.signing import public_keys

COOKIE = "visma-connect"
SESSION_SECONDS = 10 * 3600
MEANINGS = {
    "openid": "Know who you are",
    "dineropublicapi:read": "Read everything in your organizations",
    "dineropublicapi:write": "Create, change and book in your organizations",
    "offline_access": "Continue to do so while you are away",
}

resource = Resource(
    authorizations.TABLES
    + "CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY, auth_time INTEGER, expires REAL);"
)


@resource.operation("GET", "/.well-known/openid-configuration", open=True)
def discovery(call: Call) -> Response:
    """Return the addresses and capabilities of Visma Connect."""
    base = call.base_url
    return answer({
        "issuer": base,
        "jwks_uri": f"{base}/.well-known/openid-configuration/jwks",
        "authorization_endpoint": f"{base}/connect/authorize",
        "token_endpoint": f"{base}/connect/token",
        "userinfo_endpoint": f"{base}/connect/userinfo",
        "end_session_endpoint": f"{base}/connect/endsession",
        "revocation_endpoint": f"{base}/connect/revocation",
        "scopes_supported": list(SCOPES),
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["form_post", "query"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "revocation_endpoint_auth_methods_supported": ["client_secret_basic"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
        "ui_locales_supported": ["en"],
    })


@resource.operation("GET", "/.well-known/openid-configuration/jwks", open=True)
@resource.operation("GET", "/.well-known/jwks.json", open=True)
def keys(call: Call) -> Response:
    """Return the keys that verify its signatures."""
    return answer(public_keys(call.store))


@resource.operation("GET", "/connect/authorize", open=True)
def authorize(call: Call) -> Response:
    """Start the flow: a client sends its user here."""
    query = dict(parse_qsl(urlsplit(call.url).query, keep_blank_values=True))
    client = CLIENTS.get(query.get("client_id", ""))
    # Errors about the client itself are shown to the user, since the redirect URI may be somebody else's.
    if client is None or client.grant != "visma_connect":
        return _trouble("This sandbox has no such application.", "client_id")
    call.client_id = client.id
    if query.get("redirect_uri") not in call.settings.redirect_uris:
        return _trouble(
            "This redirect URI is not registered for the application. To register it, start the sandbox with "
            "--redirect-uri and this URI.",
            "redirect_uri",
        )
    if error := authorizations.wrong(query, call.settings):
        return _to_client(query["redirect_uri"], query.get("response_mode"), {"error": error}, query.get("state"))
    pending = authorizations.begin(call.store, query)
    if _session(call):
        return _see(f"/connect/consent?request={pending}")
    return render("signin.html", request=pending, user=USER, email=USER.email, wrong=False)


@resource.operation("POST", "/connect/signin", open=True)
def sign_in(call: Call) -> Response:
    """Sign the user in."""
    form = form_of(call)
    pending = authorizations.pending(call.store, form.get("request", ""))
    if pending is None:
        return _trouble("This sign-in is over. Start again from the application.")
    if (form.get("email", "").lower(), form.get("password")) != (USER.email, USER.password):
        return render("signin.html", 400, request=pending["id"], user=USER, email=form.get("email", ""), wrong=True)
    now, session = call.store.clock().timestamp(), secrets.token_hex(16)
    call.store.insert("sessions", {"id": session, "auth_time": int(now), "expires": now + SESSION_SECONDS})
    response = _see(f"/connect/consent?request={pending['id']}")
    response.set_cookie(COOKIE, session, path="/connect", httponly=True, samesite="lax")
    return response


@resource.operation("GET", "/connect/consent", open=True)
def ask(call: Call) -> Response:
    """Ask the user whether to grant what the client requests."""
    pending, session = authorizations.pending(call.store, call.text("request")), _session(call)
    if pending is None or session is None:
        return _trouble("This sign-in is over. Start again from the application.")
    wanted = [(scope, MEANINGS[scope]) for scope in pending["scope"].split()]
    where = urlsplit(pending["redirect_uri"])
    return render(
        "consent.html", client=pending["client"], where=where.netloc, wanted=wanted, user=USER, request=pending["id"]
    )


@resource.operation("POST", "/connect/consent", open=True)
def decide(call: Call) -> Response:
    """Record the user's decision, and return to the client."""
    form = form_of(call)
    pending, session = authorizations.pending(call.store, form.get("request", "")), _session(call)
    if pending is None or session is None:
        return _trouble("This sign-in is over. Start again from the application.")
    authorizations.end(call.store, pending["id"])
    call.client_id = pending["client"]
    where, mode, state = pending["redirect_uri"], pending["response_mode"], pending["state"]
    if form.get("decision") != "allow":
        return _to_client(where, mode, {"error": "access_denied"}, state)
    grant = grants.consent(call.store, pending["client"], pending["scope"], session["id"], session["auth_time"])
    code = grants.new_code(call.store, grant, where, pending["nonce"], pending["challenge"])
    return _to_client(where, mode, {"code": code, "scope": pending["scope"]}, state)


@resource.operation("GET", "/connect/userinfo", open=True)
def user_info(call: Call) -> Response:
    """Return the user's profile; needs openid."""
    token = call.headers.get("authorization", "").partition(" ")[2]
    sql = "SELECT scope, user FROM access_tokens WHERE token = ? AND expires > ?"
    row = call.store.one(sql, [token, call.store.clock().timestamp()])
    if row is None or "openid" not in row["scope"].split():
        raise ApiError(41, status=401 if row is None else 403)
    return answer({"sub": row["user"]})


@resource.operation("GET", "/connect/endsession", open=True)
def sign_out(call: Call) -> Response:
    """Sign the browser out; consents stay."""
    if session := _session(call):
        call.store.execute("DELETE FROM sessions WHERE id = ?", [session["id"]])
    response = render("message.html", title="Signed out", text="You are signed out of Visma Connect.", detail=None)
    response.delete_cookie(COOKIE, path="/connect")
    return response


def _session(call: Call) -> sqlite3.Row | None:
    try:
        cookie = SimpleCookie(call.headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    sql = "SELECT * FROM sessions WHERE id = ? AND expires > ?"
    return call.store.one(sql, [cookie.value, call.store.clock().timestamp()]) if cookie else None


def _to_client(uri: str, mode: str | None, values: dict[str, str], state: str | None) -> Response:
    """Send the response to the client by the user's browser, with the state unchanged."""
    values = {**values, **({"state": state} if state is not None else {})}
    if mode == "form_post":
        return render("form_post.html", uri=uri, values=values)
    return RedirectResponse(f"{uri}{'&' if '?' in uri else '?'}{urlencode(values)}", 303, HEADERS)


def _see(path: str) -> Response:
    return RedirectResponse(path, 303, HEADERS)


def _trouble(text: str, detail: str | None = None) -> Response:
    return render("message.html", 400, title="That did not work", text=text, detail=detail)
