"""The Dinero page of Airflow's API server: the state of connections, and the round trip to a person's consent.

GET  /              the connections
POST /connect       to Visma Connect, in the same tab
POST /callback      the browser brings the response, from another site, so without any cookie: it is put into one
GET  /callback      the same browser, with its cookies: the code is exchanged
GET  /organization  choose the organization, if the person can use several and the connection has none
POST /organization  set it
POST /disconnect    end the consent
"""

import hashlib
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from airflow.configuration import conf
from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from airflow_provider_dinero.api.auth.consent import Consent
from airflow_provider_dinero.api.errors import DineroError
from airflow_provider_dinero.consent import flow, states
from airflow_provider_dinero.ui.access import (
    AnyForm,
    Editor,
    FilledIn,
    check,
    editable,
    form_seal,
    name_of,
    readable,
    record,
)
from airflow_provider_dinero.ui.encryption import seal, unseal
from airflow_provider_dinero.ui.overview import Overview
from airflow_provider_dinero.ui.pages import HEADERS, render, style

# How long a person may take at Visma Connect, and a browser for the redirect from POST to GET.
CONSENT_SECONDS = 15 * 60
ANSWER_SECONDS = 2 * 60
# A browser stores 4096 bytes per cookie.
COOKIE_BYTES = 4000
# Encrypted, a text of this size still fits into a cookie.
TOLD_BYTES = 2500
# The useful fields of a response; the others are not kept.
ANSWER = ("code", "state", "iss", "error", "error_description")

app = FastAPI(title="Dinero", openapi_url=None)


def address(request: Request) -> str:
    """Return the public address of the page, without a final slash: from `[api] base_url`, else from the request."""
    base = conf.get("api", "base_url", fallback="") or str(request.base_url).removesuffix("/dinero/")
    return f"{base.rstrip('/')}/dinero"


def redirect_uri(request: Request) -> str:
    """Return the redirect URI to register at Visma."""
    return f"{address(request)}/callback"


@app.get("/style.css")
def style_sheet() -> Response:
    return Response(style(), media_type="text/css", headers={"X-Content-Type-Options": "nosniff"})


@app.get("/")
def connections(request: Request, user: Editor) -> Response:
    """Show the connections that the user may edit, what DAGs do with them, and the message of the previous step."""
    found = states.states(editable(user))
    found.sort(key=lambda each: not each.who)  # those that need action come first
    told = unseal("told", request.cookies.get("dinero_told", ""), ANSWER_SECONDS)
    overview = Overview(readable(user))
    page = render(
        "connections.html",
        connections=found,
        allowances=overview.allowances(each.conn_id for each in found),
        marks=overview.marks(),
        mirrors=overview.mirrors(),
        redirect_uri=redirect_uri(request),
        seal=form_seal(user),
        told=told,
    )
    _keep(page, request, "dinero_told", "", 0)
    return page


@app.post("/connect")
def connect(request: Request, user: Editor, form: FilledIn) -> Response:
    """Send the browser to Visma Connect, with what it needs to return."""
    conn_id = form.get("conn_id", "")
    check(user, conn_id)
    consent = flow.begin(conn_id, redirect_uri(request), "form_post")
    url = quote(consent.url, safe="%/:=&?#+[]@~")
    kept = {"conn_id": conn_id, "user": name_of(user), **consent.as_dict(), "url": ""}
    # Not a redirect: Chromium applies form-action to each address on the way, and only Visma knows where that leads.
    response = render("leaving.html", url=url, host=urlsplit(url).netloc)
    response.headers["Refresh"] = f"0; url={url}"
    # One cookie per consent, so that several tabs don't disturb each other.
    _keep(response, request, _cookie(consent.state), seal("consent", kept), CONSENT_SECONDS)
    return response


@app.post("/callback")
def arrive(request: Request, form: AnyForm) -> Response:
    """Receive the response, and redirect the browser to the same address, now from this site, with its cookies.

    The request comes from another site, so it lacks Airflow's cookies (SameSite=Lax), and the user is unknown. This
    only gives the same browser back what it brought, encrypted. The code is in a body, so no log contains it.
    """
    sealed = seal("answer", {name: form[name] for name in ANSWER if name in form})
    if len(sealed) > COOKIE_BYTES:
        raise HTTPException(413, "This response is too long.")
    response = RedirectResponse("callback", 303, HEADERS)
    _keep(response, request, "dinero_answer", sealed, ANSWER_SECONDS)
    return response


@app.get("/callback")
def finish(request: Request, user: Editor) -> Response:
    """Exchange the code, if this browser and this user requested it: once, however often the page is reloaded."""
    answer = unseal("answer", request.cookies.get("dinero_answer", ""), ANSWER_SECONDS) or {}
    cookie = _cookie(answer.get("state", ""))
    kept = unseal("consent", request.cookies.get(cookie, ""), CONSENT_SECONDS)
    response: Response
    if kept is None or kept["user"] != name_of(user):
        response = render(
            "message.html",
            400,
            title="This sign-in was not started here",
            text="It was started in another browser, by another user, at another address of Airflow, or too long "
            f"ago; or this is its second response. Nothing was changed. Open {address(request)}/ and press Connect.",
        )
    else:
        check(user, kept["conn_id"])
        response = _finish(request, user, kept["conn_id"], Consent.from_dict(kept), answer)
        _keep(response, request, cookie, "", 0)
    _keep(response, request, "dinero_answer", "", 0)
    return response


def _finish(request: Request, user: Editor, conn_id: str, consent: Consent, answer: dict[str, str]) -> Response:
    try:
        found = flow.finish(conn_id, consent, answer)
    except DineroError as error:
        return _back(request, "bad", str(error))
    record(user, "dinero_connect", conn_id)
    if len(found) > 1 and not states.state_of(conn_id).organization:
        return RedirectResponse(f"organization?{urlencode({'conn_id': conn_id})}", 303, HEADERS)
    names = ", ".join(f"{each['Name']} ({each['Id']})" for each in found)
    reached = names if len(found) < 4 else f"{len(found)} organizations"
    return _back(request, "good", f"{conn_id} is connected. It reaches {reached}.")


@app.get("/organization")
def organizations(user: Editor, conn_id: str = "") -> Response:
    """Let the person choose one of the organizations that the connection reaches."""
    check(user, conn_id)
    return render("organization.html", conn_id=conn_id, organizations=flow.organizations(conn_id), seal=form_seal(user))


@app.post("/organization")
def choose(request: Request, user: Editor, form: FilledIn) -> Response:
    """Store the organization in the connection."""
    conn_id = form.get("conn_id", "")
    check(user, conn_id)
    number = form.get("organization", "")
    flow.choose(conn_id, number, flow.organizations(conn_id))
    record(user, "dinero_choose_organization", conn_id)
    return _back(request, "good", f"{conn_id} now uses organization {number}.")


@app.post("/disconnect")
def disconnect(request: Request, user: Editor, form: FilledIn) -> Response:
    """Revoke the consent at Visma Connect, and delete its tokens."""
    conn_id = form.get("conn_id", "")
    check(user, conn_id)
    names = sorted({conn_id, *flow.disconnect(conn_id, editable(user))})
    for name in names:
        record(user, "dinero_disconnect", name)
    return _back(request, "good", f"The consent at Visma Connect is revoked. Disconnected: {', '.join(names)}.")


@app.exception_handler(DineroError)
def went_wrong(request: Request, error: Exception) -> Response:
    """Show an error above the list."""
    return _back(request, "bad", str(error))


@app.exception_handler(HTTPException)
def refused(request: Request, error: Exception) -> Response:
    """Show an error as a page; send a user who is not logged in to the login, if they can return."""
    assert isinstance(error, HTTPException)
    if error.status_code == 401 and request.method == "GET":
        wanted = address(request) + request.scope["path"].removeprefix(request.scope["root_path"])
        return RedirectResponse(f"../api/v2/auth/login?{urlencode({'next': wanted})}", 303, HEADERS)
    titles = {401: "You are not logged in", 403: "You are not allowed to do this", 404: "Not found"}
    title = titles.get(error.status_code, "This did not work")
    return render("message.html", error.status_code, title=title, text=error.detail)


def _back(request: Request, kind: str, text: str) -> Response:
    """Return to the list, which shows a message once. It is in a cookie, so that no link can forge a message."""
    response = RedirectResponse("./", 303, HEADERS)
    _keep(
        response,
        request,
        "dinero_told",
        seal("told", {"kind": kind, "text": text.encode()[:TOLD_BYTES].decode(errors="ignore")}),
        ANSWER_SECONDS,
    )
    return response


def _cookie(state: str) -> str:
    """Return the name of the cookie of one consent."""
    return f"dinero_consent_{hashlib.sha256(state.encode()).hexdigest()[:16]}"


def _keep(response: Response, request: Request, name: str, value: str, seconds: int) -> None:
    """Store something in the browser for this page only."""
    options: dict[str, Any] = {"path": f"{request.scope['root_path']}/", "httponly": True, "samesite": "lax"}
    response.set_cookie(name, value, seconds, secure=address(request).startswith("https:"), **options)
