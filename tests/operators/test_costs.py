"""The requests of an invoice's life, as docs/rate-limits.md has them: the first time, and again."""

from typing import Any

import pytest
from local import ROOT

from airflow_provider_dinero.operators.credit_notes import DineroCreateCreditNoteOperator
from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator
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


def cost(bench: Bench, operator: Any, **arguments: Any) -> int:
    before = len(bench.sandbox.requests())
    told = bench.one(operator, **arguments)
    assert told.state == "success", told.errors
    return len([each for each in bench.sandbox.requests()[before:] if "token" not in each["path"]])


@pytest.mark.parametrize("name", LIVES)
def test_a_life_costs(bench: Bench, customer: str, name: str) -> None:
    more, first, again = LIVES[name]
    arguments = {"invoice": {"ContactGuid": customer, "ProductLines": [line()]}, "idempotency_key": "a", "book": True}
    assert [cost(bench, DineroInvoiceOperator, **arguments, **more) for _ in range(2)] == [first, again]


def test_a_credit_note_costs(bench: Bench, beside: Any, customer: str) -> None:
    table = (ROOT / "docs" / "rate-limits.md").read_text()
    for part, row in (({}, "for all of an invoice: create, book"), ({"ProductLines": [line()]}, "… for a part of it")):
        made = beside.invoices.create({"ContactGuid": customer, "ProductLines": [line(Quantity=2)]})
        options = {"invoice": beside.invoices.book(made["Guid"])["Guid"], "idempotency_key": row, "book": True}
        measured = [cost(bench, DineroCreateCreditNoteOperator, **options, credit_note=part) for _ in range(2)]
        assert f"{row} | {measured[0]} | {measured[1]} |" in table
