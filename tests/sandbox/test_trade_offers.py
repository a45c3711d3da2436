from __future__ import annotations

import io
from typing import Any

import pypdf
import pytest

from .conftest import Caller, line

GUID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


@pytest.fixture
def offer(call: Caller, contact: str) -> dict[str, Any]:
    lines = [line(80, Quantity=2, ShowLinesInclVat=True), {"LineType": "Text", "Description": "-"}]
    body = {"Guid": GUID, "ContactGuid": contact, "ProductLines": lines, "ShowLinesInclVat": True, "Comment": "tak"}
    created: dict[str, Any] = call("POST", "/tradeoffers", json=body)
    return {**body, "Timestamp": created["TimeStamp"]}


def test_draft(call: Caller, offer: dict[str, Any]) -> None:
    read = call("GET", f"/tradeoffers/{GUID}")
    assert (read["Status"], read["Number"], str(read["TotalInclVat"])) == ("Draft", 1, "160.00")
    assert (read["Description"], read["GeneratedVouchers"], read["History"]) == ("Tilbud", [], [])
    assert call("POST", "/tradeoffers", 409, json=offer)["code"] == 72
    change = {**offer, "ProductLines": [line()], "ShowLinesInclVat": False}
    call("PUT", f"/tradeoffers/{GUID}", version="v1.2", json=change)
    assert str(call("GET", f"/tradeoffers/{GUID}")["TotalInclVat"]) == "125.00"
    assert call("PUT", f"/tradeoffers/{GUID}", 400, version="v1.2", json=change)["code"] == 58


def test_becomes_an_invoice(call: Caller, offer: dict[str, Any]) -> None:
    created = call("POST", f"/tradeoffers/{GUID}/generate-invoice", json={"Timestamp": offer["Timestamp"]})
    invoice, read = call("GET", f"/invoices/{created['Guid']}"), call("GET", f"/tradeoffers/{GUID}")
    assert (invoice["Status"], invoice["Description"], invoice["Comment"]) == ("Draft", "Faktura", "tak")
    assert (str(invoice["TotalInclVat"]), invoice["ProductLines"]) == ("160.00", read["ProductLines"])
    assert (read["Status"], read["HasGeneratedAnyVouchers"]) == ("Invoiced", True)
    assert read["GeneratedVouchers"] == [created["Guid"]]
    assert read["TimeStamp"] > offer["Timestamp"]
    assert [item["Status"] for item in read["History"]] == ["Invoiced"]
    change = {**offer, "Timestamp": read["TimeStamp"]}
    assert call("PUT", f"/tradeoffers/{GUID}", 400, version="v1.2", json=change)["code"] == 85


def test_delete_is_soft(call: Caller, offer: dict[str, Any]) -> None:
    call("DELETE", f"/tradeoffers/{GUID}")
    assert call("GET", f"/tradeoffers/{GUID}")["DeletedAt"]
    assert call("GET", "/tradeoffers")["Collection"] == []
    assert call("GET", "/tradeoffers", params={"deletedOnly": "true", "fields": "Guid"})["Collection"] == [
        {"Guid": GUID}
    ]
    assert call.code("POST", f"/tradeoffers/{GUID}/generate-invoice") == 65


def test_fetch_saves_nothing_and_unknown_is_404(call: Caller) -> None:
    fetched = call("POST", "/tradeoffers/fetch", json={"ProductLines": [line()]})
    assert (str(fetched["TotalInclVat"]), "Guid" in fetched) == ("125.00", False)
    assert call("GET", "/tradeoffers")["Pagination"]["Result"] == 0
    assert call("GET", f"/tradeoffers/{GUID}", 404)["code"] == 40


def test_list(call: Caller, offer: dict[str, Any], contact: str) -> None:
    body = {"ContactGuid": contact, "ProductLines": [line()], "Date": "2026-01-01", "ExternalReference": "crm 2"}
    call("POST", "/tradeoffers", json=body)
    (first, second) = call("GET", "/tradeoffers", params={"fields": "number"})["Collection"]
    assert (first["number"], second["number"]) == (2, 1)

    def numbers(**query: str) -> list[int]:
        return [
            row["Number"] for row in call("GET", "/tradeoffers", params={"fields": "Number", **query})["Collection"]
        ]

    assert numbers(sort="TradeOfferDate") == [1, 2]
    assert numbers(queryFilter="ExternalReference eq 'CRM 2'") == [2]
    assert numbers(queryFilter="HasGeneratedAnyVouchers eq 'False';Number eq '1'") == [1]
    assert numbers(freeTextSearch="160.00") == [1]
    assert set(call("GET", "/tradeoffers")["Collection"][0]) == {"guid", "contactName", "date", "description"}
    assert call("GET", "/tradeoffers", 500, params={"sort": "VoucherNumber"}) is None


def test_mail_and_pdf_need_no_booking(call: Caller, offer: dict[str, Any]) -> None:
    path = f"/tradeoffers/{GUID}"
    assert call("GET", f"{path}/email/template")["Subject"] == "Tilbud 1"
    call("POST", f"{path}/email", json={"Receiver": "a@b.example"})
    read = call("GET", path)
    assert (read["MailOutStatus"], read["LatestMailOutType"], read["Status"]) == ("Sent", "TradeOffer", "Draft")
    assert [item["Receiver"] for item in call("GET", f"{path}/mailouts")] == ["a@b.example"]
    pdf = call.raw("GET", path, headers={"Accept": "application/octet-stream"})
    assert "Tilbud 1" in pypdf.PdfReader(io.BytesIO(pdf.content)).pages[0].extract_text()
