from __future__ import annotations

from typing import Any
from urllib.parse import quote_plus

import pytest
import requests

from airflow_provider_dinero.sandbox.seed_data import SPECIAL_SECRET
from airflow_provider_dinero.sandbox.server import Sandbox, running

from .browser import CHALLENGE, READ, VERIFIER, WRITE, Browser, answer, claims, exchange, revoke
from .conftest import START, Caller, Clock, refresh


def test_access_token_is_a_signed_jwt_with_the_claims_that_were_seen(sandbox: Sandbox) -> None:
    read = claims(sandbox, refresh(sandbox).json()["access_token"])
    now = int(START.timestamp())
    assert read["typ"] == "at+jwt"
    assert (read["iss"], read["aud"], read["client_id"]) == (sandbox.url, "https://api.dinero.dk", "isv_sandbox")
    assert (read["iat"], read["nbf"], read["exp"]) == (now, now, now + 3600)
    assert read["scope"] == [READ, WRITE, "offline_access"]
    assert read.keys() >= {"sub", "sid", "auth_time", "idp", "amr", "acr", "llt", "created_at"}


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


@pytest.mark.parametrize("path", ["/dineroapi/oauth/token", "/connect/token", "/connect/revocation"])
@pytest.mark.parametrize("accepted", ["encoded", "as-is"])
def test_how_credentials_are_spelled_in_a_basic_header_is_a_switch(accepted: Any, path: str) -> None:
    name = "personal-special" if "oauth" in path else "isv_special"
    with running(basic_credentials=accepted) as sandbox:
        for spelled, secret in {"encoded": quote_plus(SPECIAL_SECRET), "as-is": SPECIAL_SECRET}.items():
            answered = requests.post(sandbox.url + path, auth=(name, secret), data={"a": "b"}, timeout=10).json()
            assert (answered["error"] == "invalid_client") is (spelled != accepted)


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
        code = browser.code()
        refresh(sandbox)
        assert refresh(sandbox).status_code == 400
        assert refresh(sandbox, other).json() == {"error": "invalid_grant"}
        assert exchange(sandbox, code).json() == {"error": "invalid_grant"}


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
