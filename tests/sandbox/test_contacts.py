from __future__ import annotations

from typing import Any

import pytest

from .conftest import Caller, Clock

GUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
PERSON = {"Name": "Bo Æbelø", "CountryKey": "DK", "IsPerson": True}
COMPANY = {"Name": "Cykelbud", "CountryKey": "SE", "IsPerson": False}


def test_create_and_read(call: Caller) -> None:
    assert call("POST", "/contacts", json={**COMPANY, "ContactGuid": GUID.upper()}) == {"ContactGuid": GUID}
    contact = call("GET", f"/contacts/{GUID.upper()}")
    assert contact == {
        "ContactGuid": GUID,
        "CreatedAt": "2026-03-10T12:00:00.000",
        "UpdatedAt": "2026-03-10T12:00:00.000",
        "DeletedAt": None,
        "IsDebitor": False,
        "IsCreditor": False,
        "CompanyStatus": None,
        "VatRegionKey": "EU",
        "ExternalReference": None,
        "Name": "Cykelbud",
        "Street": None,
        "ZipCode": None,
        "City": None,
        "CountryKey": "SE",
        "Phone": None,
        "Email": None,
        "Webpage": None,
        "AttPerson": None,
        "VatNumber": None,
        "EanNumber": None,
        "SENumber": None,
        "PNumber": None,
        "PaymentConditionType": "Netto",
        "PaymentConditionNumberOfDays": 8,
        "IsPerson": False,
        "IsMember": False,
        "MemberNumber": None,
        "UseCvr": False,
        "CompanyTypeKey": None,
        "InvoiceMailOutOptionKey": None,
        "PreferredInvoiceLanguageKey": None,
        "PreferredInvoiceCurrencyKey": None,
    }


def test_names_are_matched_without_case_and_unknown_ones_dropped(call: Caller) -> None:
    body = {"name": "Bo", "COUNTRYKEY": "DK", "isPerson": True, "Cvr": "12345678", "email": "bo@example.dk"}
    contact = call("GET", "/contacts/" + call("POST", "/contacts", json=body)["ContactGuid"])
    assert (contact["Name"], contact["Email"], contact["VatNumber"]) == ("Bo", "bo@example.dk", None)
    assert "Cvr" not in contact


def test_value_types_may_be_left_out_but_not_null(call: Caller) -> None:
    guid = call("POST", "/contacts", json={"Name": "Bo", "CountryKey": "DK"})["ContactGuid"]
    assert call("GET", f"/contacts/{guid}")["IsPerson"] is False
    answer = call("POST", "/contacts", 400, json={**PERSON, "UseCvr": None})
    assert set(answer["validationErrors"]) == {"UseCvr"}


def test_error_body_has_the_recorded_shape(call: Caller) -> None:
    assert call("POST", "/contacts", 400, json={"CountryKey": "DK"}) == {
        "code": 42,
        "message": "The Name field is required.",
        "validationErrors": {"Name": "The Name field is required."},
        "languageSpecificMessages": [{"property": "Name", "message": "Feltet Name skal udfyldes."}],
        "errorMessageList": [{"Code": "Name", "Message": "The Name field is required."}],
    }


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"Name": ""}, "Name"),
        ({"Name": 7}, "Name"),
        ({"CountryKey": "XX"}, "CountryKey"),
        ({"CountryKey": "DNK"}, "CountryKey"),
        ({"CountryKey": None}, "CountryKey"),
        ({"IsPerson": "true"}, "IsPerson"),
        ({"ContactGuid": "no-guid"}, "ContactGuid"),
        ({"ExternalReference": "x" * 129}, "ExternalReference"),
        ({"PaymentConditionType": "netto"}, "PaymentConditionType"),
        ({"PaymentConditionNumberOfDays": 1.5}, "PaymentConditionNumberOfDays"),
        ({"PaymentConditionNumberOfDays": -1}, "PaymentConditionNumberOfDays"),
        ({"PaymentConditionNumberOfDays": 2**31}, "PaymentConditionNumberOfDays"),
        ({"PaymentConditionType": "NettoCash", "PaymentConditionNumberOfDays": 0}, "PaymentConditionNumberOfDays"),
        ({"VatNumber": "12345674"}, "VatNumber"),
        ({"AttPerson": "Ida"}, "AttPerson"),
        ({"InvoiceMailOutOptionKey": "GLN"}, "InvoiceMailOutOptionKey"),
    ],
)
def test_refused_values(call: Caller, change: dict[str, Any], key: str) -> None:
    answer = call("POST", "/contacts", 400, json={**PERSON, **change})
    assert (answer["code"], set(answer["validationErrors"])) == (42, {key})
    assert call("GET", "/contacts")["Pagination"]["Result"] == 0


@pytest.mark.parametrize("body", ["", "{", "[1]", '"text"', "\xff", '{"Name": NaN}', "[" * 100_000])
def test_body_that_is_no_json_object_is_45(call: Caller, body: str) -> None:
    assert call.code("POST", "/contacts", data=body.encode("latin-1")) == 45


def test_empty_enum_counts_as_null(call: Caller) -> None:
    guid = call("POST", "/contacts", json={**PERSON, "PaymentConditionType": ""})["ContactGuid"]
    assert call("GET", f"/contacts/{guid}")["PaymentConditionType"] == "Netto"


def test_duplicate_guid_also_of_a_deleted_contact(call: Caller) -> None:
    call("POST", "/contacts", json={**PERSON, "ContactGuid": GUID})
    for _ in range(2):
        answer = call("POST", "/contacts", 400, json={**PERSON, "ContactGuid": GUID})
        assert (answer["code"], set(answer["validationErrors"])) == (42, {"guidMustBeUnique"})
        call.raw("DELETE", f"/contacts/{GUID}")


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_put_replaces_everything_and_answers_nothing(call: Caller, clock: Clock, version: str) -> None:
    full = {**COMPANY, "Email": "a@b.example", "PaymentConditionType": "CurrentMonthOut", "ContactGuid": GUID}
    call("POST", "/contacts", json=full)
    clock.forward(seconds=5)
    assert call("PUT", f"/contacts/{GUID}", version=version, json={**PERSON, "ContactGuid": "x"}) is None
    contact = call("GET", f"/contacts/{GUID}")
    assert (contact["Name"], contact["Email"], contact["PaymentConditionType"]) == ("Bo Æbelø", None, "Netto")
    assert (contact["CreatedAt"], contact["UpdatedAt"]) == ("2026-03-10T12:00:00.000", "2026-03-10T12:00:05.000")


def test_unknown_contact_is_404(call: Caller) -> None:
    for method, path in (("GET", GUID), ("DELETE", GUID), ("POST", f"{GUID}/restore"), ("GET", "no-guid")):
        assert call.code(method, f"/contacts/{path}", 404) == 40
    assert call.code("PUT", f"/contacts/{GUID}", 404, json=PERSON) == 40


def test_delete_is_soft_and_restore_undoes_it(call: Caller, clock: Clock) -> None:
    call("POST", "/contacts", json={**PERSON, "ContactGuid": GUID})
    clock.forward(seconds=1.5)
    assert call("DELETE", f"/contacts/{GUID}") is None
    deleted = call("GET", f"/contacts/{GUID}")
    assert (deleted["DeletedAt"], deleted["UpdatedAt"]) == ("2026-03-10T12:00:01.500", "2026-03-10T12:00:01.500")
    assert call.code("DELETE", f"/contacts/{GUID}") == 65
    assert call.code("PUT", f"/contacts/{GUID}", version="v2", json=PERSON) == 65
    clock.forward(seconds=1)
    assert call("POST", f"/contacts/{GUID}/restore") is None
    restored = call("GET", f"/contacts/{GUID}")
    assert (restored["DeletedAt"], restored["UpdatedAt"]) == (None, "2026-03-10T12:00:02.500")


def test_no_organization_sees_the_contacts_of_another(call: Caller) -> None:
    guid = call("POST", "/contacts", json=PERSON)["ContactGuid"]
    assert call.raw("GET", f"/contacts/{guid}").status_code == 200
    call.organization = 100002
    assert call.raw("GET", f"/contacts/{guid}").status_code == 403
