"""The requests of an invoice's life, as docs/rate-limits.md has them: the first time, again, and after a clear."""

from datetime import timedelta
from typing import Any

import pytest
from local import ROOT

from airflow_provider_dinero.operators.call import DineroOperator
from airflow_provider_dinero.operators.credit_notes import DineroCreateCreditNoteOperator
from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator
from airflow_provider_dinero.operators.invoices import DineroCreateInvoiceOperator
from airflow_provider_dinero.operators.ledger import DineroPostLedgerItemsOperator
from airflow_provider_dinero.operators.purchase_credit_notes import DineroPurchaseCreditNoteOperator
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
    "dry run": ({"send": "email", "dry_run": True}, 2, 2),
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
    arguments = {"invoice": {"ContactGuid": customer, "ProductLines": [line()]}, "idempotency_key": "a", "book": True}
    assert [cost(bench, DineroInvoiceOperator, **arguments, **more) for _ in range(2)] == [first, again]


LINE = {
    "VoucherDate": "2026-01-02",
    "Description": "Salg",
    "Amount": "100.00",
    "AccountNumber": 55000,
    "BalancingAccountNumber": 1000,
}
BODY = {"ProductLines": [line()]}
OFFER = {**BODY, "ContactGuid": "{{ dag_run.conf.customer }}"}
PURCHASE_LINE = {"Description": "Retur", "AccountNumber": 2010, "Amount": 50, "VatCode": "I25"}
# Each with the requests of a clear; the first time it is one, and in another run one more than after a clear.
CREATES: dict[str, tuple[Any, dict[str, Any], int]] = {
    "invoice": (DineroCreateInvoiceOperator, {"invoice": BODY}, 1),
    "invoice's life": (DineroInvoiceOperator, {"invoice": BODY}, 1),
    "call": (DineroOperator, {"operation": "invoices.create", "arguments": {"body": BODY}}, 1),
    "trade offer": (DineroCreateTradeOfferOperator, {"trade_offer": OFFER}, 1),
    "credit note": (DineroCreateCreditNoteOperator, {"credit_note": BODY}, 1),
    "purchase credit note": (DineroPurchaseCreditNoteOperator, {"credit_note": {"Lines": [PURCHASE_LINE]}}, 1),
    "ledger": (DineroPostLedgerItemsOperator, {"lines": [LINE]}, 2),
}


@pytest.mark.parametrize("name", CREATES)
def test_a_cleared_task_that_created_reads_first(bench: Bench, customer: str, name: str) -> None:
    operator, arguments, again = CREATES[name]
    before = len(bench.sandbox.requests())
    with bench.dag() as dag:
        operator(task_id="it", **arguments)
    run = bench.run(dag, customer=customer)
    assert (run["it"].state, len(sent(bench, before))) == ("success", 1), run["it"].log
    cleared = bench.again(run)["it"]
    read = sent(bench, before)[1:]
    assert (cleared.state, len(read)) == ("success", again), cleared.log
    assert 409 not in [each["status"] for each in read]


@pytest.mark.usefixtures("hurried")
def test_a_retry_that_created_reads_first(bench: Bench, customer: str) -> None:
    before = len(bench.sandbox.requests())
    bench.sandbox.fault("status", status=503, method="POST", path="/**/book", times=4)
    with bench.dag(default_args={"retries": 1, "retry_delay": timedelta()}) as dag:
        invoice = {"ContactGuid": customer, "ProductLines": [line()]}
        DineroInvoiceOperator(task_id="it", invoice=invoice, book=True)
    told = bench.run(dag)["it"]
    assert (told.state, len(told.errors)) == ("success", 1), told.log
    made = [each for each in sent(bench, before) if "/book" not in each["path"]]
    assert [(each["method"], each["status"]) for each in made] == [("POST", 200), ("GET", 200)]


def test_a_credit_note_costs(bench: Bench, beside: Any, customer: str) -> None:
    table = (ROOT / "docs" / "rate-limits.md").read_text()
    for part, row in (({}, "for all of an invoice: create, book"), ({"ProductLines": [line()]}, "… for a part of it")):
        made = beside.invoices.create({"ContactGuid": customer, "ProductLines": [line(Quantity=2)]})
        options = {"invoice": beside.invoices.book(made["Guid"])["Guid"], "idempotency_key": row, "book": True}
        measured = [cost(bench, DineroCreateCreditNoteOperator, **options, credit_note=part) for _ in range(2)]
        assert f"{row} | {measured[0]} | {measured[1]} |" in table
