from __future__ import annotations

import base64
import hashlib
import re
from html import unescape
from urllib.parse import urlsplit

import pytest
import requests

from airflow_provider_dinero.sandbox.server import Sandbox, running

from .browser import CALLBACK, CHALLENGE, READ, VERIFIER, WRITE, Browser, answer, exchange
from .conftest import Caller, Clock, refresh


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
    assert ("--redirect-uri" in response.text) == ("redirect_uri" in change)


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
    assert "Allow access for isv_sandbox?" in browser.sign_in(page).text


def test_session_lasts_ten_hours_or_until_sign_out(browser: Browser, clock: Clock) -> None:
    browser.code()
    assert "Allow access for isv_sandbox?" in browser.open().text
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


def test_discovery_names_what_answers(sandbox: Sandbox) -> None:
    found = requests.get(f"{sandbox.url}/.well-known/openid-configuration", timeout=10).json()
    assert found["issuer"] == sandbox.url
    for name, url in found.items():
        if name.endswith(("_endpoint", "_uri")):
            assert urlsplit(url).netloc == urlsplit(sandbox.url).netloc
            method = "POST" if name in ("token_endpoint", "revocation_endpoint") else "GET"
            assert requests.request(method, url, timeout=10).status_code not in (404, 405), name
