from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from .bookkeeper import Bookkeeper
from .conftest import Caller

LINE = {"AccountNumber": 6020, "BalancingAccountNumber": 55000, "Amount": 125}


@pytest.fixture
def keeper(call: Caller, contact: str) -> Bookkeeper:
    return Bookkeeper(call, contact)


def test_from_draft_to_offset(call: Caller, keeper: Bookkeeper) -> None:
    body = {"Lines": [{**LINE, "Description": "Pumpe"}], "ExternalReference": "m-1"}
    created = call("POST", "/vouchers/manuel", json=body)
    path = f"/vouchers/manuel/{created['Guid']}"
    assert created == call("GET", path)
    line = created.pop("Lines")[0]
    assert line == {
        "Description": "Pumpe",
        "AmountExclVatValue": Decimal(100),
        "AmountInclVatValue": Decimal(125),
        "VatAmountValue": Decimal(25),
        "AccountNumber": 6020,
        "BalancingAccountNumber": 55000,
        "AccountVatCode": "I25",
        "BalancingAccountVatCode": None,
        "CurrencyKey": "DKK",
        "AmountInForeignCurrency": None,
    }
    assert created == {
        "VoucherNumber": None,
        "VoucherDate": "2026-03-10",
        "TotalInclVat": Decimal(125),
        "TotalExclVat": Decimal(100),
        "FileGuid": None,
        "Guid": created["Guid"],
        "CreditNoteFor": None,
        "Status": "Draft",
        "Timestamp": created["Timestamp"],
        "ExternalReference": "m-1",
        "BookedByType": None,
        "BookedByUsername": None,
        "BookingTime": None,
    }
    put = {"Timestamp": created["Timestamp"], "VoucherDate": "2026-02-01", "Lines": [LINE]}
    changed = call("PUT", path, json=put)
    assert (changed["VoucherDate"], changed["ExternalReference"]) == ("2026-02-01", None)
    for method, more in (("PUT", ""), ("POST", "/book"), ("DELETE", "")):
        assert call.code(method, path + more, json=put) == 58
    booked = keeper.book(path, changed["Timestamp"])
    assert (booked["Status"], booked["VoucherNumber"]) == ("Booked", 1)
    assert call.code("PUT", path, json={**put, "Timestamp": booked["Timestamp"]}) == 45
    assert call.code("DELETE", path, json={}) == 42
    keeper.delete(path)
    assert call.code("GET", path, 404) == 40
    assert keeper.report("saldo") == {}
    assert [entry["VoucherNumber"] for entry in keeper.entries()] == [1] * 6


@pytest.mark.parametrize(
    ("line", "sums"),
    [
        # Both sides with VAT: 80 excluding VAT of the sale, so 100 pass; a fifth of it is VAT on either side.
        (
            {"AccountNumber": 2000, "BalancingAccountNumber": 1000, "Amount": 80},
            {"2000": "80", "64060": "20", "1000": "-80", "64000": "-20"},
        ),
        (
            {"AccountNumber": 1000, "BalancingAccountNumber": 55000, "Amount": -80},
            {"1000": "-80", "64000": "-20", "55000": "100"},
        ),
        (
            {"AccountNumber": 2000, "BalancingAccountNumber": 55000, "Amount": 80, "AccountVatCode": "IVV"},
            {"2000": "80", "64060": "20", "64020": "-20", "55000": "-80"},
        ),
        (
            {"AccountNumber": 2000, "BalancingAccountNumber": 55000, "Amount": 80, "AccountVatCode": "NoNe"},
            {"2000": "80", "55000": "-80"},
        ),
        # VAT booked by hand onto the account that VAT goes to.
        (
            {"AccountNumber": 64060, "BalancingAccountNumber": 55000, "Amount": 80, "AccountVatCode": "I25"},
            {"64060": "80", "55000": "-80"},
        ),
    ],
)
def test_vat_of_both_sides(keeper: Bookkeeper, line: dict[str, Any], sums: dict[str, str]) -> None:
    booked = keeper.manual(Lines=[line])
    assert keeper.sums(booked["Guid"]) == {account: Decimal(amount) for account, amount in sums.items()}


def test_refused(call: Caller, keeper: Bookkeeper) -> None:
    for line, code in (
        ({**LINE, "AccountNumber": 4711}, 77),
        ({**LINE, "BalancingAccountVatCode": "X"}, 42),
        ({**LINE, "BalancingAccountVatCode": ""}, 42),
    ):
        assert call.code("POST", "/vouchers/manuel", json={"Lines": [line]}) == code
    nowhere = {"Amount": 125}
    for lines in ([], [{**LINE, "BalancingAccountNumber": None}], [LINE, nowhere]):
        created = call("POST", "/vouchers/manuel", json={"Lines": lines})
        body = {"Timestamp": created["Timestamp"]}
        assert call.code("POST", f"/vouchers/manuel/{created['Guid']}/book", json=body) == 42
    # What was refused took no number.
    assert keeper.manual(Lines=[LINE])["VoucherNumber"] == 1
    assert call.code("POST", "/vouchers/manuel", json={"VoucherDate": "1/3"}) == 42


def test_purchases_are_no_manual_vouchers(call: Caller, keeper: Bookkeeper) -> None:
    guid = keeper.manual(Lines=[LINE])["Guid"]
    assert call.code("GET", f"/vouchers/purchase/{guid}", 404) == 40
    assert call.code("DELETE", f"/vouchers/purchase/{guid}", 404, json={"Timestamp": "x"}) == 40
