from __future__ import annotations

import io
from typing import Any

import pypdf

from .causes_sales import UNKNOWN
from .conftest import Caller, Draft
from .test_payments import pay


def rows(state: Any) -> list[tuple[str, str, str, str]]:
    return [(row["Date"][:10], str(row["Amount"]), str(row["Balance"]), row["Status"]) for row in state["Entries"]]


def test_sales_and_payments(call: Caller, booked: Draft, contact: str) -> None:
    first = booked(Date="2026-01-05")
    booked(Date="2026-02-05", Currency="EUR")
    pay(call, first["Guid"], 125, PaymentDate="2026-02-01")
    path = f"/state-of-account/{contact}"
    state = call("GET", path)
    # 100 EUR plus VAT at 7.46
    assert (str(state["Income"]), str(state["Expenses"])) == ("1057.50", "0.00")
    assert rows(state) == [
        ("2026-01-05", "125.00", "125.00", "closed"),
        ("2026-02-01", "-125.00", "0.00", "closed"),
        ("2026-02-05", "932.50", "932.50", "open"),
    ]
    assert {row["RelatedVoucherGuid"] for row in state["Entries"][:2]} == {first["Guid"]}
    assert (state["Entries"][2]["Currency"], state["Entries"][2]["RelatedVoucherClass"]) == ("EUR", "invoice")
    assert len(rows(call("GET", path, params={"hideClosed": "true"}))) == 1
    window = call("GET", path, params={"from": "2026-02-01T00:00:00Z", "to": "2026-02-04"})
    assert (rows(window), str(window["Income"])) == ([("2026-02-01", "-125.00", "0.00", "closed")], "0.00")
    assert call.code("GET", path, params={"from": "1/2"}) == 44


def test_purchases(call: Caller, contact: str) -> None:
    lines = [{"Description": "paper", "AccountNumber": 6000, "Amount": 250}]
    body = {"PurchaseType": "credit", "ContactGuid": contact, "VoucherDate": "2026-02-01", "PaymentDate": "2026-02-10"}
    created = call("POST", "/vouchers/purchase", version="v1.2", json={**body, "RegionKey": "DK", "Lines": lines})
    path = f"/vouchers/purchase/{created['Guid']}"
    call("POST", f"{path}/book", json={"Timestamp": created["Timestamp"]})
    state = call("GET", f"/state-of-account/{contact}")
    assert (str(state["Income"]), str(state["Expenses"])) == ("0.00", "250.00")
    assert rows(state) == [("2026-02-01", "-250.00", "-250.00", "open")]
    assert state["Entries"][0]["RelatedVoucherCategory"] == "purchases"
    stamp = call("GET", path)["Timestamp"]
    payment = {"Timestamp": stamp, "DepositAccountNumber": 55000, "Description": "Bank", "PaymentDate": "2026-02-10"}
    call("POST", f"/purchase-vouchers/{created['Guid']}/payments", json={**payment, "Amount": 250})
    state = call("GET", f"/state-of-account/{contact}")
    assert rows(state) == [
        ("2026-02-01", "-250.00", "-250.00", "closed"),
        ("2026-02-10", "250.00", "0.00", "closed"),
    ]
    assert {row["RelatedVoucherGuid"] for row in state["Entries"]} == {created["Guid"]}
    assert rows(call("GET", f"/state-of-account/{contact}", params={"hideClosed": "true"})) == []


def test_mail_and_pdf(call: Caller, booked: Draft, contact: str) -> None:
    booked()
    path = f"/state-of-account/{contact}"
    text = pypdf.PdfReader(io.BytesIO(call.raw("GET", f"{path}/pdf").content)).pages[0].extract_text()
    assert "Aarhus Cykelbud ApS" in text
    assert "125.00" in text
    assert call("POST", f"{path}/email", json={"Subject": "Status", "HideClosed": False}) is None
    (sent,) = call.sandbox.outbox()
    assert (sent["to"], sent["subject"], sent["total"]) == ("bogholderi@cykelbud.example", "Status", 125.0)
    assert sent["document_type"] == "StateOfAccount"


def test_unknown_contact(call: Caller) -> None:
    assert call("GET", f"/state-of-account/{UNKNOWN}", 404)["code"] == 40
