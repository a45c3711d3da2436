"""Credit notes of whole invoices and of lines."""

from typing import Any

from airflow_provider_dinero.operators.credit_notes import DineroCreateCreditNoteOperator
from airflow_provider_dinero.operators.invoices import DineroCreateInvoiceOperator
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
    assert "There is no channel 'sms'.\nUse email or einvoice" in failed(told)


def test_a_credit_note_goes_electronically(bench: Bench, beside: Any, office: dict[str, Any]) -> None:
    invoice = beside.invoices.create({"ContactGuid": office["ContactGuid"], "ProductLines": [line()]})["Guid"]
    beside.invoices.book(invoice)
    arguments = {"invoice": invoice, "idempotency_key": "e", "book": True, "send": "einvoice"}
    for change in ("created", "unchanged"):
        told = bench.one(DineroCreateCreditNoteOperator, **arguments)
        assert (told.returned["Recipients"], told.returned["Change"]) == ([f"GLN {EAN}"], change)
    assert [each["document_type"] for each in bench.sandbox.outbox()] == ["CreditNote"]


def test_a_part_is_as_its_invoice(bench: Bench, beside: Any, contact: str) -> None:
    made = beside.invoices.create({
        "ContactGuid": contact,
        "ShowLinesInclVat": True,
        "Currency": "EUR",
        "Language": "en-GB",
        "ProductLines": [line(BaseAmountValue="125.00", Quantity=4)],
    })
    invoice = beside.invoices.book(made["Guid"])["Guid"]
    arguments = {"invoice": invoice, "credit_note": {"ProductLines": [line(BaseAmountValue="125.00")]}, "book": True}
    told = bench.one(DineroCreateCreditNoteOperator, **arguments, idempotency_key="a", expected_total="125.00")
    assert (told.state, told.returned["TotalInclVat"], told.returned["Currency"]) == ("success", "125.00", "EUR")
    row = next(each for each in beside.credit_notes.list() if each["Guid"] == told.returned["Guid"])
    assert told.returned["TotalInclVatInDkk"] == f"{row['TotalInclVatInDkk']:.2f}" != "125.00"
    there = beside.credit_notes.get(told.returned["Guid"])
    assert (there["ContactGuid"], there["Language"], there["ShowLinesInclVat"]) == (contact, "en-GB", True)
    again = bench.one(DineroCreateCreditNoteOperator, **arguments, idempotency_key="a", expected_total="125.00")
    assert again.returned["Change"] == "unchanged"
    assert beside.invoices.payments(invoice)["RemainingAmount"] == 375


def test_no_more_is_credited_than_is_left(bench: Bench, beside: Any, booked: dict[str, Any]) -> None:
    def credit(key: str, price: str, **more: Any) -> Any:
        note = {"ProductLines": [line(BaseAmountValue=price)]}
        options = {"invoice": booked["Guid"], "credit_note": note, "idempotency_key": key, "book": True, **more}
        return bench.one(DineroCreateCreditNoteOperator, **options)

    assert credit("a", "40").state == "success"
    left = "comes to 87.50, but the invoice to 125.00 DKK, of which 50.00 is already credited: 75.00 is left to credit"
    assert left in failed(credit("b", "70"))
    assert left in failed(credit("b", "70", dry_run=True))
    whole = bench.one(DineroCreateCreditNoteOperator, invoice=booked["Guid"], idempotency_key="c", book=True)
    assert "75.00 is left to credit" in failed(whole)
    assert [each["Status"] for each in beside.credit_notes.list()].count("Draft") == 2
    # Payments aren't credit, and what is left may be credited.
    beside.invoices.add_payment(
        booked["Guid"], {"DepositAccountNumber": 55000, "Description": "x", "Amount": 75, "RemainderIsFee": False}
    )
    assert credit("b", "60").returned["TotalInclVat"] == "75.00"


def test_what_would_raise_the_debt_is_refused(bench: Bench, beside: Any, booked: dict[str, Any], office: Any) -> None:
    for wrong, reason in (
        ({"ProductLines": [line(BaseAmountValue="-40")]}, "BaseAmountValue: -40 is negative, and a credit note counts"),
        ({"ProductLines": [line(Quantity=-1)]}, "Quantity: -1 is negative"),
        ({"ProductLines": [line()], "ContactGuid": office["ContactGuid"]}, "is for the contact"),
    ):
        text = failed(bench.one(DineroCreateCreditNoteOperator, invoice=booked, credit_note=wrong, book=True))
        assert reason in text
    text = failed(bench.one(DineroCreateCreditNoteOperator, credit_note={"ProductLines": [line(Quantity=-1)]}))
    assert "Quantity: -1 is negative" in text
    text = failed(bench.one(DineroCreateInvoiceOperator, invoice={"ProductLines": [line(BaseAmountValue="-40")]}))
    assert "come to -40.00: an invoice can't be negative" in text
    assert bench.sandbox.state()["invoices"] == 1


def test_a_whole_credit_keeps_the_text_and_price_of_its_invoice(bench: Bench, beside: Any, contact: str) -> None:
    product = {"Name": "Saddel", "BaseAmountValue": "99.95", "Quantity": 1, "AccountNumber": 1000, "Unit": "parts"}
    guid = beside.products.create(product)["ProductGuid"]
    lines = [{"ProductGuid": guid, "BaseAmountValue": "80", "Quantity": 2, "AccountNumber": 1000, "Unit": "parts"}]
    lines.append(line(Description="Rabat", BaseAmountValue="-10"))  # what an invoice has taken off is taken back
    made = beside.invoices.create({"ContactGuid": contact, "ProductLines": lines})
    invoice = beside.invoices.book(made["Guid"])
    beside.products.update(guid, {**product, "Name": "Sadel, ny", "BaseAmountValue": "120"})
    beside.products.delete(guid)
    arguments = {"invoice": invoice["Guid"], "idempotency_key": "a", "book": True}
    for change in ("created", "unchanged"):
        told = bench.one(DineroCreateCreditNoteOperator, **arguments)
        assert (told.state, told.returned["Change"]) == ("success", change), told.errors
    there = beside.credit_notes.get(told.returned["Guid"])
    assert [each["Description"] for each in there["ProductLines"]] == ["Saddel", "Rabat"]
    assert there["TotalInclVat"] == invoice["TotalInclVat"]
