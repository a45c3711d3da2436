from __future__ import annotations

import base64

import pytest
import requests

from airflow_provider_dinero.sandbox.server import Sandbox, running

from .conftest import PERSONAL, Caller, Clock, personal_token, refresh

NO_PRO = "sandbox-api-key-no-pro"


def ids(sandbox: Sandbox, token: str) -> list[int]:
    headers = {"Authorization": f"Bearer {token}"}
    response = requests.get(f"{sandbox.url}/v1/organizations", headers=headers, timeout=10)
    assert response.status_code == 200
    return [organization["id"] for organization in response.json()]


def test_personal_token_has_the_documented_form(sandbox: Sandbox) -> None:
    form = {"grant_type": "password", "username": "sandbox-api-key", "password": "sandbox-api-key"}
    response = requests.post(f"{sandbox.url}/dineroapi/oauth/token", auth=PERSONAL, data=form, timeout=10)
    body = response.json()
    assert body.pop("access_token")
    assert body == {"token_type": "Bearer", "expires_in": 3600}


def test_personal_token_reaches_the_organization_of_its_key_only(sandbox: Sandbox) -> None:
    assert ids(sandbox, personal_token(sandbox)) == [100001]
    assert ids(sandbox, personal_token(sandbox, NO_PRO)) == [100002]
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {personal_token(sandbox, NO_PRO)}"
        response = session.get(f"{sandbox.url}/v1/100001/contacts", timeout=10)
    assert (response.status_code, response.json()["code"]) == (403, 41)


@pytest.mark.parametrize(
    ("change", "auth", "error"),
    [
        ({"username": "wrong", "password": "wrong"}, PERSONAL, "invalid_grant"),
        ({"password": "wrong"}, PERSONAL, "invalid_grant"),
        ({"grant_type": "client_credentials"}, PERSONAL, "unsupported_grant_type"),
        ({}, ("personal-sandbox", "wrong"), "invalid_client"),
        ({}, ("isv_sandbox", "sandbox-secret"), "invalid_client"),
        ({"client_id": PERSONAL[0], "client_secret": PERSONAL[1]}, None, "invalid_client"),
    ],
)
def test_personal_token_is_refused(
    sandbox: Sandbox, change: dict[str, str], auth: tuple[str, str] | None, error: str
) -> None:
    form = {"grant_type": "password", "username": "sandbox-api-key", "password": "sandbox-api-key", **change}
    response = requests.post(f"{sandbox.url}/dineroapi/oauth/token", auth=auth, data=form, timeout=10)
    assert (response.status_code, response.json()) == (400, {"error": error})


def test_refresh_reuses_the_token_by_default(sandbox: Sandbox) -> None:
    for _ in range(2):
        body = refresh(sandbox).json()
        assert ids(sandbox, body["access_token"]) == [100001, 100002]
        assert (body["refresh_token"], body["expires_in"]) == ("sandbox-refresh-token", 3600)
        assert body["scope"] == "dineropublicapi:read dineropublicapi:write offline_access"


def test_refresh_takes_the_client_from_a_basic_header_too(sandbox: Sandbox) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "sandbox-refresh-token"}
    header = "Basic " + base64.b64encode(b"isv%5Fsandbox:sandbox-secret").decode()
    url = f"{sandbox.url}/connect/token"
    assert requests.post(url, data=form, headers={"Authorization": header}, timeout=10).status_code == 200


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"refresh_token": "wrong"}, "invalid_grant"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "personal-sandbox"}, "invalid_client"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
    ],
)
def test_refresh_is_refused(sandbox: Sandbox, change: dict[str, str], error: str) -> None:
    response = refresh(sandbox, **change)
    assert (response.status_code, response.json()) == (400, {"error": error})


def test_one_time_token_rotates_and_its_replay_revokes_the_grant() -> None:
    with running(refresh_tokens="one-time") as sandbox:
        first = refresh(sandbox).json()
        assert first["refresh_token"] != "sandbox-refresh-token"
        assert len(first["refresh_token"]) == 64
        second = refresh(sandbox, first["refresh_token"]).json()
        assert refresh(sandbox, first["refresh_token"]).json() == {"error": "invalid_grant"}
        # The newest one died with the grant; an access token can't be revoked.
        assert refresh(sandbox, second["refresh_token"]).json() == {"error": "invalid_grant"}
        assert ids(sandbox, second["access_token"]) == [100001, 100002]


def test_grace_period_allows_the_same_one_time_token_again() -> None:
    clock = Clock()
    with running(refresh_tokens="one-time", grace_seconds=30, clock=clock) as sandbox:
        first = refresh(sandbox).json()["refresh_token"]
        clock.forward(seconds=30)
        again = refresh(sandbox)
        assert again.status_code == 200
        assert again.json()["refresh_token"] != first
        clock.forward(seconds=1)  # the period runs from the first use, not from the last
        assert refresh(sandbox).status_code == 400
        assert refresh(sandbox, first).status_code == 400


def test_access_token_expires_after_an_hour(call: Caller, clock: Clock) -> None:
    clock.forward(seconds=3599)
    call("GET", "/contacts")
    clock.forward(seconds=1)
    response = call.raw("GET", "/contacts")
    assert (response.status_code, response.json()["code"]) == (401, 41)


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}])
def test_without_a_valid_token_is_401(sandbox: Sandbox, header: dict[str, str]) -> None:
    for path in ("/v1/organizations", "/v1/countries", "/v1/100001/contacts"):
        assert requests.get(sandbox.url + path, headers=header, timeout=10).status_code == 401


def test_organization_without_pro_sees_organizations_only(sandbox: Sandbox) -> None:
    caller = Caller(sandbox, refresh(sandbox).json()["access_token"], organization=100002)
    with caller.session:
        assert caller.code("GET", "/contacts", 403) == 90
        assert caller.code("POST", "/invoices", 403, json={}) == 90
        full = caller.session.get(f"{sandbox.url}/v1.1/organizations", timeout=10).json()
    assert [(item["Id"], item["Subscription"]["HasPro"]) for item in full] == [(100001, True), (100002, False)]
    assert full[1]["Name"] == "Østerbro Blomster"


def test_old_code_for_no_pro_is_a_switch() -> None:
    with running(no_pro_code=48) as sandbox:
        caller = Caller(sandbox, personal_token(sandbox, NO_PRO), organization=100002)
        with caller.session:
            assert caller.code("GET", "/contacts", 403) == 48


@pytest.mark.parametrize("organization", [100003, 99999999999999999999])
def test_unknown_organization_is_403(sandbox: Sandbox, organization: int) -> None:
    caller = Caller(sandbox, refresh(sandbox).json()["access_token"], organization)
    with caller.session:
        assert caller.code("GET", "/contacts", 403) == 41


def test_organization_fields_come_back_as_spelled(call: Caller) -> None:
    get = call.session.get
    url = f"{call.sandbox.url}/v1/organizations"
    assert get(url, timeout=10).json() == [{"id": 100001, "name": "Nørrebro Cykler ApS", "isPro": True}]
    wanted = get(url, params={"fields": "ID, vatnumber"}, timeout=10).json()
    assert wanted == [{"ID": 100001, "vatnumber": "12345674"}]
    assert get(url, params={"fields": "Id,Secret"}, timeout=10).json()["code"] == 42


def test_countries(call: Caller) -> None:
    countries = call.session.get(f"{call.sandbox.url}/v1/countries", timeout=10).json()
    assert {"Key": "DE", "DanishName": "Tyskland", "EnglishName": "Germany"} in countries
