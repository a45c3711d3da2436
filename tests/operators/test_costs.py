"""The requests that tasks send, as docs/rate-limits.md has them: the first time, again, and after a clear."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from local import ROOT

from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.credit_notes import DineroCreateCreditNoteOperator
from airflow_provider_dinero.operators.downloads import DineroDownloadInvoiceOperator
from airflow_provider_dinero.operators.files import DineroAttachFileOperator, DineroUploadFileOperator
from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator
from airflow_provider_dinero.operators.invoices import (
    DineroBookInvoiceOperator,
    DineroCreateInvoiceOperator,
    DineroSendInvoiceOperator,
)
from airflow_provider_dinero.operators.ledger import DineroPostLedgerItemsOperator
from airflow_provider_dinero.operators.manual_vouchers import DineroManualVoucherOperator
from airflow_provider_dinero.operators.payments import DineroAddPaymentOperator
from airflow_provider_dinero.operators.products import DineroUpsertProductOperator
from airflow_provider_dinero.operators.purchase_credit_notes import DineroPurchaseCreditNoteOperator
from airflow_provider_dinero.operators.purchases import DineroPurchaseVoucherOperator
from airflow_provider_dinero.operators.reminders import DineroRemindOperator
from airflow_provider_dinero.operators.trade_offers import DineroCreateTradeOfferOperator
from tests.conftest import line
from tests.operators.bench import Bench
from tests.operators.sales.conftest import EAN

PAYMENT = {"DepositAccountNumber": 55000, "Description": "Bank"}
ROUNDED = {"expected_total": "125.01", "rounding_account": 1050, "max_rounding": "0.01"}
LIVES: dict[str, tuple[dict[str, Any], int, int]] = {
    "email": ({"send": "email"}, 4, 3),
    "Receiver": ({"send": "email", "mailout": {"Receiver": "a@b.dk"}}, 3, 3),
    "e-invoice": ({"send": "einvoice"}, 5, 3),
    "sms": ({"send": "sms"}, 6, 3),
    "payment": ({"send": "email", "payment": PAYMENT}, 6, 4),
    "expected_total": ({"send": "email", "expected_total": "125.00"}, 5, 3),
    "rounding line": ({"send": "email", **ROUNDED}, 7, 3),
    "euros": ({"send": "email", "invoice": {"Currency": "EUR"}}, 5, 4),
    "paid in January": ({"send": "email", "payment": {**PAYMENT, "PaymentDate": "2026-01-05"}}, 7, 4),
    "dry run": ({"send": "email", "dry_run": True}, 2, 2),
    "dry run with a Date": ({"send": "email", "invoice": {"Date": "2026-11-02"}, "dry_run": True}, 3, 3),
    "dry run with a payment": ({"send": "email", "payment": PAYMENT, "dry_run": True}, 3, 3),
}


@pytest.fixture
def customer(beside: Any) -> str:
    office = {"Name": "Kommunen", "CountryKey": "DK", "IsPerson": False, "EanNumber": EAN, "AttPerson": "Bo"}
    return str(beside.contacts.create({**office, "Email": "a@b.dk", "Phone": "12345678"})["ContactGuid"])


def sent(bench: Bench, before: int) -> list[dict[str, Any]]:
    """The requests after the first ones, without those for tokens."""
    return [each for each in bench.sandbox.requests()[before:] if "token" not in each["path"]]


def cost(bench: Bench, operator: Any, **arguments: Any) -> int:
    before = len(bench.sandbox.requests())
    told = bench.one(operator, **arguments)
    assert told.state == "success", told.errors
    return len(sent(bench, before))


@pytest.mark.parametrize("name", LIVES)
def test_a_life_costs(bench: Bench, customer: str, name: str) -> None:
    more, first, again = LIVES[name]
    invoice = {"ContactGuid": customer, "ProductLines": [line()], **more.get("invoice", {})}
    arguments = {"idempotency_key": "a", "book": True, **more, "invoice": invoice}
    assert [cost(bench, DineroInvoiceOperator, **arguments) for _ in range(2)] == [first, again]


def test_a_credit_note_costs(bench: Bench, beside: Any, customer: str) -> None:
    table = (ROOT / "docs" / "rate-limits.md").read_text()
    for part, row in (
        ({}, "a credit note for a whole invoice: create, book"),
        ({"ProductLines": [line()]}, "… for a part of it"),
    ):
        made = beside.invoices.create({"ContactGuid": customer, "ProductLines": [line(Quantity=2)]})
        options = {"invoice": beside.invoices.book(made["Guid"])["Guid"], "idempotency_key": row, "book": True}
        measured = [cost(bench, DineroCreateCreditNoteOperator, **options, credit_note=part) for _ in range(2)]
        assert f"{row} | {measured[0]} | {measured[1]} |" in table


class Books:
    """The data of the tasks in the table: a customer, invoices, and a file."""

    def __init__(self, beside: Any, customer: str, folder: Path) -> None:
        self.beside, self.customer = beside, customer
        self.body = {"ContactGuid": customer, "ProductLines": [line()]}
        self.file = str(folder / "receipt.pdf")
        (folder / "receipt.pdf").write_bytes(b"%PDF-1.4")
        self.pdf = str(folder / "invoice.pdf")

    def draft(self, **more: Any) -> dict[str, Any]:
        made = self.beside.invoices.create({**self.body, **more})
        return {name: made[name] for name in ("Guid", "TimeStamp")}

    def booked(self, **more: Any) -> str:
        return str(self.beside.invoices.book(self.draft(**more)["Guid"])["Guid"])

    def latest(self) -> dict[str, Any]:
        made = self.beside.invoices.get(self.booked())
        return {name: made[name] for name in ("Guid", "TimeStamp", "Status")}

    def late(self) -> str:
        terms = {"PaymentConditionType": "Netto", "PaymentConditionNumberOfDays": 5}
        return self.booked(Date="2026-01-05", **terms)

    @property
    def contact(self) -> dict[str, Any]:
        return {"ExternalReference": "c-1", "Name": "Bo", "CountryKey": "DK", "IsPerson": True}

    @property
    def product(self) -> dict[str, Any]:
        priced = {"BaseAmountValue": "80.00", "Quantity": 1, "AccountNumber": 1000, "Unit": "parts"}
        return {"ExternalReference": "p-1", "Name": "Bell", **priced}

    @property
    def expense(self) -> dict[str, Any]:
        lines = [{"Description": "Papir", "Amount": "125.00", "AccountNumber": 6000}]
        return {"PurchaseType": "cash", "DepositAccountNumber": 55000, "RegionKey": "DK", "Lines": lines}

    @property
    def note(self) -> dict[str, Any]:
        return {"ContactGuid": self.customer, "Lines": self.expense["Lines"]}

    @property
    def moved(self) -> dict[str, Any]:
        return {"Description": "Indskud", "Amount": "500", "AccountNumber": 55000, "BalancingAccountNumber": 55010}


PAID = {**PAYMENT, "Amount": "125.00"}
SMS = {"channel": "sms", "mailout": {"ReceiverPhoneNumber": "12345678"}}
REMINDER = {"date": "2026-02-01", "book": True}
# By the row of the table: the operator, and its arguments.
TASKS: dict[str, tuple[Any, Callable[[Books], dict[str, Any]]]] = {
    "a contact or a product: `upsert`": (DineroUpsertContactOperator, lambda b: {"contact": b.contact}),
    "a contact or a product: `upsert` ": (DineroUpsertProductOperator, lambda b: {"product": b.product}),
    "an invoice: create": (DineroCreateInvoiceOperator, lambda b: {"invoice": b.body, "idempotency_key": "a"}),
    "… book, when the create task's return value is passed on": (
        DineroBookInvoiceOperator,
        lambda b: {"invoice": b.draft()},
    ),
    "… book, by its Guid": (DineroBookInvoiceOperator, lambda b: {"invoice": b.draft()["Guid"]}),
    "… e-mail": (DineroSendInvoiceOperator, lambda b: {"invoice": b.booked()}),
    "… payment": (
        DineroAddPaymentOperator,
        lambda b: {"invoice": b.latest(), "payment": PAID, "idempotency_key": "a"},
    ),
    "an invoice's PDF: download": (DineroDownloadInvoiceOperator, lambda b: {"invoice": b.booked(), "path": b.pdf}),
    "a receipt: upload, if Dinero's file archive has at most 1,000 files of that type": (
        DineroUploadFileOperator,
        lambda b: {"file_path": b.file},
    ),
    "an expense with a new receipt, booked": (
        DineroPurchaseVoucherOperator,
        lambda b: {"voucher": b.expense, "receipt": b.file, "idempotency_key": "a", "book": True},
    ),
    "a purchase credit note: create, book": (
        DineroPurchaseCreditNoteOperator,
        lambda b: {"credit_note": b.note, "idempotency_key": "a", "book": True},
    ),
    "a manual voucher, booked; 1 more if its lines balance only with the VAT that Dinero adds": (
        DineroManualVoucherOperator,
        lambda b: {
            "voucher": {"VoucherDate": "2026-01-02", "Lines": [b.moved]},
            "idempotency_key": "a",
            "book": True,
        },
    ),
    "an e-invoice, an electronic credit note or reminder": (
        DineroSendInvoiceOperator,
        lambda b: {"invoice": b.booked(), "channel": "einvoice"},
    ),
    "an SMS": (DineroSendInvoiceOperator, lambda b: {"invoice": b.booked(), "channel": "sms"}),
    "… to a phone number that you give": (DineroSendInvoiceOperator, lambda b: {"invoice": b.booked(), **SMS}),
    "a reminder: create, book": (DineroRemindOperator, lambda b: {"invoice": b.late(), **REMINDER}),
    "… and e-mail": (DineroRemindOperator, lambda b: {"invoice": b.late(), **REMINDER, "send": "email"}),
    "… to a `Receiver` that you give": (
        DineroRemindOperator,
        lambda b: {"invoice": b.late(), **REMINDER, "send": "email", "mailout": {"Receiver": "a@b.dk"}},
    ),
    "… and send electronically": (
        DineroRemindOperator,
        lambda b: {"invoice": b.late(), **REMINDER, "send": "einvoice"},
    ),
    "a pre-reminder": (DineroRemindOperator, lambda b: {"invoice": b.late(), "kind": "pre-reminder"}),
    "an attachment": (DineroAttachFileOperator, lambda b: {"attach_to": b.booked(), "file_path": b.file}),
    "ledger items, up to 1,000 lines, as drafts": (
        DineroPostLedgerItemsOperator,
        lambda b: {"lines": [{"VoucherDate": "2026-01-02", "VoucherNumber": 7, **b.moved}], "idempotency_key": "a"},
    ),
}


def told(row: str) -> list[int]:
    """The figures of a row of the table: the first time, and again."""
    table = (ROOT / "docs" / "rate-limits.md").read_text()
    (line_of,) = [each for each in table.splitlines() if each.startswith(f"| {row.strip()} |")]
    return [int(re.findall(r"[0-9]+", cell)[0]) for cell in line_of.split("|")[2:4]]


@pytest.mark.parametrize("row", TASKS)
def test_a_task_costs_what_the_table_says(bench: Bench, beside: Any, customer: str, tmp_path: Path, row: str) -> None:
    operator, arguments = TASKS[row]
    given = arguments(Books(beside, customer, tmp_path))
    assert [cost(bench, operator, **given) for _ in range(2)] == told(row)


# What creates with one request: the operator, what it takes, and the requests after a clear.
CREATES: dict[str, tuple[Any, Callable[[Books], dict[str, Any]], int]] = {
    "invoice": (DineroCreateInvoiceOperator, lambda b: {"invoice": b.body}, 1),
    "invoice's life": (DineroInvoiceOperator, lambda b: {"invoice": b.body}, 1),
    "credit note": (DineroCreateCreditNoteOperator, lambda b: {"credit_note": b.body}, 1),
    "trade offer": (DineroCreateTradeOfferOperator, lambda b: {"trade_offer": b.body}, 1),
    "purchase credit note": (DineroPurchaseCreditNoteOperator, lambda b: {"credit_note": b.note}, 1),
    "ledger items": (DineroPostLedgerItemsOperator, lambda b: {"lines": [{"VoucherDate": "2026-01-02", **b.moved}]}, 2),
}


@pytest.mark.parametrize("name", CREATES)
def test_a_cleared_task_that_created_reads_first(
    bench: Bench, beside: Any, customer: str, tmp_path: Path, name: str
) -> None:
    operator, arguments, again = CREATES[name]
    with bench.dag() as dag:
        operator(task_id="it", **arguments(Books(beside, customer, tmp_path)))
    before = len(bench.sandbox.requests())
    run = bench.run(dag)
    assert (run["it"].state, len(sent(bench, before))) == ("success", 1), run["it"].log
    cleared = bench.again(run)["it"]
    read = sent(bench, before)[1:]
    assert (cleared.state, len(read)) == ("success", again), cleared.log
    assert 409 not in [each["status"] for each in read]


@pytest.mark.usefixtures("hurried")
def test_a_retry_that_created_reads_first(bench: Bench, beside: Any, customer: str, tmp_path: Path) -> None:
    bench.sandbox.fault("status", status=503, method="POST", path="/**/book", times=4)
    with bench.dag(default_args={"retries": 1, "retry_delay": timedelta()}) as dag:
        DineroInvoiceOperator(task_id="it", invoice=Books(beside, customer, tmp_path).body, book=True)
    before = len(bench.sandbox.requests())
    told = bench.run(dag)["it"]
    assert (told.state, len(told.errors)) == ("success", 1), told.log
    made = [each for each in sent(bench, before) if "/book" not in each["path"]]
    assert [(each["method"], each["status"]) for each in made] == [("POST", 200), ("GET", 200)]
