"""An empty success is confirmed if the step can't be undone; a request that arrives twice is done once."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient, errors
from airflow_provider_dinero.api.ports import ProcessIntents, ProcessLock
from tests.api.proxied import client, proxy, sandbox
from tests.conftest import CONTACT, as_another_worker, line
from tests.cutting import Cutter, Spoil
from tests.walk import GUIDS, REMINDER

__all__ = ["client", "proxy", "sandbox"]

PDF = b"%PDF-1.4 receipt"
PRODUCT = {"Name": "Time", "BaseAmountValue": "8", "Quantity": 1, "AccountNumber": 1000, "Unit": "hours"}
KEYED = {**PRODUCT, "ExternalReference": "p-1", "Comment": "a comment is in no list"}
PUBLIC = {"Name": "By", "CountryKey": "DK", "IsPerson": False, "EanNumber": "5790000000005", "AttPerson": "Bo"}


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def behind(make_client: Any, proxy: Cutter, slept: list[float]) -> DineroClient:
    options = {"lock": ProcessLock(), "look_again": (5, 15), "sleep": slept.append}
    return make_client(base_url=proxy.url, requests_per_minute=10**6, **options)


@pytest.fixture
def overdue(client: DineroClient, sandbox: Any) -> str:
    """An unpaid invoice, to a customer who can receive on every channel."""
    contact = client.contacts.create({**PUBLIC, "Email": "by@example.dk", "Phone": "12345678"})["ContactGuid"]
    guid = client.invoices.create({"ContactGuid": contact, "ProductLines": [line()]})["Guid"]
    client.invoices.book(guid)
    sandbox.forward(days=40)
    return str(guid)


def reminded(client: DineroClient, guid: str, day: str) -> Any:
    made = client.reminders.create(guid, {**REMINDER, "Date": day})
    return client.reminders.book(guid, made["Id"])


def credited(client: DineroClient, guid: str, day: str) -> Any:
    made = client.credit_notes.create_for(guid, {"Guid": GUIDS[9]})
    client.credit_notes.book(made["Guid"])
    return made["Guid"]


Case = tuple[Callable[[DineroClient, str, str], Any], str, Callable[[DineroClient, str, Any], Any]]
SILENT: dict[str, Case] = {
    "e-invoice": (lambda *_: None, "*e-invoice", lambda client, guid, _: client.invoices.send_e_invoice_once(guid)),
    "sms": (lambda *_: None, "*send-sms", lambda client, guid, _: client.sms.send_once(guid)),
    "pre-reminder": (lambda *_: None, "*pre-reminder", lambda client, guid, _: client.reminders.pre_remind_once(guid)),
    "e-reminder": (
        reminded,
        "*e-reminder",
        lambda client, guid, reminder: client.reminders.send_e_reminder_once(guid, reminder),
    ),
    "e-credit-note": (
        credited,
        "*e-creditNote",
        lambda client, _, note: client.credit_notes.send_e_credit_note_once(note),
    ),
    "attachment": (
        lambda *_: None,
        "*bilag.pdf",
        lambda client, guid, _: client.attachments.attach_once(guid, PDF, "bilag.pdf"),
    ),
}


@pytest.mark.parametrize("name", SILENT)
def test_a_success_that_says_nothing_is_looked_at(
    client: DineroClient, behind: DineroClient, proxy: Cutter, overdue: str, sandbox: Any, slept: list[float], name: str
) -> None:
    prepare, place, send = SILENT[name]
    prepared = prepare(client, overdue, f"{sandbox.now():%Y-%m-%d}")
    proxy.order(Spoil(f"POST {place}", passed=0, status=200, body=b""))
    with pytest.raises(errors.DineroOutcomeUnknown, match="the response was empty, and Dinero shows no result"):
        send(behind, overdue, prepared)
    assert slept == [5, 15]
    assert send(behind, overdue, prepared)["Change"] == "created"  # looks for the write that it started, and then sends
    proxy.order(Spoil(f"POST {place}", passed=0))
    assert send(behind, overdue, prepared)["Change"] == "unchanged"
    assert proxy.struck == [0]


# As docs/rate-limits.md has it: the first time, and again.
COSTS = {"e-invoice": 5, "sms": 5, "pre-reminder": 3, "e-reminder": 5, "e-credit-note": 5, "attachment": 4}


@pytest.mark.parametrize("name", SILENT)
def test_a_look_costs_one_request(
    client: DineroClient, behind: DineroClient, proxy: Cutter, overdue: str, sandbox: Any, slept: list[float], name: str
) -> None:
    prepare, _, send = SILENT[name]
    prepared = prepare(client, overdue, f"{sandbox.now():%Y-%m-%d}")
    done = send(behind, overdue, prepared)
    assert done.get("Recipients", [""])
    assert (len(proxy.seen), proxy.seen[0], slept) == (COSTS[name], proxy.seen[-1], [])
    send(behind, overdue, prepared)
    assert len(proxy.seen) == COSTS[name] + 1


def test_items_that_nobody_books_are_drafts(client: DineroClient, behind: DineroClient, proxy: Cutter) -> None:
    bank = {"Description": "x", "Amount": 5, "AccountNumber": 55000, "BalancingAccountNumber": 1000}
    item = {"Id": GUIDS[1], "VoucherDate": "2026-02-01", "Lines": [bank]}
    item["VoucherDate"] = str(client.accounting_years.list()[0]["FromDate"])[:10]
    proxy.order(Spoil("POST *ledgeritems/book", passed=0, status=200, body=b""))
    assert behind.ledger_items.post_once([item], book=True)[0]["Status"] == "Draft"
    assert behind.ledger_items.post_once([item], book=True)[0]["Status"] in {"PendingBooking", "Booked"}


def test_whoever_finds_its_own_intent_has_made_it(
    client: DineroClient, make_client: Any, behind: DineroClient, proxy: Cutter, overdue: str, sandbox: Any
) -> None:
    for number, finder in enumerate(("unchanged", "created")):
        intents = ProcessIntents() if finder == "unchanged" else behind.session.intents
        options = {"lock": behind.lock, "look_again": (0,), "sleep": lambda seconds: None, "intents": intents}
        other = make_client(requests_per_minute=10**6, **options)
        sandbox.fault("late", method="POST", path="/**/email", seconds=1, times=1)
        with pytest.raises(errors.DineroOutcomeUnknown):
            behind.invoices.email_once(overdue, resend=number)
        while len(sandbox.outbox()) == number:
            time.sleep(0.02)
        assert other.invoices.email_once(overdue, resend=number)["Change"] == finder
        assert other.invoices.email_once(overdue, resend=number)["Change"] == "unchanged"


def test_a_product_that_came_twice_is_one(
    client: DineroClient, behind: DineroClient, proxy: Cutter, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.order(Spoil("POST *products", passed=2, head=9))
    with caplog.at_level(logging.WARNING):
        made = behind.products.upsert(KEYED)
    there = sorted(client.products.list(), key=lambda row: row["CreatedAt"])
    assert made == {"ProductGuid": there[0]["ProductGuid"], "Change": "created"}
    assert len(there) == 2
    assert all(row["ProductGuid"] in caplog.text for row in there)
    with pytest.raises(errors.DineroConflict, match="2 products have the ExternalReference p-1"):
        behind.products.upsert(KEYED)  # the intent is closed: these may be two that people made


@pytest.mark.parametrize("apart", ["a minute", "content", "no intent"])
def test_products_that_people_made_stay_a_conflict(
    client: DineroClient, behind: DineroClient, proxy: Cutter, sandbox: Any, apart: str
) -> None:
    proxy.order(Spoil("POST *products", passed=0, head=9))
    with pytest.raises(errors.DineroOutcomeUnknown):
        behind.products.upsert(KEYED)
    client.products.create(KEYED)
    if apart == "a minute":
        sandbox.forward(seconds=61)
    elif apart == "no intent":
        behind = as_another_worker(behind, intents=ProcessIntents())
    client.products.create({**KEYED, **({"Comment": "another"} if apart == "content" else {})})
    with pytest.raises(errors.DineroConflict, match="2 products have"):
        behind.products.upsert(KEYED)
    assert len(list(client.products.list())) == 2


def test_a_file_that_came_twice_is_one(
    client: DineroClient, behind: DineroClient, proxy: Cutter, sandbox: Any, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.order(Spoil("POST *files", passed=2, head=9))
    with caplog.at_level(logging.WARNING):
        made = behind.files.upload_once(PDF, "bilag.pdf")
    there = sorted(client.files.list(), key=lambda row: row["UploadedAt"])
    assert made == {"FileGuid": there[0]["FileGuid"], "Change": "created"}
    assert all(row["FileGuid"] in caplog.text for row in there)
    assert len(there) == 2


def test_an_answer_of_another_form_is_looked_at(behind: DineroClient, proxy: Cutter, overdue: str) -> None:
    for number, body in enumerate((b'{"Recipients": [1]}', b'{"Recipients": 1}', b'{"Recipients": [{}]}')):
        proxy.order(Spoil("POST *email", status=200, body=body))
        sent = behind.invoices.email_once(overdue, resend=number)
        assert sent == {"Recipients": ["by@example.dk"], "Change": "created"}
    proxy.order(Spoil("POST *email", passed=0, status=200, body=b'{"Recipients": [1]}'))
    with pytest.raises(errors.DineroOutcomeUnknown, match="have the documented form"):
        behind.invoices.email_once(overdue, resend=3)


def test_a_keyed_contact_that_comes_twice_is_there_once(
    client: DineroClient, behind: DineroClient, proxy: Cutter
) -> None:
    proxy.order(Spoil("POST *contacts", passed=2))
    assert behind.contacts.upsert(CONTACT)["ContactGuid"] == next(client.contacts.list())["ContactGuid"]
    assert len(list(client.contacts.list())) == 1


def test_of_two_upserts_whose_answers_are_lost_one_says_created(
    make_client: Any, client: DineroClient, proxy: Cutter, sandbox: Any
) -> None:
    options = {"base_url": proxy.url, "requests_per_minute": 10**6, "look_again": (0,), "lock": ProcessLock()}
    clients = [make_client(**options, sleep=lambda seconds: time.sleep(0.5)) for _ in range(2)]
    assert [list(each.contacts.list()) for each in clients] == [[], []]
    sandbox.fault("delay", method="POST", path="/v1/*/contacts", seconds=0.5, times=2)  # time for the other one to look
    proxy.order(Spoil("POST *contacts", times=2, head=9))
    with ThreadPoolExecutor(2) as pool:
        upserts = [pool.submit(each.contacts.upsert, CONTACT) for each in clients]
    assert sorted(upsert.result()["Change"] for upsert in upserts) == ["created", "unchanged"]
    assert len(list(client.contacts.list())) == 1
