from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import KeySet

from airflow_provider_dinero.sandbox.server import Sandbox, running

from .conftest import START, Caller, Clock, refresh

CALLBACK = "http://localhost:8766/callback"
CLIENT = ("isv_sandbox", "sandbox-secret")
READ, WRITE = "dineropublicapi:read", "dineropublicapi:write"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


class Browser(requests.Session):
    """A person at the pages of Visma Connect; never follows the way back to the client."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self.sandbox = sandbox

    def open(self, **changes: str | None) -> requests.Response:
        query = {
            "client_id": CLIENT[0],
            "response_type": "code",
            "scope": f"{READ} {WRITE} offline_access",
            "redirect_uri": CALLBACK,
            "state": "s t&ate",
            **changes,
        }
        return self.visit("GET", "/connect/authorize", params=query)

    def visit(self, method: str, path: str, **options: object) -> requests.Response:
        url = self.sandbox.url + path
        response = self.request(method, url, timeout=10, allow_redirects=False, **options)  # type: ignore[arg-type]
        where = response.headers.get("Location", "")
        return self.visit("GET", where) if where.startswith("/") else response

    def submit(self, page: requests.Response, **fields: str) -> requests.Response:
        action = re.search(r'action="([^"]+)"', page.text)
        assert action, page.text
        hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
        return self.visit("POST", action[1], data={**hidden, **fields})

    def sign_in(self, page: requests.Response) -> requests.Response:
        return self.submit(page, email="ida@norrebro-cykler.example", password="sandbox-password")

    def code(self, **changes: str | None) -> str:
        """All the way to a code."""
        page = self.open(**changes)
        if "Sign in" in page.text:
            page = self.sign_in(page)
        return answer(self.submit(page, decision="allow"))["code"]


@pytest.fixture
def browser(sandbox: Sandbox) -> Iterator[Browser]:
    with Browser(sandbox) as browser:
        yield browser


def answer(response: requests.Response) -> dict[str, str]:
    """What the client gets, by the redirect."""
    assert response.status_code == 303, response.text
    where, _, query = response.headers["Location"].partition("?")
    assert where == CALLBACK
    return {name: values[0] for name, values in parse_qs(query).items()}


def exchange(sandbox: Sandbox, code: str, **changes: str) -> requests.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, **changes}
    return requests.post(f"{sandbox.url}/connect/token", auth=CLIENT, data=form, timeout=10)


def revoke(sandbox: Sandbox, token: str, auth: tuple[str, str] | None = CLIENT) -> int:
    url = f"{sandbox.url}/connect/revocation"
    return requests.post(url, auth=auth, data={"token": token}, timeout=10).status_code


def claims(sandbox: Sandbox, token: str) -> dict[str, object]:
    """What a token says, its signature checked with the published key; with its header's typ."""
    found = requests.get(f"{sandbox.url}/.well-known/openid-configuration", timeout=10).json()
    keys = KeySet.import_key_set(requests.get(found["jwks_uri"], timeout=10).json())
    read = jwt.decode(token, keys, algorithms=["RS256"])
    return {**read.claims, "typ": read.header["typ"]}


def test_code_is_exchanged_for_tokens_that_work(browser: Browser, sandbox: Sandbox) -> None:
    page = browser.open()
    assert "ida@norrebro-cykler.example" in page.text
    page = browser.sign_in(page)
    assert "localhost:8766" in page.text
    assert re.findall(r"<code>([^<]+)</code>", page.text) == [READ, WRITE, "offline_access"]
    given = answer(browser.submit(page, decision="allow"))
    assert given["state"] == "s t&ate"
    tokens = exchange(sandbox, given["code"]).json()
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 3600)
    assert tokens["scope"] == f"{READ} {WRITE} offline_access"
    assert re.fullmatch(r"[0-9A-F]{64}", tokens["refresh_token"])
    assert "id_token" not in tokens
    for token in (tokens, refresh(sandbox, tokens["refresh_token"]).json()):
        with Caller(sandbox, token["access_token"]).session as session:
            organizations = session.get(f"{sandbox.url}/v1/organizations", timeout=10).json()
        assert [organization["id"] for organization in organizations] == [100001, 100002]


def test_access_token_is_a_signed_jwt_with_the_claims_that_were_seen(sandbox: Sandbox) -> None:
    read = claims(sandbox, refresh(sandbox).json()["access_token"])
    now = int(START.timestamp())
    assert read["typ"] == "at+jwt"
    assert (read["iss"], read["aud"], read["client_id"]) == (sandbox.url, "https://api.dinero.dk", "isv_sandbox")
    assert (read["iat"], read["nbf"], read["exp"]) == (now, now, now + 3600)
    assert read["scope"] == [READ, WRITE, "offline_access"]
    assert read.keys() >= {"sub", "sid", "auth_time", "idp", "amr", "acr", "llt", "created_at"}


def test_form_post_brings_the_code_in_a_form(browser: Browser, sandbox: Sandbox) -> None:
    page = browser.sign_in(browser.open(response_mode="form_post", state='"><script>'))
    page = browser.submit(page, decision="allow")
    assert page.status_code == 200
    assert f'action="{CALLBACK}"' in page.text
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', page.text))
    assert unescape(fields["state"]) == '"><script>'
    assert exchange(sandbox, fields["code"]).status_code == 200
    script = re.search(r"<script>(.*)</script>", page.text)
    assert script
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_no_page_may_be_framed(browser: Browser, mode: str) -> None:
    pages = [browser.open(response_mode=mode), browser.open(client_id="isv_nobody")]
    pages.append(browser.sign_in(pages[0]))
    pages.append(browser.submit(pages[-1], decision="allow"))
    for page in pages:
        assert page.headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


def test_denied_is_told_to_the_client(browser: Browser) -> None:
    page = browser.sign_in(browser.open())
    assert answer(browser.submit(page, decision="deny")) == {"error": "access_denied", "state": "s t&ate"}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": f"{READ} dineropublicapi:admin"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge": VERIFIER, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": CHALLENGE}, "invalid_request"),
    ],
)
def test_wrong_request_is_told_to_the_client(browser: Browser, change: dict[str, str | None], error: str) -> None:
    assert answer(browser.open(**change)) == {"error": error, "state": "s t&ate"}


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "isv_nobody"},
        {"client_id": "personal-sandbox"},
        {"redirect_uri": CALLBACK + "/"},
        {"redirect_uri": CALLBACK + "?a=1"},
        {"redirect_uri": "http://LOCALHOST:8766/callback"},
        {"redirect_uri": None},
    ],
)
def test_unknown_client_or_redirect_uri_is_told_to_the_person(browser: Browser, change: dict[str, str | None]) -> None:
    response = browser.open(**change)
    assert (response.status_code, response.headers.get("Location")) == (400, None)


def test_registered_redirect_uris_are_a_switch() -> None:
    with running(redirect_uris=["https://dag.example/back?a=1"]) as sandbox, Browser(sandbox) as browser:
        page = browser.sign_in(browser.open(redirect_uri="https://dag.example/back?a=1"))
        where = browser.submit(page, decision="allow").headers["Location"]
        assert where.startswith("https://dag.example/back?a=1&code=")
        assert browser.open().status_code == 400


def test_wrong_password_asks_again(browser: Browser) -> None:
    page = browser.submit(browser.open(), email="ida@norrebro-cykler.example", password="wrong")
    assert page.status_code == 400
    assert "is wrong" in page.text
    assert "Let isv_sandbox in?" in browser.sign_in(page).text


def test_session_lasts_ten_hours_or_until_sign_out(browser: Browser, clock: Clock) -> None:
    browser.code()
    assert "Let isv_sandbox in?" in browser.open().text
    clock.forward(hours=10)
    assert "Sign in" in browser.open().text
    browser.code()
    assert "signed out" in browser.visit("GET", "/connect/endsession").text
    assert "Sign in" in browser.open().text


def test_nobody_decides_without_a_session_or_twice(browser: Browser, sandbox: Sandbox) -> None:
    page = browser.sign_in(browser.open())
    with Browser(sandbox) as stranger:
        assert stranger.submit(page, decision="allow").status_code == 400
    assert answer(browser.submit(page, decision="allow"))["code"]
    assert browser.submit(page, decision="allow").status_code == 400


def test_code_works_once_and_its_replay_revokes_what_came_of_it(browser: Browser, sandbox: Sandbox) -> None:
    code = browser.code()
    token = exchange(sandbox, code).json()["refresh_token"]
    assert exchange(sandbox, code).json() == {"error": "invalid_grant"}
    assert refresh(sandbox, token).json() == {"error": "invalid_grant"}


def test_code_expires_and_is_bound_to_its_redirect_uri(browser: Browser, sandbox: Sandbox, clock: Clock) -> None:
    assert exchange(sandbox, browser.code(), redirect_uri="http://localhost/").json() == {"error": "invalid_grant"}
    code = browser.code()
    clock.forward(minutes=5)
    assert exchange(sandbox, code).json() == {"error": "invalid_grant"}


def test_pkce(browser: Browser, sandbox: Sandbox) -> None:
    pkce = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    assert exchange(sandbox, browser.code(**pkce), code_verifier=VERIFIER).status_code == 200
    assert exchange(sandbox, browser.code(**pkce)).json() == {"error": "invalid_grant"}
    assert exchange(sandbox, browser.code(**pkce), code_verifier="w" * 64).json() == {"error": "invalid_grant"}
    assert exchange(sandbox, browser.code(), code_verifier=VERIFIER).json() == {"error": "invalid_grant"}


def test_pkce_can_be_demanded() -> None:
    with running(require_pkce=True) as sandbox, Browser(sandbox) as browser:
        assert answer(browser.open())["error"] == "invalid_request"
        code = browser.code(code_challenge=CHALLENGE, code_challenge_method="S256")
        assert exchange(sandbox, code, code_verifier=VERIFIER).status_code == 200


def test_nonce_is_in_the_id_token_and_userinfo_needs_openid(browser: Browser, sandbox: Sandbox) -> None:
    tokens = exchange(sandbox, browser.code(scope=f"openid {READ}", nonce="n-1")).json()
    read = claims(sandbox, tokens["id_token"])
    assert (read["nonce"], read["aud"], read["iss"]) == ("n-1", "isv_sandbox", sandbox.url)

    def user_info(token: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get(f"{sandbox.url}/connect/userinfo", headers=headers, timeout=10)

    assert user_info(tokens["access_token"]).json() == {"sub": read["sub"]}
    assert user_info(refresh(sandbox).json()["access_token"]).status_code == 403
    assert user_info("wrong").status_code == 401


def test_without_offline_access_there_is_no_refresh_token(browser: Browser, sandbox: Sandbox) -> None:
    tokens = exchange(sandbox, browser.code(scope=READ)).json()
    assert "refresh_token" not in tokens
    assert tokens["scope"] == READ


@pytest.mark.parametrize(("scope", "reading", "writing"), [(READ, 200, 403), (WRITE, 403, 200), ("openid", 403, 403)])
def test_scope_is_enforced(browser: Browser, sandbox: Sandbox, scope: str, reading: int, writing: int) -> None:
    caller = Caller(sandbox, exchange(sandbox, browser.code(scope=scope)).json()["access_token"])
    with caller.session:
        for method, status in (("GET", reading), ("POST", writing)):
            body = {"Name": "Bo", "CountryKey": "DK"} if method == "POST" else None
            response = caller.raw(method, "/contacts", json=body)
            assert response.status_code == status
            assert status == 200 or response.json()["code"] == 41


def test_scope_of_a_personal_token(sandbox: Sandbox) -> None:
    form = {"grant_type": "password", "username": "sandbox-api-key", "password": "sandbox-api-key"}
    url, auth = f"{sandbox.url}/dineroapi/oauth/token", ("personal-sandbox", "sandbox-secret")
    token = requests.post(url, auth=auth, data={**form, "scope": "read"}, timeout=10).json()["access_token"]
    caller = Caller(sandbox, token)
    with caller.session:
        caller("GET", "/contacts")
        assert caller.code("POST", "/contacts", 403, json={}) == 41
    refused = requests.post(url, auth=auth, data={**form, "scope": "read admin"}, timeout=10)
    assert (refused.status_code, refused.json()) == (400, {"error": "invalid_scope"})


def test_replay_revokes_every_grant_of_the_client_and_user() -> None:
    with running(refresh_tokens="one-time") as sandbox, Browser(sandbox) as browser:
        other = exchange(sandbox, browser.code()).json()["refresh_token"]
        refresh(sandbox)
        assert refresh(sandbox).status_code == 400
        assert refresh(sandbox, other).json() == {"error": "invalid_grant"}


def test_revocation_ends_the_grant_and_leaves_others(browser: Browser, sandbox: Sandbox) -> None:
    tokens = exchange(sandbox, browser.code()).json()
    assert revoke(sandbox, tokens["refresh_token"], None) == 401
    assert revoke(sandbox, tokens["refresh_token"], ("isv_sandbox", "wrong")) == 400
    assert revoke(sandbox, "unknown") == 200
    assert refresh(sandbox, tokens["refresh_token"]).status_code == 200
    assert revoke(sandbox, tokens["refresh_token"]) == 200
    assert refresh(sandbox, tokens["refresh_token"]).status_code == 400
    assert refresh(sandbox).status_code == 200
    with Caller(sandbox, tokens["access_token"]).session as session:
        assert session.get(f"{sandbox.url}/v1/organizations", timeout=10).status_code == 200


def test_discovery_names_what_answers(sandbox: Sandbox) -> None:
    found = requests.get(f"{sandbox.url}/.well-known/openid-configuration", timeout=10).json()
    assert found["issuer"] == sandbox.url
    for name, url in found.items():
        if name.endswith(("_endpoint", "_uri")):
            assert urlsplit(url).netloc == urlsplit(sandbox.url).netloc
            method = "POST" if name in ("token_endpoint", "revocation_endpoint") else "GET"
            assert requests.request(method, url, timeout=10).status_code not in (404, 405), name
