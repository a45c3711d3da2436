from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any

import pytest

from .conftest import Caller, Clock, Draft, line, put

GUID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
UNKNOWN = "11111111-2222-4333-8444-555555555555"


def test_create_answers_guid_and_version_only(call: Caller, contact: str) -> None:
    body = {"guid": GUID.upper(), "contactGuid": contact, "productLines": [line(), line(7.5, 1050, Discount=10)]}
    created = call("POST", "/invoices", json=body)
    assert set(created) == {"Guid", "TimeStamp"}
    assert created["Guid"] == GUID
    assert re.fullmatch(r"[0-9A-F]{16}", created["TimeStamp"])


def test_draft_has_the_defaults(call: Caller, draft: Draft, contact: str) -> None:
    invoice = call("GET", "/invoices/" + draft()["Guid"])
    expected = {
        "Number": 0,
        "Status": "Draft",
        "PaymentStatus": "Draft",
        "Currency": "DKK",
        "Language": "da-DK",
        "Description": "Faktura",
        "Date": "2026-03-10",
        "PaymentDate": "2026-03-18",
        "PaymentConditionType": "Netto",
        "PaymentConditionNumberOfDays": 8,
        "ShowLinesInclVat": False,
        "ContactGuid": contact,
        "ContactName": "Aarhus Cykelbud ApS",
        "Address": "Havnegade 4\n8000 Aarhus C",
        "MailOutStatus": "NotSent",
        "LatestMailOutType": "None",
        "CreatedAt": "2026-03-10T12:00:00.000",
        "DeletedAt": None,
    }
    assert {key: invoice[key] for key in expected} == expected
    assert "Timestamp" not in invoice
    contract = json.loads(files("airflow_provider_dinero").joinpath("api/openapi.json").read_bytes())
    assert list(invoice) == list(contract["components"]["schemas"]["InvoiceReadModel"]["properties"])


def test_totals_excluding_vat(call: Caller, draft: Draft) -> None:
    # 3 x 33.33 less 10 % = 89.991 -> 89.99; 12.30; VAT-free 7.50. VAT: 22.4975 -> 22.50 and 3.075 -> 3.08.
    lines = [
        line(33.33, Quantity=3, Discount=10),
        line(12.3),
        line(7.5, 1050),
        {"LineType": "Text", "Description": "-"},
    ]
    invoice = call("GET", "/invoices/" + draft(*lines)["Guid"])
    totals = {key: str(invoice[key]) for key in invoice if key.startswith("Total") and key != "TotalLines"}
    assert totals == {
        "TotalExclVat": "109.79",
        "TotalVatableAmount": "102.29",
        "TotalInclVat": "135.37",
        "TotalNonVatableAmount": "7.50",
        "TotalVat": "25.58",
    }
    assert [(item["Type"], str(item["TotalAmount"]), item["Position"]) for item in invoice["TotalLines"]] == [
        ("SubTotal", "109.79", 0),
        ("SubTotalWithVat", "102.29", 1),
        ("SubTotalWithoutVat", "7.50", 2),
        ("Vat", "25.58", 3),
        ("Total", "135.37", 4),
    ]
    assert invoice["TotalLines"][4]["Label"] == "Total DKK"
    # 89.99 * 1.25 = 112.4875 -> 112.49; 33.33 * 1.25 = 41.6625 -> 41.66
    first = invoice["ProductLines"][0]
    assert str(first["BaseAmountValue"]) == "33.33"
    assert str(first["BaseAmountValueInclVat"]) == "41.66"
    assert (str(first["TotalAmount"]), str(first["TotalAmountInclVat"])) == ("89.99", "112.49")
    assert invoice["ProductLines"][3]["TotalAmount"] == 0


def test_totals_including_vat_are_the_exact_sum_of_the_lines(call: Caller, draft: Draft) -> None:
    # Each 0.99 holds 0.198 of VAT, 0.20. Three lines: 2.97, VAT 0.60 (of the sum it would be 0.594 -> 0.59).
    created = draft(*[line(0.99)] * 3, line(10, 1100), ShowLinesInclVat=True)
    invoice = call("GET", "/invoices/" + created["Guid"])
    assert str(invoice["TotalInclVat"]) == "12.97"
    assert str(invoice["TotalVat"]) == "0.60"
    assert str(invoice["TotalVatableAmount"]) == "2.37"
    assert str(invoice["TotalExclVat"]) == "12.37"
    assert sum(item["TotalAmountInclVat"] for item in invoice["ProductLines"]) == invoice["TotalInclVat"]


def test_half_an_ore_is_rounded_up(call: Caller, draft: Draft) -> None:
    # 1.005 is 1.00499999... in binary; 25 % of 1.01 = 0.2525 -> 0.25. And -1.005 -> -1.01.
    invoice = call("GET", "/invoices/" + draft(line(1.005))["Guid"])
    assert (str(invoice["TotalExclVat"]), str(invoice["TotalVat"])) == ("1.01", "0.25")
    assert [item["Type"] for item in invoice["TotalLines"]] == ["SubTotal", "Vat", "Total"]
    assert str(call("GET", "/invoices/" + draft(line(-1.005, 1050))["Guid"])["TotalInclVat"]) == "-1.01"


def test_without_vat_there_is_a_total_only(call: Caller) -> None:
    body = {"ProductLines": [line(10, 1050)], "Currency": "EUR", "Language": "en-GB"}
    fetched = call("POST", "/invoices/fetch", json=body)
    assert [(item["Type"], item["Label"]) for item in fetched["TotalLines"]] == [("Total", "Total EUR")]
    assert (fetched["Description"], str(fetched["TotalVat"])) == ("Invoice", "0.00")


def test_fetch_saves_nothing(call: Caller) -> None:
    fetched = call("POST", "/invoices/fetch", json={"ProductLines": [line(80)], "Guid": GUID})
    assert (str(fetched["TotalInclVat"]), fetched["Number"]) == ("100.00", 0)
    assert "Guid" not in fetched
    assert call.code("GET", f"/invoices/{GUID}") == 63
    assert call.code("POST", "/invoices/fetch", json={"ProductLines": []}) == 45


@pytest.mark.parametrize(
    ("day", "kind", "days", "due"),
    [
        ("2026-02-20", "Netto", 14, "2026-03-06"),
        ("2026-02-20", "Netto", None, "2026-02-28"),
        ("2026-02-20", "CurrentMonthOut", 10, "2026-03-10"),
        ("2028-02-01", "CurrentMonthOut", 0, "2028-02-29"),
        ("2026-02-20", "NettoCash", None, "2026-02-20"),
        ("2026-02-20", None, 3, "2026-02-23"),
    ],
)
def test_due_date(call: Caller, draft: Draft, day: str, kind: str | None, days: int | None, due: str) -> None:
    created = draft(Date=day, PaymentConditionType=kind, PaymentConditionNumberOfDays=days)
    assert call("GET", "/invoices/" + created["Guid"])["PaymentDate"] == due


def test_terms_of_the_contact_come_before_the_settings(call: Caller) -> None:
    body = {"Name": "Bo", "CountryKey": "DK", "PaymentConditionType": "Netto", "PaymentConditionNumberOfDays": 30}
    guid = call("POST", "/contacts", json=body)["ContactGuid"]
    fetched = call("POST", "/invoices/fetch", json={"ContactGuid": guid, "ProductLines": [line()]})
    assert (fetched["PaymentDate"], fetched["PaymentConditionNumberOfDays"]) == ("2026-04-09", 30)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"ContactGuid": UNKNOWN}, "invalidContactId"),
        ({"Currency": "XYZ"}, "Currency"),
        ({"Language": "en"}, "Language"),
        ({"Date": "2026-02-30"}, "Date"),
        ({"Date": "2026-W01-1"}, "Date"),
        ({"PaymentConditionType": "NettoCash", "PaymentConditionNumberOfDays": 8}, "PaymentConditionNumberOfDays"),
        ({"PaymentConditionNumberOfDays": 2**31 - 1}, "PaymentConditionNumberOfDays"),
        ({"PaymentConditionNumberOfDays": -1}, "PaymentConditionNumberOfDays"),
        ({"ReminderFee": 101}, "ReminderFee"),
        ({"InvoiceTemplateId": UNKNOWN}, "InvoiceTemplateId"),
        ({"ProductLines": [line(Unit=None)]}, "ProductLines[0].Unit"),
        ({"ProductLines": [line(), line(Unit="stk")]}, "ProductLines[1].Unit"),
        ({"ProductLines": [line(Description=None)]}, "ProductLines[0].Description"),
        ({"ProductLines": [line(ProductGuid=UNKNOWN)]}, "ProductLines[0].ProductGuid"),
        ({"ProductLines": [line(Discount=-1)]}, "ProductLines[0].Discount"),
        ({"ProductLines": [line("100")]}, "ProductLines[0].BaseAmountValue"),
        ({"ProductLines": [line(10**13)]}, "ProductLines[0].BaseAmountValue"),
        ({"ProductLines": [line(10**12, Quantity=10**12)]}, "ProductLines"),
        ({"ProductLines": ["line"]}, "ProductLines[0]"),
        ({"ProductLines": "line"}, "ProductLines"),
    ],
)
def test_refused_values(call: Caller, change: dict[str, Any], key: str) -> None:
    answer = call("POST", "/invoices", 400, json={"ProductLines": [line()], **change})
    assert (answer["code"], set(answer["validationErrors"])) == (42, {key})


def test_account_that_does_not_exist_is_77(call: Caller) -> None:
    for bad in (line(account=4711), {key: value for key, value in line().items() if key != "AccountNumber"}):
        answer = call("POST", "/invoices", 400, json={"ProductLines": [bad]})
        assert (answer["code"], set(answer["validationErrors"])) == (77, {"ProductLines[0].AccountNumber"})


@pytest.mark.parametrize("body", [{}, {"ProductLines": []}, {"ProductLines": None}])
def test_no_lines_is_45(call: Caller, body: dict[str, Any]) -> None:
    assert call.code("POST", "/invoices", json=body) == 45


def test_deleted_contact_is_refused(call: Caller, draft: Draft, contact: str) -> None:
    created = draft()
    call("DELETE", f"/contacts/{contact}")
    answer = call("POST", "/invoices", 400, json={"ContactGuid": contact, "ProductLines": [line()]})
    assert set(answer["validationErrors"]) == {"invalidContactId"}
    assert call.code("POST", f"/invoices/{created['Guid']}/book", json={"Timestamp": created["TimeStamp"]}) == 42


def test_duplicate_guid_is_409_also_for_a_deleted_invoice(call: Caller, draft: Draft) -> None:
    draft(Guid=GUID)
    body = {"Guid": GUID, "ProductLines": [line()]}
    assert call.code("POST", "/invoices", 409, json=body) == 72
    call("DELETE", f"/invoices/{GUID}")
    assert call.code("POST", "/invoices", 409, json=body) == 72


def test_unknown_invoice_is_400_with_63(call: Caller) -> None:
    answer = call("GET", f"/invoices/{UNKNOWN}", 400)
    assert answer["code"] == 63
    assert answer["message"] == "Invalid InvoiceGuid / CreditNoteGuid, no results found"
    assert call.code("POST", f"/invoices/{UNKNOWN}/book", json={"Timestamp": "0" * 16}) == 63
    assert call.code("DELETE", f"/invoices/{UNKNOWN}") == 63
    assert put(call, UNKNOWN, 400, Timestamp="0" * 16)["code"] == 63


def test_put_replaces_the_draft(call: Caller, clock: Clock, draft: Draft) -> None:
    created = draft(line(500), Guid=GUID, Comment="gone", ExternalReference="order 1")
    clock.forward(minutes=1)
    updated = put(call, GUID, Timestamp=created["TimeStamp"], Guid=UNKNOWN)
    invoice = call("GET", f"/invoices/{GUID}")
    assert updated == {"Guid": GUID, "TimeStamp": invoice["TimeStamp"]}
    assert updated["TimeStamp"] > created["TimeStamp"]
    assert (invoice["Comment"], invoice["ExternalReference"], invoice["ContactGuid"]) == ("", None, None)
    assert str(invoice["TotalInclVat"]) == "125.00"
    assert (invoice["CreatedAt"], invoice["UpdatedAt"]) == ("2026-03-10T12:00:00.000", "2026-03-10T12:01:00.000")
    assert put(call, GUID, 400, Timestamp=created["TimeStamp"])["code"] == 58
    assert put(call, GUID, 400)["message"] == "The Timestamp field is required."


def test_versions_come_from_one_counter(draft: Draft) -> None:
    first, second = draft()["TimeStamp"], draft()["TimeStamp"]
    assert int(second, 16) == int(first, 16) + 1


def test_delete_a_draft_softly(call: Caller, clock: Clock, draft: Draft) -> None:
    created = draft(Guid=GUID)
    assert call.code("DELETE", f"/invoices/{GUID}", json={"Timestamp": "0" * 16}) == 58
    clock.forward(seconds=2)
    assert call("DELETE", f"/invoices/{GUID}", json={"Timestamp": created["TimeStamp"]}) is None
    assert call("GET", f"/invoices/{GUID}")["DeletedAt"] == "2026-03-10T12:00:02.000"
    answer = call("DELETE", f"/invoices/{GUID}", 400)
    assert (answer["code"], "message" in answer["validationErrors"]) == (65, True)
    assert call.code("POST", f"/invoices/{GUID}/book", json={"Timestamp": created["TimeStamp"]}) == 65
    assert put(call, GUID, 400, Timestamp=created["TimeStamp"])["code"] == 65


def test_templates(call: Caller) -> None:
    (template,) = call("GET", "/invoices/templates")
    assert template["IsDefault"] is True
    created = call("POST", "/invoices", json={"ProductLines": [line()], "InvoiceTemplateId": template["Id"]})
    assert call("GET", "/invoices/" + created["Guid"])["InvoiceTemplateId"] == template["Id"]
