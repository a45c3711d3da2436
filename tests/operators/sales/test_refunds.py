"""A credit note, then a negative payment of the invoice; and what the terms "Paid" don't do."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_dinero.operators.credit_notes import DineroCreateCreditNoteOperator
from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator
from airflow_provider_dinero.operators.invoices import DineroCreateInvoiceOperator
from airflow_provider_dinero.operators.payments import DineroAddPaymentOperator
from tests.conftest import line
from tests.operators.bench import Bench

BANK = {"DepositAccountNumber": 55000, "Description": "Bank"}
PAID_BACK = {**BANK, "Amount": "-125.00", "Description": "Refund"}


def test_a_refund_is_a_credit_note_and_a_negative_payment_each_once(
    bench: Bench, beside: Any, booked: dict[str, Any]
) -> None:
    beside.invoices.add_payment(booked["Guid"], {**BANK, "Amount": "125.00", "RemainderIsFee": False})
    for change in ("created", "unchanged"):
        note = bench.one(DineroCreateCreditNoteOperator, invoice=booked, idempotency_key="return-1", book=True)
        assert (note.state, note.returned["TotalInclVat"]) == ("success", "125.00")
        given = {"invoice": booked, "idempotency_key": "refund-1", "payment": PAID_BACK}
        told = bench.one(DineroAddPaymentOperator, **given, retries=1)
        assert told.returned["Change"] == change, told.error
        assert f"invoice 1 {'was already ' if change == 'unchanged' else ''}refunded" in told.log
    payments = beside.invoices.payments(booked["Guid"])
    assert (payments["RemainingAmount"], beside.invoices.get(booked["Guid"])["PaymentStatus"]) == (0, "Paid")
    assert [each["Amount"] for each in payments["Payments"]].count(-125) == 1
    now = datetime.now(UTC)
    entries = list(beside.entries.changes(now - timedelta(hours=1), now + timedelta(hours=1)))
    for account in (55000, 56000, 1000, 64000):
        assert sum(row["Amount"] for row in entries if row["AccountNumber"] == account) == 0


@pytest.mark.parametrize("paid", [False, True])
def test_the_terms_paid_pay_nothing_and_that_is_said(bench: Bench, beside: Any, contact: str, paid: bool) -> None:
    invoice = {"ContactGuid": contact, "ProductLines": [line()], "PaymentConditionType": "Paid"}
    more = {"payment": BANK} if paid else {}
    told = bench.one(DineroInvoiceOperator, invoice=invoice, idempotency_key="order-1", book=True, **more)
    assert told.state == "success", told.errors
    assert told.log.count("the invoice stays open until a payment is registered") == (not paid)
    assert beside.invoices.get(told.returned["Guid"])["PaymentStatus"] == ("Paid" if paid else "Booked")


def test_a_draft_has_no_number(bench: Bench, beside: Any, contact: str) -> None:
    arguments = {"invoice": {"ContactGuid": contact, "ProductLines": [line()]}, "idempotency_key": "order-1"}
    bench.one(DineroCreateInvoiceOperator, **arguments)
    again = bench.one(DineroCreateInvoiceOperator, **arguments)
    assert (again.returned["Status"], again.returned["Number"]) == ("Draft", None)
    (row,) = beside.invoices.list(fields=["number"])
    assert row["Number"] is None
