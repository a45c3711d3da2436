"""Arguments and tokens beyond all bounds: a clear error, and nothing is sent."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient, VismaConnect, errors
from airflow_provider_dinero.api.auth.consent import begin, exchange
from airflow_provider_dinero.api.auth.grants import lifetime
from airflow_provider_dinero.api.bodies.idempotency import guid_for, reference_for
from airflow_provider_dinero.api.ports import MemoryTokenStore
from tests.contract import GUID
from tests.faulty import before

HALF = "a lone surrogate"
LAST = datetime.max.replace(tzinfo=timezone(timedelta(hours=-5)))

ODD: dict[str, tuple[Callable[[DineroClient], Any], str]] = {
    "half a character in a query": (lambda client: list(client.products.list(text="\ud800")), HALF),
    "… in a file's name": (lambda client: client.attachments.attach(GUID, GUID, "\ud800.pdf"), "not a file name"),
    "… in a key": (lambda client: guid_for(100001, "invoices", "\ud800"), HALF),
    "… in a long key": (lambda client: reference_for("\ud800" * 200), HALF),
    "beyond the last year": (lambda client: list(client.contacts.list(changes_since=LAST)), "the years 1 to 9999"),
    "… as text": (lambda client: client.contacts.changes("9999-12-31T23:59:59-10:00"), "the years 1 to 9999"),
    "an endless instant": (lambda client: client.contacts.changes("9" * 10_000), "is not an ISO 8601 instant"),
}


@pytest.mark.parametrize("name", ODD)
def test_an_argument_out_of_all_bounds_is_told(client: DineroClient, sandbox: Any, name: str) -> None:
    call, told = ODD[name]
    with pytest.raises(errors.DineroInvalidBody, match=told) as raised:
        call(client)
    assert len(str(raised.value)) < 300
    assert sandbox.requests() == []


@pytest.mark.parametrize("number", ["9" * 5000, "1" * 19, "０１", "0", "-1", "1e5", "1_000"])
def test_an_organization_is_a_number(make_client: Any, number: str) -> None:
    with pytest.raises(errors.DineroConfigurationError, match="is not an organization id") as raised:
        make_client(number).contacts.get(GUID)
    assert len(str(raised.value)) < 300


def test_the_last_month_of_all_has_entries(client: DineroClient) -> None:
    last = datetime(9999, 12, 31, tzinfo=UTC)
    assert list(client.entries.changes(last - timedelta(days=1), last)) == []


@pytest.mark.parametrize(
    ("given", "seconds"),
    [(3600, 3600), (Decimal("1E+400"), 86400), (10**400, 86400), (-5, 0), (Decimal("-1E+400"), 0), ("soon", 3600),
     (None, 3600)],
)  # fmt: skip
def test_a_token_lives_a_day_at_the_most(given: Any, seconds: float) -> None:
    assert lifetime(given) == seconds


def test_an_id_token_that_nests_deeply_is_of_no_consent(sandbox: Any) -> None:
    deep = base64.urlsafe_b64encode(b"[" * 3000 + b"]" * 3000).decode()
    answer = {"access_token": "t", "refresh_token": "r", "id_token": f"a.{deep}.c"}
    with before(sandbox.url) as faults:
        grant = VismaConnect("isv_sandbox", "sandbox-secret", auth_url=faults.url)
        client = DineroClient(None, grant, base_url=faults.url, token_store=MemoryTokenStore())
        faults.answer["POST /connect/token"] = [(200, {}, json.dumps(answer).encode())]
        consent = replace(begin(grant, "http://localhost/"), nonce="n")
        with pytest.raises(errors.DineroConfigurationError, match="belongs to another consent"):
            exchange(client, consent, "code")
        client.close()
