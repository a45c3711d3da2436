from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from .bookkeeper import CASH, CREDIT, LINES, YEAR, Bookkeeper, create_purchase
from .causes_books import UNKNOWN
from .conftest import Caller


@pytest.fixture
def keeper(call: Caller, contact: str) -> Bookkeeper:
    return Bookkeeper(call, contact)


def upload(call: Caller, name: str = "bon.pdf") -> str:
    return str(call("POST", "/files", files={"file": (name, b"%PDF")})["FileGuid"])


def linked(call: Caller, file: str) -> list[str]:
    rows = {row["FileGuid"]: row["Linked"] for row in call("GET", "/files")}
    return [each["VoucherGuid"] for each in rows[file]]


def test_a_cash_purchase(call: Caller) -> None:
    created = create_purchase(call, **CASH, ExternalReference="bon-1")
    path = f"/vouchers/purchase/{created['Guid']}"
    amounts = {"AmountExclVatValue": Decimal(100), "AmountInclVatValue": Decimal(125), "VatAmountValue": Decimal(25)}
    tags = dict.fromkeys(("AccountTagName", "AccountWeightTagId", "AccountWeightTagVersion", "AccountTagSynonym"))
    rest = {
        "Status": "Draft",
        "FileGuid": None,
        "VoucherNumber": None,
        "VoucherDate": "2026-03-10",
        "PaymentDate": "2026-03-10",
        "RegionKey": "DK",
        "PurchaseType": "cash",
        "Lines": [{"Description": "Slanger", "VatCode": "I25", "AccountNumber": 2000, **amounts, **tags}],
        "DepositAccountNumber": 55000,
        "ContactGuid": None,
        "ExternalReference": "bon-1",
        "VoucherTotals": [
            {"Label": "Subtotal", "Total": Decimal(100), "Type": "SubTotal", "Position": 0},
            {"Label": "Moms", "Total": Decimal(25), "Type": "Vat", "Position": 1},
            {"Label": "Total DKK", "Total": Decimal(125), "Type": "Total", "Position": 2},
        ],
        "CurrencyKey": "DKK",
        "BookedByType": None,
        "BookedByUsername": None,
        "BookingTime": None,
    }
    assert created == {"Guid": created["Guid"], "Timestamp": created["Timestamp"], **rest}
    assert call("GET", path) == created
    assert call("GET", "/entries") == []
    booked = call("POST", f"{path}/book", json={"Timestamp": created["Timestamp"]})
    assert (booked["Status"], booked["VoucherNumber"], booked["BookingTime"]) == ("Paid", 1, "2026-03-10")
    assert booked["BookedByType"] == "API (personal-sandbox)"
    assert booked["Timestamp"] > created["Timestamp"]
    assert call.code("POST", f"{path}/book", json={"Timestamp": booked["Timestamp"]}) == 45
    assert call("GET", f"/entries?fromDate={YEAR['fromDate']}")[0]["VoucherType"] == "Purchases"


def test_vat_codes_of_lines(call: Caller) -> None:
    def line_of(**more: Any) -> Any:
        return create_purchase(call, **CASH, Lines=[{"AccountNumber": 2000, "Amount": 125, **more}])["Lines"][0]

    assert (line_of()["VatCode"], line_of()["VatAmountValue"]) == ("I25", 25)
    for code in ("none", "NONE"):
        assert (line_of(VatCode=code)["VatCode"], line_of(VatCode=code)["VatAmountValue"]) == ("none", 0)
    # The supplier abroad takes no VAT.
    assert line_of(VatCode="IEUV")["VatAmountValue"] == 0
    for code in ("", "U25", "X"):
        answer = create_purchase(call, 400, **CASH, Lines=[{"AccountNumber": 2000, "Amount": 125, "VatCode": code}])
        assert (answer["code"], set(answer["validationErrors"])) == (42, {"Lines[0].VatCode"})
    # Names of the read model are dropped in silence, which leaves nothing to pay.
    odd = create_purchase(call, **CASH, Lines=[{"AccountNumber": 2000, "AmountExclVatValue": 100}])
    assert odd["VoucherTotals"][2]["Total"] == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 42),
        ({"PurchaseType": "Cash"}, 42),
        ({**CASH, "PaymentDate": "2026-03-10"}, 42),
        ({**CASH, "CurrencyKey": "DKK"}, 42),
        ({**CASH, "DepositAccountNumber": 55001}, 86),
        ({**CASH, "VoucherDate": "10-03-2026"}, 42),
        ({**CASH, "FileGuid": "0" * 32}, 42),
        ({**CASH, "Lines": [{"AccountNumber": 55000, "Amount": 1}]}, 42),
        ({**CASH, "Lines": [{"AccountNumber": 2001, "Amount": 1}]}, 77),
        ({**CREDIT, "ContactGuid": UNKNOWN}, 42),
        ({**CREDIT, "CurrencyKey": "XYZ"}, 42),
        ({**CREDIT, "PaymentDate": "soon"}, 42),
    ],
)
def test_refused(call: Caller, body: dict[str, Any], code: int) -> None:
    assert create_purchase(call, 400, **body)["code"] == code


@pytest.mark.parametrize(
    ("body", "lacking"),
    [
        ({**CASH, "Lines": []}, "Lines"),
        ({**CASH, "Lines": [{"Amount": 1}]}, "Lines[0].AccountNumber"),
        ({**CASH, "RegionKey": None}, "RegionKey"),
        ({**CASH, "RegionKey": "EU"}, "Lines[0].VatCode"),
        ({**CASH, "DepositAccountNumber": None}, "DepositAccountNumber"),
        ({**CREDIT, "PaymentDate": None}, "PaymentDate"),
        (CREDIT, "ContactGuid"),
    ],
)
def test_lacking_for_booking(call: Caller, contact: str, body: dict[str, Any], lacking: str) -> None:
    contact_guid = None if lacking == "ContactGuid" else contact
    created = create_purchase(call, **body, ContactGuid=contact_guid)
    book = {"Timestamp": created["Timestamp"]}
    answer = call("POST", f"/vouchers/purchase/{created['Guid']}/book", 400, json=book)
    assert (answer["code"], set(answer["validationErrors"])) == (42, {lacking})
    assert call("GET", "/entries") == []


def test_tags_by_version(call: Caller, contact: str) -> None:
    lines = [{"AccountNumber": 2000, "Amount": 1, "AccountTagName": "cykel"}]
    old, new = (create_purchase(call, **CASH, version=version, Lines=lines) for version in ("v1.1", "v1.2"))
    assert (old["Lines"][0]["AccountTagName"], new["Lines"][0]["AccountTagName"]) == (None, "cykel")
    path = f"/vouchers/purchase/{new['Guid']}"
    for version, tag in (("v1.1", "cykel"), ("v1", None)):
        body = {**CASH, "ContactGuid": contact, "VoucherDate": "2026-03-09", "Lines": lines}
        new = call("PUT", path, version=version, json={**body, "Timestamp": new["Timestamp"]})
        assert (new["Lines"][0]["AccountTagName"], new["VoucherDate"]) == (tag, "2026-03-09")


def test_put(call: Caller, contact: str, keeper: Bookkeeper) -> None:
    body = {**CASH, "ContactGuid": contact, "VoucherDate": "2026-03-09", "Lines": LINES}
    created = create_purchase(call, **CASH)
    path = f"/vouchers/purchase/{created['Guid']}"
    for name in ("Timestamp", "VoucherDate", "ContactGuid", "PurchaseType"):
        left_out = {key: value for key, value in {**body, "Timestamp": "x"}.items() if key != name}
        assert set(call("PUT", path, 400, version="v1.1", json=left_out)["validationErrors"]) == {name}
    assert call.code("PUT", path, version="v1.1", json={**body, "Timestamp": "0" * 16}) == 58
    booked = keeper.book(path, created["Timestamp"])
    assert call.code("PUT", path, version="v1.1", json={**body, "Timestamp": booked["Timestamp"]}) == 45


def test_delete(call: Caller, keeper: Bookkeeper) -> None:
    draft = create_purchase(call, **CASH)
    path = f"/vouchers/purchase/{draft['Guid']}"
    # Live the Timestamp is required, and so is a body.
    assert call.raw("DELETE", path).status_code == 400
    assert call.code("DELETE", path, json={}) == 42
    assert call("DELETE", path, json={"Timestamp": draft["Timestamp"]}) is None
    assert call.code("GET", path, 404) == 40
    assert call.code("DELETE", path, json={"Timestamp": draft["Timestamp"]}) == 65
    bill = keeper.purchase(**CREDIT, Lines=LINES)
    path = f"/vouchers/purchase/{bill['Guid']}"
    paid = keeper.pay(f"/purchase-vouchers/{bill['Guid']}", Amount=1)
    assert call.code("DELETE", path, json={"Timestamp": paid["TimeStamp"]}) == 45
    payment = f"/purchase-vouchers/{bill['Guid']}/payments/{paid['Payment']}/{paid['TimeStamp']}"
    call("DELETE", payment)
    keeper.delete(path)
    assert call.code("GET", path, 404) == 40
    assert keeper.report("saldo") == {}
    assert len(keeper.entries()) == 10
    # A number is used once.
    assert keeper.purchase(**CASH, Lines=LINES)["VoucherNumber"] == 3


def test_a_number_may_be_chosen(call: Caller) -> None:
    for code in (200, 400):
        created = create_purchase(call, **CASH)
        body = {"Timestamp": created["Timestamp"], "Number": 70}
        answer = call("POST", f"/vouchers/purchase/{created['Guid']}/book", code, json=body)
    assert set(answer["validationErrors"]) == {"Number"}


def test_fetch_and_similar(call: Caller) -> None:
    body = {**CASH, "Lines": [{"AccountNumber": 6020, "Amount": 40_000}]}
    fetched = call("POST", "/vouchers/purchase/fetch", json=body)
    assert (fetched["Status"], fetched["ShouldPossiblyBeFixedAsset"]) == ("Draft", True)
    assert fetched["VoucherTotals"][0]["Total"] == 32_000
    nothing = {"VoucherNumber": None, "SimilarGuid": None, "SimilarFound": False}
    assert call("POST", "/vouchers/purchase/similar", json=body) == nothing
    created = create_purchase(call, **body)
    found = {"VoucherNumber": None, "SimilarGuid": created["Guid"], "SimilarFound": True}
    assert call("POST", "/vouchers/purchase/similar", json=body) == found
    assert call("POST", "/vouchers/purchase/similar", json={**body, "VoucherDate": "2026-03-09"}) == nothing


def test_files_are_linked(call: Caller, keeper: Bookkeeper) -> None:
    first, second = upload(call), upload(call)
    created = create_purchase(call, **CASH, FileGuid=first)
    assert (linked(call, first), linked(call, second)) == ([created["Guid"]], [])
    assert call("GET", f"/vouchers/purchase/fileguid/{first}") == [created["Guid"]]
    body = {**CASH, "ContactGuid": keeper.contact, "VoucherDate": "2026-03-10", "Lines": LINES, "FileGuid": second}
    path = f"/vouchers/purchase/{created['Guid']}"
    changed = call("PUT", path, version="v1.1", json={**body, "Timestamp": created["Timestamp"]})
    assert (linked(call, first), linked(call, second)) == ([], [created["Guid"]])
    keeper.book(path, changed["Timestamp"])
    assert call("GET", f"/vouchers/purchase/fileguid/{second}") == []
    assert {entry["FileGuid"] for entry in keeper.entries()} == {second}
    (used,) = call("GET", "/files", params={"fileStatus": "Used"})
    assert used["FileGuid"] == second
    # Seen live: the link outlives the voucher.
    keeper.delete(path)
    assert linked(call, second) == [created["Guid"]]
