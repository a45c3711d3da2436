"""A write that arrived is found, and nothing else is mistaken for it. Each of these once went wrong."""

import os
import time
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient, PersonalIntegration, errors
from airflow_provider_dinero.api.ports import MemoryTokenStore, ProcessBudget, Slot
from tests.conftest import line
from tests.faulty import dripping

PAYMENT = {"DepositAccountNumber": 55000, "RemainderIsFee": False, "Description": "Bank", "Amount": 10}
PAYMENTS = {"method": "POST", "path": "/v1/*/invoices/*/payments"}
GUID = "3f1d9a52-5f0e-5d55-9c39-4a1b6f7e2c10"


@pytest.fixture
def client(make_client: Any) -> Any:
    return make_client(requests_per_minute=1000, sleep=lambda seconds: None)


@pytest.fixture
def day(sandbox: Any) -> str:
    return f"{sandbox.now():%Y-%m-%d}"


@pytest.fixture
def contact(client: DineroClient) -> str:
    return str(client.contacts.create({"Name": "Bo", "CountryKey": "DK", "IsPerson": True})["ContactGuid"])


@pytest.fixture
def booked(client: DineroClient, contact: str) -> str:
    guid = str(client.invoices.create({"ContactGuid": contact, "ProductLines": [line()]})["Guid"])
    client.invoices.book(guid)
    return guid


def paid(client: DineroClient, guid: str) -> int:
    return len(client.invoices.payments(guid)["Payments"])


class Spent(ProcessBudget):
    """An allowance that ends after some requests."""

    left = 1

    def reserve(self, key: str, per_minute: int, within: float, who: str = "") -> Slot:
        self.left -= 1
        return Slot(time.time() + (0 if self.left >= 0 else 600), 0)


def test_a_lost_answer_is_remembered_when_the_allowance_ends(
    make_client: Any, client: DineroClient, booked: str, sandbox: Any
) -> None:
    store = MemoryTokenStore()
    budget = Spent()
    budget.left = 3  # the token, the Timestamp, and one try
    poor = make_client(budget=budget, token_store=store, sleep=lambda seconds: None)
    sandbox.fault("reset-after", times=1, **PAYMENTS)
    with pytest.raises(errors.DineroOutcomeUnknown):
        poor.invoices.add_payment(booked, PAYMENT)
    assert paid(client, booked) == 1


def test_a_token_that_nobody_gives_is_no_write_that_may_be_done(make_client: Any, sandbox: Any) -> None:
    sandbox.fault("status", method="POST", path="/dineroapi/oauth/token", status=503)
    with pytest.raises(errors.DineroUnavailable):
        make_client(sleep=lambda seconds: None).invoices.create({"ProductLines": [line()]})


@pytest.mark.parametrize("effect", ["garbage", "truncate", "reset-after"])
def test_a_payment_whose_answer_is_spoilt_is_found(
    client: DineroClient, booked: str, sandbox: Any, effect: str
) -> None:
    sandbox.fault(effect, times=1, **PAYMENTS)
    payment = client.invoices.add_payment(booked, PAYMENT)
    assert [each["Guid"] for each in client.invoices.payments(booked)["Payments"]] == [payment["Guid"]]
    assert payment["TimeStamp"] == client.invoices.get(booked)["TimeStamp"]


def test_an_instalment_is_not_taken_for_the_one_before(client: DineroClient, booked: str, sandbox: Any) -> None:
    first = {**PAYMENT, "ExternalReference": "order 7"}
    old = client.invoices.get(booked)["TimeStamp"]
    client.invoices.add_payment(booked, first)
    sandbox.fault("status", status=503, times=1, **PAYMENTS)
    with pytest.raises(errors.DineroStaleTimestamp):
        client.invoices.add_payment(booked, first, timestamp=old)
    client.invoices.add_payment(booked, first)
    assert paid(client, booked) == 2


@pytest.mark.parametrize("spelt", [str.upper, lambda guid: guid.replace("-", "")])
def test_a_payment_that_is_there_is_not_taken_for_removed(
    client: DineroClient, booked: str, sandbox: Any, spelt: Callable[[str], str]
) -> None:
    old = client.invoices.get(booked)["TimeStamp"]
    payment = client.invoices.add_payment(booked, PAYMENT)["Guid"]
    sandbox.fault("status", status=503, times=1, method="DELETE", path="/v1/*/invoices/*/payments/*")
    with pytest.raises(errors.DineroStaleTimestamp):
        client.invoices.delete_payment(booked, spelt(payment), timestamp=old)
    assert paid(client, booked) == 1


def vouchers(client: DineroClient, day: str) -> Any:
    """Manual vouchers and cash purchases: what makes and changes them, and a body for an amount."""

    def manual(amount: int) -> dict[str, Any]:
        lines = [{"Description": "x", "Amount": amount, "AccountNumber": 6000, "BalancingAccountNumber": 55000}]
        return {"VoucherDate": day, "Lines": lines}

    def bought(amount: int) -> dict[str, Any]:
        lines = [{"Description": "x", "Amount": amount, "AccountNumber": 6000}]
        cash = {"PurchaseType": "cash", "DepositAccountNumber": 55000, "RegionKey": "DK", "ContactGuid": GUID}
        return {**cash, "VoucherDate": day, "Lines": lines}

    return ((client.manual_vouchers, manual), (client.purchase_vouchers, bought))


def test_a_voucher_that_somebody_else_changed_is_not_taken_for_ours(
    client: DineroClient, sandbox: Any, day: str
) -> None:
    for resource, body in vouchers(client, day):
        draft = resource.create({name: value for name, value in body(100).items() if name != "ContactGuid"})
        resource.update(draft["Guid"], body(70))
        sandbox.fault("status", status=503, times=1, method="PUT", path="/**")
        with pytest.raises(errors.DineroStaleTimestamp):
            resource.update(draft["Guid"], body(200), timestamp=draft["Timestamp"])


def test_a_change_that_is_in_is_not_refused_when_it_is_asked_for_again(
    client: DineroClient, sandbox: Any, day: str
) -> None:
    """As a retried task does, with what it knew before."""
    for resource, body in vouchers(client, day):
        draft = resource.create({name: value for name, value in body(100).items() if name != "ContactGuid"})
        for _ in range(2):
            resource.update(draft["Guid"], body(200), timestamp=draft["Timestamp"])
    draft = client.invoices.create({"ProductLines": [line()]})
    for _ in range(2):
        client.invoices.delete(draft["Guid"], timestamp=draft["TimeStamp"])


def test_what_was_never_there_is_not_taken_for_deleted(client: DineroClient) -> None:
    for resource in (client.invoices, client.contacts, client.manual_vouchers, client.products):
        with pytest.raises(errors.DineroNotFound):
            resource.delete(GUID)


def test_another_credit_note_with_the_same_guid_is_a_conflict(client: DineroClient, contact: str, day: str) -> None:
    def body(amount: int) -> dict[str, Any]:
        lines = [{"Description": "x", "Amount": amount, "AccountNumber": 6000}]
        return {"Guid": GUID, "ContactGuid": contact, "Date": day, "Lines": lines}

    for _ in range(2):
        assert client.purchase_credit_notes.create(body(100))["Guid"] == GUID
    with pytest.raises(errors.DineroConflict, match=r"Lines\[0\]\.Amount"):
        client.purchase_credit_notes.create(body(999))


def test_a_purchase_credit_note_is_paid(client: DineroClient, contact: str, day: str, sandbox: Any) -> None:
    lines = [{"Description": "x", "Amount": 100, "AccountNumber": 6000}]
    note = client.purchase_credit_notes.create({"Guid": GUID, "ContactGuid": contact, "Date": day, "Lines": lines})
    client.purchase_credit_notes.book(note["Guid"])
    sandbox.fault("reset-after", times=1, method="POST", path="/v1/*/purchase-vouchers/*/payments")
    payment = client.purchase_vouchers.add_payment(GUID, PAYMENT)
    assert [each["Guid"] for each in client.purchase_vouchers.payments(GUID)] == [payment["Guid"]]
    client.purchase_vouchers.delete_payment(GUID, payment["Guid"])
    assert client.purchase_vouchers.payments(GUID) == []


def test_ledger_items_are_there_once_however_often_they_are_posted(client: DineroClient, day: str) -> None:
    bank = {"Description": "x", "Amount": 5, "AccountNumber": 55000, "BalancingAccountNumber": 1000}
    item = {"Id": GUID, "VoucherDate": day, "Lines": [bank]}
    assert client.ledger_items.create([item])[0]["Id"] == client.ledger_items.create(item)[0]["Id"]
    with pytest.raises(errors.DineroConflict, match=r"Lines\[0\]\.Amount"):
        client.ledger_items.create([{**item, "Lines": [{**bank, "Amount": 6}]}])


def test_a_page_for_people_is_no_pdf(client: DineroClient, booked: str, sandbox: Any) -> None:
    sandbox.fault("html", times=4, method="GET", path="/v1/*/invoices/*")
    with pytest.raises(errors.DineroUnexpectedAnswer, match="an HTML page instead of a file"):
        client.invoices.pdf(booked)


def test_a_fork_has_a_connection_of_its_own(client: DineroClient, contact: str) -> None:
    client.contacts.get(contact)
    child = os.fork()
    if child == 0:
        os._exit(0 if client.contacts.get(contact)["Name"] == "Bo" else 1)
    assert client.contacts.get(contact)["Name"] == "Bo"
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize(
    "part",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-A: ",
    ],
)
def test_the_time_in_total_covers_all_of_an_answer(part: bytes) -> None:
    with dripping(part) as url:
        grant = PersonalIntegration("id", "secret", "key", url)
        options: dict[str, Any] = {"token_store": MemoryTokenStore(), "budget": ProcessBudget()}
        client = DineroClient(1, grant, base_url=url, timeout=0.5, attempts=1, **options)
        begin = time.monotonic()
        with pytest.raises((errors.DineroUnavailable, errors.DineroUnexpectedAnswer)):
            client.organizations.list()
        assert 2.4 < time.monotonic() - begin < 5


def test_a_wrong_body_is_refused_before_anything_is_asked_for(client: DineroClient, sandbox: Any) -> None:
    bad: Any = "text"
    for call in (
        lambda: client.invoices.update(GUID, {"ProductLines": [line(Amont=1)]}),
        lambda: client.invoices.add_payment(GUID, {**PAYMENT, "Amont": 1}),
        lambda: client.invoices.update(GUID, bad),
        lambda: client.reminders.create(GUID, {"Date": "2026-01-01"}),
    ):
        with pytest.raises(errors.DineroInvalidBody):
            call()
    assert sandbox.requests() == []
