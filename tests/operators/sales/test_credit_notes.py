"""Credit notes, of all of an invoice and of lines."""

from typing import Any

from airflow_provider_dinero.operators.credit_notes import DineroCreateCreditNoteOperator
from tests.conftest import line
from tests.operators.bench import Bench
from tests.operators.sales.conftest import EAN, failed


def test_all_of_an_invoice_is_credited_once(bench: Bench, beside: Any, contact: str) -> None:
    product = beside.products.create({
        "Name": "Saddel",
        "BaseAmountValue": "99.95",
        "Quantity": 1,
        "AccountNumber": 1000,
        "Unit": "parts",
    })["ProductGuid"]
    lines = [
        line(BaseAmountValue="33.33", Quantity="3", Discount="12.5", Comments="red"),
        {"LineType": "Text", "Description": "Tak", "BaseAmountValue": 0, "Quantity": 0, "AccountNumber": 0},
        {"ProductGuid": product, "BaseAmountValue": "99.95", "Quantity": 2, "AccountNumber": 1000, "Unit": "parts"},
    ]
    for vat, key in ((False, "a"), (True, "b")):
        made = beside.invoices.create({
            "ContactGuid": contact,
            "ShowLinesInclVat": vat,
            "ProductLines": lines,
            "Address": "Her",
        })
        invoice = beside.invoices.book(made["Guid"])
        arguments = {"invoice": invoice["Guid"], "idempotency_key": key, "book": True, "send": "email"}
        dry = bench.one(DineroCreateCreditNoteOperator, **arguments, dry_run=True).returned
        assert dry["TotalInclVat"] == f"{invoice['TotalInclVat']:.2f}"
        told = bench.one(DineroCreateCreditNoteOperator, **arguments)
        assert told.state == "success", told.errors
        assert (told.returned["Guid"], told.returned["TotalInclVat"]) == (dry["Guid"], dry["TotalInclVat"])
        assert beside.invoices.get(invoice["Guid"])["PaymentStatus"] == "Paid"
        assert "booked credit note" in told.log
        again = bench.one(DineroCreateCreditNoteOperator, **arguments)
        assert (again.returned["Number"], again.returned["Change"]) == (told.returned["Number"], "unchanged")
    assert len(bench.sandbox.outbox()) == 2


def test_a_part_is_credited(bench: Bench, beside: Any, booked: dict[str, Any], contact: str) -> None:
    part = {"ContactGuid": contact, "ProductLines": [line(BaseAmountValue="40")]}
    arguments = {"invoice": booked, "idempotency_key": "part"}
    told = bench.one(DineroCreateCreditNoteOperator, credit_note=part, **arguments)
    assert told.returned["Change"] == "created"
    booking = bench.one(DineroCreateCreditNoteOperator, credit_note=part, **arguments, book=True)
    assert (booking.returned["TotalInclVat"], booking.returned["Change"]) == ("50.00", "updated")
    assert beside.invoices.payments(booked["Guid"])["RemainingAmount"] == 75
    other = {**part, "ProductLines": [line(BaseAmountValue="41")]}
    text = failed(bench.one(DineroCreateCreditNoteOperator, credit_note=other, **arguments))
    assert "Dinero has '40', you gave '41'" in text


def test_what_is_not_credited(bench: Bench, draft: dict[str, Any]) -> None:
    text = failed(bench.one(DineroCreateCreditNoteOperator, invoice=draft, retries=1))
    assert "is not booked: there is nothing to credit" in text
    assert "ProductLines is missing" in failed(bench.one(DineroCreateCreditNoteOperator))
    told = bench.one(DineroCreateCreditNoteOperator, invoice=draft, book=True, send="sms")
    assert "'sms' is not a way to send: email, einvoice" in failed(told)


def test_a_credit_note_goes_electronically(bench: Bench, beside: Any, office: dict[str, Any]) -> None:
    invoice = beside.invoices.create({"ContactGuid": office["ContactGuid"], "ProductLines": [line()]})["Guid"]
    beside.invoices.book(invoice)
    arguments = {"invoice": invoice, "idempotency_key": "e", "book": True, "send": "einvoice"}
    for change in ("created", "unchanged"):
        told = bench.one(DineroCreateCreditNoteOperator, **arguments)
        assert (told.returned["Recipients"], told.returned["Change"]) == ([f"GLN {EAN}"], change)
    assert [each["document_type"] for each in bench.sandbox.outbox()] == ["CreditNote"]
