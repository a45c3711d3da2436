from __future__ import annotations

import pytest
import requests

from airflow_provider_dinero.sandbox.same_origin_middleware import CONTROL
from airflow_provider_dinero.sandbox.server import running

from .conftest import Caller, Clock, personal_token, refresh


@pytest.mark.parametrize(("grant", "limit"), [("personal_integration", 60), ("visma_connect", 100)])
def test_limit_by_grant(grant: str, limit: int) -> None:
    clock = Clock()
    with running(clock=clock) as sandbox:
        personal = grant == "personal_integration"
        token = personal_token(sandbox) if personal else refresh(sandbox).json()["access_token"]
        call = Caller(sandbox, token)
        with call.session:
            for _ in range(limit):
                call("GET", "/invoices/templates")
            clock.forward(seconds=15)
            refused = call.raw("GET", "/invoices/templates")
    assert refused.status_code == 429
    assert refused.text == f"API calls quota exceeded! maximum admitted {limit} per 1m."
    assert refused.headers["Content-Type"].startswith("text/plain")
    assert refused.headers["Retry-After"] == "45"


def test_window_slides_and_refused_requests_do_not_count() -> None:
    clock = Clock()
    with running(clock=clock, requests_per_minute=2) as sandbox:
        call = Caller(sandbox, personal_token(sandbox))
        with call.session:
            call("GET", "/contacts")
            clock.forward(seconds=40)
            call("GET", "/contacts")
            for _ in range(3):
                refused = call.raw("GET", "/contacts")
                assert (refused.status_code, refused.headers["Retry-After"]) == (429, "20")
            clock.forward(seconds=20)
            call("GET", "/contacts")
            assert call.raw("GET", "/contacts").headers["Retry-After"] == "40"


def test_each_client_and_organization_has_its_own_window_and_tokens_are_not_counted() -> None:
    with running(requests_per_minute=1) as sandbox:
        for _ in range(3):
            personal, visma = (
                Caller(sandbox, personal_token(sandbox)),
                Caller(sandbox, refresh(sandbox).json()["access_token"]),
            )
        with personal.session, visma.session:
            personal("GET", "/contacts")
            visma("GET", "/contacts")
            assert personal.raw("GET", "/contacts").status_code == 429
            assert visma.raw("GET", "/contacts").status_code == 429
            visma.organization = 100002
            # Let in by the limit, and counted although it is refused after that.
            assert visma.raw("GET", "/contacts").status_code == 403
            assert visma.raw("GET", "/contacts").status_code == 429
            organizations = f"{sandbox.url}/v1/organizations"
            assert visma.session.get(organizations, timeout=10).status_code == 200
            assert visma.session.get(organizations, timeout=10).status_code == 429


def test_requests_are_noted(call: Caller) -> None:
    call.raw("GET", "/contacts?page=1&fields=Name")
    call.raw("POST", "/contacts", json={})
    call.session.headers.clear()
    call.raw("GET", "/contacts")
    call.raw("GET", "/nothing")
    seen = call.sandbox.requests()
    assert [
        (item["method"], item["path"], item["status"], item["organization"], item["client_id"]) for item in seen
    ] == [
        ("POST", "/dineroapi/oauth/token", 200, None, "personal-sandbox"),
        ("GET", "/v1/100001/contacts?page=1&fields=Name", 200, 100001, "personal-sandbox"),
        ("POST", "/v1/100001/contacts", 400, 100001, "personal-sandbox"),
        ("GET", "/v1/100001/contacts", 401, 100001, None),
        ("GET", "/v1/100001/nothing", 404, None, None),
    ]
    assert seen[0]["time"] == "2026-03-10T12:00:00.000"
    requests.delete(f"{call.sandbox.url}/_sandbox/requests", headers=CONTROL, timeout=10).raise_for_status()
    assert call.sandbox.requests() == []


def test_reset_forgets_documents_tokens_and_counts() -> None:
    with running(requests_per_minute=1) as sandbox:
        call = Caller(sandbox, personal_token(sandbox))
        with call.session:
            call("POST", "/contacts", json={"Name": "Bo", "CountryKey": "DK"})
            sandbox.reset()
            assert call.raw("GET", "/contacts").status_code == 401
        call = Caller(sandbox, personal_token(sandbox))
        with call.session:
            assert call("GET", "/contacts")["Collection"] == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "/nothing/", 404), ("PATCH", "/contacts", 405), ("GET", "/contacts/a/b/c", 404)],
)
def test_unknown_routes_are_html(call: Caller, method: str, path: str, status: int) -> None:
    response = call.raw(method, path)
    assert response.status_code == status
    assert response.headers["Content-Type"].startswith("text/html")


def test_documentation_of_the_framework_is_not_served(sandbox: object, call: Caller) -> None:
    for path in ("/docs", "/openapi.json", "/redoc"):
        response = requests.get(call.sandbox.url + path, timeout=10)
        assert (response.status_code, response.headers["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_health(call: Caller) -> None:
    assert requests.get(f"{call.sandbox.url}/_sandbox/health", timeout=10).json() == {"status": "ok"}
