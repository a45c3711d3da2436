"""A sandbox that answers over HTTP, and a caller that is logged in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests

from airflow_provider_dinero.sandbox.server import Sandbox, running

from .browser import Browser

PERSONAL = ("personal-sandbox", "sandbox-secret")
START = datetime(2026, 3, 10, 12, 0, 0, tzinfo=UTC)


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **delta: float) -> None:
        self.now += timedelta(**delta)


def money(text: str) -> Decimal:
    """A number with at least two decimals, which Dinero doesn't write if they are 0."""
    return Decimal(text) if len(text.partition(".")[2]) > 1 else Decimal(text).quantize(Decimal("0.01"))


class Caller:
    """Requests to one organization with a token; money in the answers is Decimal."""

    def __init__(self, sandbox: Sandbox, token: str, organization: int = 100001) -> None:
        self.sandbox, self.organization = sandbox, organization
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"

    def __call__(self, method: str, path: str, status: int = 200, version: str = "v1", **options: Any) -> Any:
        """The answer's JSON (None without a body), after its status was checked."""
        response = self.raw(method, path, version=version, **options)
        assert response.status_code == status, response.text
        return json.loads(response.text, parse_float=money) if response.content else None

    def raw(self, method: str, path: str, version: str = "v1", **options: Any) -> requests.Response:
        url = f"{self.sandbox.url}/{version}/{self.organization}{path}"
        return self.session.request(method, url, timeout=60, **options)

    def code(self, method: str, path: str, status: int = 400, **options: Any) -> int:
        """Dinero's error code."""
        return int(self(method, path, status, **options)["code"])


def personal_token(sandbox: Sandbox, api_key: str = "sandbox-api-key") -> str:
    form = {"grant_type": "password", "scope": "read write", "username": api_key, "password": api_key}
    response = requests.post(f"{sandbox.url}/dineroapi/oauth/token", auth=PERSONAL, data=form, timeout=10)
    assert response.status_code == 200, response.text
    return str(response.json()["access_token"])


def refresh(sandbox: Sandbox, refresh_token: str = "sandbox-refresh-token", **changes: str) -> requests.Response:
    form = {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token,
        "client_id": "isv_sandbox",
        "client_secret": "sandbox-secret",
        **changes,
    }
    return requests.post(f"{sandbox.url}/connect/token", data=form, timeout=10)


@pytest.fixture(scope="session")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def shared_sandbox(clock: Clock) -> Iterator[Sandbox]:
    with running(clock=clock, requests_per_minute=10_000) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared_sandbox: Sandbox, clock: Clock) -> Sandbox:
    """As it is from the start; the clock at 2026-03-10 12:00 UTC."""
    clock.now = START
    shared_sandbox.reset()
    return shared_sandbox


@pytest.fixture
def browser(sandbox: Sandbox) -> Iterator[Browser]:
    """A person at Visma Connect who hasn't signed in."""
    with Browser(sandbox) as browser:
        yield browser


@pytest.fixture
def call(sandbox: Sandbox) -> Iterator[Caller]:
    """Organization 100001 with a personal token."""
    caller = Caller(sandbox, personal_token(sandbox))
    with caller.session:
        yield caller


@pytest.fixture
def contact(call: Caller) -> str:
    """The guid of a company in Aarhus with an e-mail."""
    body = {
        "Name": "Aarhus Cykelbud ApS",
        "CountryKey": "DK",
        "IsPerson": False,
        "Street": "Havnegade 4",
        "ZipCode": "8000",
        "City": "Aarhus C",
        "Email": "bogholderi@cykelbud.example",
    }
    return str(call("POST", "/contacts", json=body)["ContactGuid"])


def line(amount: float | str = 100, account: int = 1000, **more: Any) -> dict[str, Any]:
    known = {"BaseAmountValue": amount, "Quantity": 1, "AccountNumber": account, "Unit": "parts", "Description": "Bud"}
    return {**known, **more}


def put(call: Caller, guid: str, status: int = 200, **body: Any) -> Any:
    return call("PUT", f"/invoices/{guid}", status, version="v1.2", json={"ProductLines": [line()], **body})


Draft = Callable[..., dict[str, Any]]


@pytest.fixture
def draft(call: Caller, contact: str) -> Draft:
    """Create a draft of 100 plus VAT, or with the given values; return its Guid and TimeStamp."""

    def create(*lines: dict[str, Any], **more: Any) -> dict[str, Any]:
        body = {"ContactGuid": contact, "ProductLines": list(lines) or [line()], **more}
        created: dict[str, Any] = call("POST", "/invoices", json=body)
        return created

    return create


@pytest.fixture
def booked(call: Caller, draft: Draft) -> Draft:
    """Create and book."""

    def create(*lines: dict[str, Any], **more: Any) -> dict[str, Any]:
        created = draft(*lines, **more)
        body = {"Timestamp": created["TimeStamp"]}
        invoice: dict[str, Any] = call("POST", f"/invoices/{created['Guid']}/book", json=body)
        return invoice

    return create
