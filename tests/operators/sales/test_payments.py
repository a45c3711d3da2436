"""Payments of invoices."""

from typing import Any

from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator
from airflow_provider_dinero.operators.payments import DineroAddPaymentOperator
from tests.conftest import line
from tests.operators.bench import Bench
from tests.operators.sales.conftest import failed

PAYMENT = {"DepositAccountNumber": 55000, "Description": "Bank", "Amount": "100"}


def test_a_payment_is_registered_once(bench: Bench, beside: Any, booked: dict[str, Any]) -> None:
    arguments = {"invoice": booked, "payment": PAYMENT, "idempotency_key": "bank-1"}
    assert bench.one(DineroAddPaymentOperator, **arguments, dry_run=True).returned["DryRun"] is True
    first = bench.one(DineroAddPaymentOperator, **arguments)
    assert first.returned["Change"] == "created"
    assert "invoice 1 paid 100.00 DKK" in first.log
    again = bench.one(DineroAddPaymentOperator, **arguments)
    assert (again.returned["PaymentGuid"], again.returned["Change"]) == (first.returned["PaymentGuid"], "unchanged")
    assert "invoice 1 was already paid 100.00 DKK" in again.log
    # The TimeStamp of the first is stale by now: read again, and paid.
    other = bench.one(DineroAddPaymentOperator, **{**arguments, "idempotency_key": "bank-2"})
    assert other.returned["Change"] == "created"
    payments = beside.invoices.payments(booked["Guid"])["Payments"]
    assert [each["ExternalReference"] for each in payments] == ["bank-1", "bank-2"]
    text = failed(bench.one(DineroAddPaymentOperator, **{**arguments, "payment": {**PAYMENT, "Amount": "99"}}))
    assert "Amount: Dinero has '100', you gave '99'" in text


def test_what_is_no_payment(bench: Bench, draft: dict[str, Any], booked: dict[str, Any]) -> None:
    given = {"invoice": booked["Guid"], "retries": 1}
    for wrong, reason in (
        ({**PAYMENT, "Amount": 0}, "Amount"),
        ({**PAYMENT, "Date": "2026-01-01"}, "did you mean PaymentDate"),
        ({**PAYMENT, "DepositAccountNumber": 1000}, "code 86"),
        ({**PAYMENT, "Amount": "200", "RemainderIsFee": True}, "RemainderIsFee"),
    ):
        assert reason in failed(bench.one(DineroAddPaymentOperator, payment=wrong, **given))
    twice = {"payment": {**PAYMENT, "ExternalReference": "a"}, "idempotency_key": "b"}
    assert "pass one" in failed(bench.one(DineroAddPaymentOperator, **twice, **given))
    assert bench.sandbox.state()["payments"] == 0


def test_a_draft_is_not_paid(bench: Bench, draft: dict[str, Any]) -> None:
    assert "code 59" in failed(bench.one(DineroAddPaymentOperator, invoice=draft, payment=PAYMENT))


def test_a_payment_in_another_currency_is_known_again(bench: Bench, beside: Any, contact: str) -> None:
    content = {"ContactGuid": contact, "ProductLines": [line()], "Currency": "EUR"}
    payment = {**PAYMENT, "Amount": "900", "AmountInForeignCurrency": "125"}
    life = {"invoice": content, "idempotency_key": "x" * 200, "book": True, "payment": payment}
    assert bench.one(DineroInvoiceOperator, **life).returned["Change"] == "created"
    again = bench.one(DineroInvoiceOperator, **life)
    assert again.state == "success", again.errors
    assert again.returned["Change"] == "unchanged"
    assert bench.sandbox.state()["payments"] == 1
