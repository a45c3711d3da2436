"""Notes on contacts, attachments, webhooks, settings and legacy operations."""

from __future__ import annotations

import pytest

from .causes_sales import UNKNOWN
from .conftest import Caller, Clock, Draft, line, refresh


def test_notes(call: Caller, clock: Clock, contact: str) -> None:
    path = f"/contacts/{contact}/notes"
    assert call("POST", path, json={"Text": "one"}) == {"ContactGuid": contact}
    clock.forward(seconds=1)
    call("POST", path, json={"Text": "two"})
    rows = call("GET", path)["Collection"]
    assert [(row["Text"], row["NoteDate"]) for row in rows] == [
        ("two", "2026-03-10T12:00:01.000"),
        ("one", "2026-03-10T12:00:00.000"),
    ]
    note = f"{path}/{rows[1]['Id']}"
    call("PUT", note, json={"Text": "new"})
    read = call("GET", note)
    assert (read["Text"], read["UpdatedAt"]) == ("new", "2026-03-10T12:00:01.000")
    call("DELETE", note)
    assert call("GET", path)["Pagination"]["Result"] == 1
    assert call("GET", path, params={"deletedOnly": "true", "fields": "text"})["Collection"] == [{"text": "new"}]
    assert call.code("PUT", note, json={"Text": "x"}) == 65
    assert call.code("POST", path, json={"Text": ""}) == 42
    assert call("GET", f"/contacts/{UNKNOWN}/notes", 404)["code"] == 40
    assert call("GET", f"{path}/{UNKNOWN}", 404)["code"] == 40


def test_attachments(call: Caller, draft: Draft) -> None:
    guid = draft()["Guid"]
    file = call("POST", "/files/attachment", files={"file": ("manual.pdf", b"x")})["FileGuid"]
    path = f"/attachments/{guid}"
    assert call("POST", f"{path}/{file}/vejledning.pdf") is None
    bound = {"OrganizationId": 100001, "DocumentId": guid, "FileGuid": file, "FileName": "vejledning.pdf"}
    assert call("GET", path) == [bound]
    call("DELETE", f"{path}/{file}")
    assert call("GET", path) == []
    assert call("DELETE", f"{path}/{file}", 404)["code"] == 40
    assert call("POST", f"{path}/nofile/a.pdf", 404)["code"] == 40
    assert call("GET", f"/attachments/{UNKNOWN}", 404)["code"] == 40
    assert call("POST", f"/attachments/bind/default/{guid}/Invoice") is None


def test_webhooks_are_kept(call: Caller) -> None:
    (event, *_) = [item["EventId"] for item in call("GET", "/webhooks/events")]
    for name in ("one", "two"):
        assert call("POST", "/webhooks/subscribe", json={"EventId": event, "Uri": f"https://a.example/{name}"}) is None
    assert call("GET", "/webhooks/subscriptions") == [{"EventId": event, "Uri": "https://a.example/two"}]
    call("DELETE", "/webhooks/unsubscribe", json={"EventId": event})
    assert call("GET", "/webhooks/subscriptions") == []
    assert call("DELETE", "/webhooks/unsubscribe", 404, json={"EventId": event})["code"] == 40


@pytest.mark.parametrize(
    "body",
    [
        {"EventId": "invoice.booked", "Uri": "http://a.example"},
        {"EventId": "invoice.booked", "Uri": "https://[a"},
        {"EventId": "unknown", "Uri": "https://a.example"},
    ],
)
def test_refused_subscription(call: Caller, body: dict[str, str]) -> None:
    assert call.code("POST", "/webhooks/subscribe", json=body) == 42


def test_personal_clients_have_no_hook_on_entries(call: Caller) -> None:
    body = {"EventId": "entries.created", "Uri": "https://a.example"}
    assert call("POST", "/webhooks/subscribe", 403, json=body)["code"] == 41
    call.session.headers["Authorization"] = f"Bearer {refresh(call.sandbox).json()['access_token']}"
    call("POST", "/webhooks/subscribe", json=body)


def test_settings_are_what_invoices_get(call: Caller, draft: Draft) -> None:
    settings, invoice = call("GET", "/sales/settings"), call("GET", f"/invoices/{draft()['Guid']}")
    for name in ("PaymentConditionType", "PaymentConditionNumberOfDays", "InvoiceTemplateId"):
        assert settings[name] == invoice[name]


@pytest.mark.parametrize("version", ["v1", "v1.1"])
def test_older_ways_to_replace_an_invoice(call: Caller, draft: Draft, version: str) -> None:
    created = draft()
    body = {"Timestamp": created["TimeStamp"], "ProductLines": [line(1)]}
    call("PUT", f"/invoices/{created['Guid']}", version=version, json=body)
    assert str(call("GET", f"/invoices/{created['Guid']}")["TotalInclVat"]) == "1.25"


def test_operations_of_unknown_shape_are_404(call: Caller, booked: Draft) -> None:
    path = f"/invoices/{booked()['Guid']}"
    assert call("GET", f"{path}/payments", 404)["code"] == 40
    assert call("POST", f"{path}/e-invoice", 404)["code"] == 40
