from __future__ import annotations

import pytest

from .causes_sales import booked, contact, draft
from .conftest import Caller, line

EAN = "5790000000005"


@pytest.mark.parametrize(
    ("more", "to"),
    [
        ({"EanNumber": EAN, "VatNumber": "12345674"}, f"GLN {EAN}"),
        ({"VatNumber": "12345674"}, "VAT 12345674"),
        ({"EanNumber": EAN, "VatNumber": "12345674", "InvoiceMailOutOptionKey": "VAT"}, "VAT 12345674"),
        ({"PNumber": "1001", "InvoiceMailOutOptionKey": "P"}, "P 1001"),
    ],
)
def test_goes_where_the_contact_prefers(call: Caller, more: dict[str, str], to: str) -> None:
    guid = booked(call, ContactGuid=contact(call, AttPerson="Ida", **more))["Guid"]
    body = {"OrderReference": "PO 1", "PaymentMeanEnum": "Domestic"}
    assert call("POST", f"/invoices/{guid}/e-invoice", version="v3", json=body) is None
    (sent,) = call.sandbox.outbox()
    assert (sent["channel"], sent["to"], sent["subject"]) == ("e-invoice", to, "PO 1")
    read = call("GET", f"/invoices/{guid}")
    assert (read["MailOutStatus"], read["LatestMailOutType"]) == ("Sent", "Einvoice")
    (mailout,) = call("GET", f"/invoices/{guid}/mailouts")
    assert (mailout["Type"], mailout["LatestEvent"]) == ("Einvoice", "SentToCustomer")


def test_att_person_of_the_request(call: Caller) -> None:
    path = f"/invoices/{booked(call, ContactGuid=contact(call, EanNumber=EAN))['Guid']}/e-invoice"
    assert call("POST", path, 400, version="v3")["code"] == 62
    assert call.sandbox.outbox() == []
    call("POST", path, version="v3", json={"AttPerson": "Ida"})


def test_draft_and_stale(call: Caller) -> None:
    path = f"/invoices/{draft(call)['Guid']}/e-invoice"
    assert call("POST", path, 400, version="v3")["code"] == 59
    assert call("POST", path, 400, version="v3", json={"Timestamp": "0" * 16})["code"] == 58


def test_credit_note(call: Caller) -> None:
    body = {"ContactGuid": contact(call, EanNumber=EAN, AttPerson="Ida"), "ProductLines": [line()]}
    created = call("POST", "/sales/creditnotes", json=body)
    path = f"/sales/creditnotes/{created['Guid']}"
    call("POST", f"{path}/book", json={"Timestamp": created["TimeStamp"]})
    call("POST", f"{path}/e-creditNote", version="v3")
    assert [(item["document_type"], item["type"]) for item in call.sandbox.outbox()] == [("CreditNote", "Einvoice")]
    assert call("GET", path)["LatestMailOutType"] == "einvoice"


SMS = {"ReceiverPhoneNumber": "+45 35 35 00 00", "ReceiverName": "Bo", "IsReminder": False}


def test_text_message(call: Caller) -> None:
    invoice = booked(call)
    body = {**SMS, "Timestamp": invoice["TimeStamp"], "Message": "Hej Bo"}
    assert call("POST", f"/sms/{invoice['Guid']}/send-sms", json=body) is None
    (sent,) = call.sandbox.outbox()
    assert (sent["channel"], sent["to"], sent["message"]) == ("sms", "+4535350000", "Hej Bo [link-to-pdf]")
    path = f"/invoices/{invoice['Guid']}/mailouts"
    assert [item["IsSmsMessage"] for item in call("GET", path)] == [True]
    assert call("GET", path, params={"includeSms": "false"}) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ReceiverPhoneNumber": "+46 70 123 45 67"}, 42),
        ({"Message": "x" * 1001}, 42),
        ({"Message": "see https://example.dk"}, 42),
        ({"Timestamp": "0" * 16}, 58),
    ],
)
def test_refused_text_message(call: Caller, change: dict[str, str], code: int) -> None:
    invoice = booked(call)
    body = {**SMS, "Timestamp": invoice["TimeStamp"], **change}
    assert call.code("POST", f"/sms/{invoice['Guid']}/send-sms", json=body) == code
    assert call.sandbox.outbox() == []


def test_text_message_of_a_draft(call: Caller) -> None:
    created = draft(call)
    assert call.code("POST", f"/sms/{created['Guid']}/send-sms", json={**SMS, "Timestamp": created["TimeStamp"]}) == 59
