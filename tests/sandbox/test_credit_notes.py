from __future__ import annotations

import io
from typing import Any

import pypdf
import pytest

from .conftest import Caller, Draft, line
from .test_payments import entries, pay, payments, status

NOTES = "/sales/creditnotes"
GUID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


@pytest.fixture
def credit(call: Caller, contact: str) -> Draft:
    """Create and book a credit note of 100 plus VAT, or with the given values."""

    def create(*lines: dict[str, Any], **more: Any) -> dict[str, Any]:
        body = {"ContactGuid": contact, "ProductLines": list(lines) or [line()], **more}
        created = call("POST", NOTES, json=body)
        stamp = {"Timestamp": created["TimeStamp"]}
        booked: dict[str, Any] = call("POST", f"{NOTES}/{created['Guid']}/book", json=stamp)
        return booked

    return create


def test_draft_replaced_and_deleted(call: Caller, contact: str) -> None:
    body = {"Guid": GUID, "ContactGuid": contact, "ProductLines": [line()]}
    created = call("POST", NOTES, json=body)
    assert call("POST", NOTES, 409, json=body)["code"] == 72
    note = call("GET", f"{NOTES}/{GUID}")
    assert (note["Description"], note["Status"], note["Number"]) == ("Kreditnota", "Draft", 0)
    assert (note["LatestMailOutType"], str(note["TotalInclVat"])) == (None, "125.00")
    stamp = {"Timestamp": created["TimeStamp"]}
    change = {**body, **stamp, "ProductLines": [line(200)]}
    updated = call("PUT", f"{NOTES}/{GUID}", version="v1.2", json=change)
    assert str(call("GET", f"{NOTES}/{GUID}")["TotalInclVat"]) == "250.00"
    assert call.code("DELETE", f"{NOTES}/{GUID}", json=stamp) == 58
    call("DELETE", f"{NOTES}/{GUID}", json={"Timestamp": updated["TimeStamp"]})
    assert call("GET", f"{NOTES}/{GUID}")["DeletedAt"]


def test_invoices_and_credit_notes_are_each_others_unknown(call: Caller, booked: Draft, credit: Draft) -> None:
    assert call.code("GET", f"/invoices/{credit()['Guid']}") == 63
    assert call.code("GET", f"{NOTES}/{booked()['Guid']}") == 63


def test_they_share_numbers_and_lists(call: Caller, booked: Draft, credit: Draft) -> None:
    booked(Description="first")
    credit(Description="second")
    fields = {"fields": "Number,Type,Description,PaymentDate"}
    rows = [list(row.values()) for row in call("GET", "/sales", params=fields)["Collection"]]
    assert rows == [[2, "CreditNote", "second", None], [1, "Invoice", "first", "2026-03-18"]]
    fields = {"fields": "Number,Type"}
    assert call("GET", NOTES, params=fields)["Collection"] == [{"Number": 2, "Type": "CreditNote"}]
    assert [row["Number"] for row in call("GET", "/invoices", params={"fields": "Number"})["Collection"]] == [1]


def test_booking_settles_the_invoice(call: Caller, booked: Draft, credit: Draft) -> None:
    guid = booked()["Guid"]
    note = credit(line(60), CreditNoteFor=guid)
    assert entries(call, note["Guid"]) == {56000: "-75.00", 1000: "60.00", 64000: "15.00"}
    assert (status(call, guid), note["PaymentStatus"]) == ("Booked", "Paid")
    known = payments(call, guid)
    assert str(known["RemainingAmount"]) == "50.00"
    (payment,) = known["Payments"]
    assert (payment["RelatedVoucherId"], payment["DepositAccountNumber"]) == (note["Guid"], None)
    stamp = {"Timestamp": call("GET", f"/invoices/{guid}")["TimeStamp"]}
    assert call.code("DELETE", f"/invoices/{guid}/payments/{payment['Guid']}", json=stamp) == 45
    pay(call, guid, 50)
    assert status(call, guid) == "Paid"
    credit(line(1), CreditNoteFor=guid)
    assert status(call, guid) == "OverPaid"


def test_generated_for_all_of_an_invoice(call: Caller, booked: Draft, draft: Draft) -> None:
    invoice = booked(line(10.5, Quantity=3), line(7, 1050), Date="2026-02-01", Comment="tak")
    created = call("POST", f"/invoices/{invoice['Guid']}/generate-creditnote")
    note = call("GET", f"{NOTES}/{created['Guid']}")
    assert (note["CreditNoteFor"], note["Status"], note["Date"]) == (invoice["Guid"], "Draft", "2026-03-10")
    assert (note["TotalInclVat"], note["ProductLines"]) == (invoice["TotalInclVat"], invoice["ProductLines"])
    booked_note = call("POST", f"{NOTES}/{created['Guid']}/book", json={"Timestamp": created["TimeStamp"]})
    assert (booked_note["PaymentDate"], booked_note["PaymentConditionType"]) == (None, None)
    assert status(call, invoice["Guid"]) == "Paid"
    assert call.code("POST", f"/invoices/{draft()['Guid']}/generate-creditnote") == 59


@pytest.mark.parametrize(("change", "code"), [({"CreditNoteFor": GUID}, 63), ({"ProductLines": []}, 45)])
def test_refused(call: Caller, change: dict[str, Any], code: int) -> None:
    assert call.code("POST", NOTES, json={"ProductLines": [line()], **change}) == code


def test_another_currency_than_the_invoice_is_refused(call: Caller, booked: Draft) -> None:
    body = {"CreditNoteFor": booked(Currency="EUR")["Guid"], "ProductLines": [line()]}
    assert call.code("POST", NOTES, json=body) == 42


def test_free_standing_one_is_paid_out(call: Caller, credit: Draft) -> None:
    note = credit()
    path = f"{NOTES}/{note['Guid']}"
    body = {"Timestamp": note["TimeStamp"], "DepositAccountNumber": 55000, "Description": "Bank", "Amount": 125}
    assert note["PaymentStatus"] == "Booked"
    paid = call("POST", f"{path}/payments", json=body)
    assert entries(call, paid["RelatedVoucherGuid"]) == {55000: "-125.00", 56000: "125.00"}
    assert call("GET", path)["PaymentStatus"] == "Paid"
    assert len(call("GET", f"{path}/payments")["Payments"]) == 1
    call("DELETE", f"{path}/payments/{paid['Guid']}")
    assert call("GET", path)["PaymentStatus"] == "Booked"


def test_mail_and_pdf(call: Caller, credit: Draft) -> None:
    path = f"{NOTES}/{credit()['Guid']}"
    assert call("GET", f"{path}/email/template")["Subject"] == "Kreditnota 1"
    sent = call("POST", f"{path}/email", json={"Message": "Se [link-to-pdf]"})
    assert sent == {"Recipients": [{"Email": "bogholderi@cykelbud.example"}]}
    (mailout,) = call("GET", f"{path}/mailouts")
    assert (mailout["Message"], mailout["Type"]) == ("Se [link-to-pdf]", "Mailout")
    assert call("GET", path)["LatestMailOutType"] == "mailout"
    assert call.sandbox.outbox()[0]["document_type"] == "CreditNote"
    for response in (
        call.raw("GET", f"{path}/pdf"),
        call.raw("GET", path, headers={"Accept": "application/octet-stream"}),
    ):
        text = pypdf.PdfReader(io.BytesIO(response.content)).pages[0].extract_text()
        assert "Kreditnota 1" in text
        assert "125.00" in text
