from __future__ import annotations

from .conftest import Caller, Draft, line


def test_fields(call: Caller) -> None:
    first = call("GET", "/accounts/entry")[0]
    assert first == {"AccountNumber": 1000, "Name": "Salg af varer/ydelser m/moms", "IsHidden": False}
    asked = call("GET", "/accounts/entry", params={"fields": "vatCode,ACCOUNTNUMBER"})[0]
    assert asked == {"vatCode": "U25", "ACCOUNTNUMBER": 1000}
    purchase = call("GET", "/accounts/purchase")
    assert purchase[0] == {
        "AccountNumber": 2000,
        "Name": "Varekøb m/moms",
        "VatCode": "I25",
        "Category": "Variable Expenses",
        "CategoryName": "Variable omkostninger",
        "IsHidden": False,
    }
    assert {2000 <= account["AccountNumber"] < 9400 for account in purchase} == {True}
    assert call("GET", "/accounts/deposit")[0] == {"AccountNumber": 55000, "Name": "Bank"}
    assert call.code("GET", "/accounts/deposit", params={"fields": "Iban"}) == 42


def test_category(call: Caller) -> None:
    query = {"categoryFilter": "vat due", "fields": "AccountNumber,Category"}
    found = call("GET", "/accounts/entry", params=query)
    assert {account["Category"] for account in found} == {"Vat Due"}
    assert {64000, 64060} < {account["AccountNumber"] for account in found}
    assert call.code("GET", "/accounts/entry", params={"categoryFilter": "Vat"}) == 42


def test_create_an_account(call: Caller, booked: Draft) -> None:
    body = {"Number": 1020, "Name": "Reparationer", "VatCode": "U25"}
    assert call("POST", "/accounts/entry", json=body) is None
    query = {"fields": "AccountNumber,Name,VatCode,Category"}
    found = {account["AccountNumber"]: account for account in call("GET", "/accounts/entry", params=query)}
    assert found[1020] == {"AccountNumber": 1020, "Name": "Reparationer", "VatCode": "U25", "Category": "Turnover"}
    invoice = booked(line(100, 1020))
    assert invoice["ProductLines"][0]["AccountName"] == "Reparationer"
    assert str(invoice["TotalVat"]) == "25.00"
    call("POST", "/accounts/entry", json={"Number": 1030, "Name": "Gaver", "VatCode": "None"})
    assert str(booked(line(100, 1030))["TotalVat"]) == "0.00"
    for change in ({}, {"Number": 9999}, {"Number": 1}, {"Number": 1021, "VatCode": "X"}, {"Number": 1021, "Name": ""}):
        assert call.code("POST", "/accounts/entry", json={**body, **change}) == 42


def test_create_a_deposit_account(call: Caller) -> None:
    body = {"Number": 55500, "Name": "MobilePay", "IbanNumber": "DK5000400440116243"}
    assert call("POST", "/accounts/deposit", json=body) is None
    query = {"fields": "AccountNumber,Name,IsDefault,IsHidden"}
    assert {"AccountNumber": 55500, "Name": "MobilePay", "IsDefault": False, "IsHidden": False} in call(
        "GET", "/accounts/deposit", params=query
    )
    assert 55500 in {account["AccountNumber"] for account in call("GET", "/accounts/entry")}
    for number in (55500, 2005):
        assert call.code("POST", "/accounts/deposit", json={"Number": number, "Name": "Kasse"}) == 42
