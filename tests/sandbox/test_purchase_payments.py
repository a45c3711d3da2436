from __future__ import annotations

from decimal import Decimal

import pytest

from .bookkeeper import CASH, CREDIT, LINES, Bookkeeper, create_purchase
from .causes_books import UNKNOWN
from .conftest import Caller, Clock, personal_token


@pytest.fixture
def keeper(call: Caller, contact: str) -> Bookkeeper:
    return Bookkeeper(call, contact)


def test_statuses_on_credit(call: Caller, clock: Clock, keeper: Bookkeeper) -> None:
    bill = keeper.purchase(**CREDIT, Lines=LINES)
    path, payable = f"/vouchers/purchase/{bill['Guid']}", f"/purchase-vouchers/{bill['Guid']}"

    def status() -> str:
        return str(call("GET", path)["Status"])

    assert bill["Status"] == "Booked"
    clock.forward(days=22)
    call.session.headers["Authorization"] = f"Bearer {personal_token(call.sandbox)}"
    assert status() == "Overdue"
    first = keeper.pay(payable, Amount=25, ExternalReference="pay-1")
    assert status() == "Overdue"
    second = keeper.pay(payable, Amount=100)
    assert status() == "Paid"
    keeper.pay(payable, Amount=1)
    assert status() == "Overpaid"
    payments = call("GET", f"{payable}/payments")
    assert [payment["Amount"] for payment in payments] == [25, 100, 1]
    assert payments[0] == {
        "Guid": first["Payment"],
        "DepositAccountNumber": 55000,
        "Currency": "DKK",
        "ExchangeRate": 100,
        "PaymentClass": "Invoice",
        "RelatedVoucherId": first["Guid"],
        "ExternalReference": "pay-1",
        "PaymentDate": "2026-04-01",
        "Description": "Betaling",
        "Amount": 25,
    }
    stamp = call("GET", path)["Timestamp"]
    assert call.code("DELETE", f"{payable}/payments/{second['Payment']}/{'0' * 16}") == 58
    assert call.code("DELETE", f"{payable}/payments/{UNKNOWN}/{stamp}", 404) == 40
    answer = call("DELETE", f"{payable}/payments/{second['Payment']}/{stamp}")
    assert answer == {"TimeStamp": call("GET", path)["Timestamp"]}
    assert status() == "Overdue"
    assert keeper.sums(second["Guid"]) == {}
    assert keeper.report("balance")["63000"] == Decimal(-99)


def test_payments_are_checked(call: Caller, keeper: Bookkeeper, contact: str) -> None:
    bill = keeper.purchase(**CREDIT, CurrencyKey="EUR", Lines=LINES)
    path = f"/purchase-vouchers/{bill['Guid']}/payments"
    body = {"Timestamp": bill["Timestamp"], "DepositAccountNumber": 55000, "Description": "x", "Amount": 900}
    for change, code in (
        ({"Timestamp": "0" * 16}, 58),
        ({"DepositAccountNumber": 6000}, 86),
        ({"Amount": 0}, 42),
        ({}, 42),
        ({"AmountInForeignCurrency": -1}, 42),
        ({"AmountInForeignCurrency": 1, "PaymentDate": "2029-01-01"}, 47),
    ):
        assert call.code("POST", path, json={**body, **change}) == code, change
    paid = call("POST", path, json={**body, "AmountInForeignCurrency": 125})
    assert paid["TimeStamp"] > bill["Timestamp"]
    assert str(call("GET", path)[0]["ExchangeRate"]) == "720.00"
    # 125 EUR at 7.46 = 932.50 in the books, paid with 900: 32.50 gained.
    sums = keeper.sums(paid["RelatedVoucherGuid"])
    assert sums == {"63000": Decimal("932.50"), "55000": Decimal(-900), "9420": Decimal("-32.50")}
    draft = create_purchase(call, **CREDIT, ContactGuid=contact)
    draft_body = {**body, "Timestamp": draft["Timestamp"]}
    assert call.code("POST", f"/purchase-vouchers/{draft['Guid']}/payments", json=draft_body) == 59
    cash = keeper.purchase(**CASH, Lines=LINES)
    cash_body = {**body, "Timestamp": cash["Timestamp"]}
    assert call.code("POST", f"/purchase-vouchers/{cash['Guid']}/payments", json=cash_body) == 45
    assert call.code("GET", f"/purchase-vouchers/{UNKNOWN}/payments", 404) == 40


def test_the_remainder_is_a_fee(call: Caller, keeper: Bookkeeper) -> None:
    bill = keeper.purchase(**CREDIT, Lines=LINES)
    path = f"/purchase-vouchers/{bill['Guid']}/payments"
    body = {"Timestamp": bill["Timestamp"], "DepositAccountNumber": 55000, "Description": "x", "RemainderIsFee": True}
    # More than remains leaves no fee, as on sales.
    assert set(call("POST", path, 400, json={**body, "Amount": 131})["validationErrors"]) == {"RemainderIsFee"}
    paid = call("POST", path, json={**body, "Amount": 120})
    sums = {"63000": Decimal(125), "55000": Decimal(-120), "6310": Decimal(-5)}
    assert keeper.sums(paid["RelatedVoucherGuid"]) == sums
    assert call("GET", f"/vouchers/purchase/{bill['Guid']}")["Status"] == "Paid"


def test_credit_a_credit_purchase(call: Caller, keeper: Bookkeeper) -> None:
    bill = keeper.purchase(**CREDIT, Lines=LINES)
    stamp = {"Timestamp": {"Timestamp": bill["Timestamp"]}, "VoucherDate": "2026-03-11T00:00:00"}
    made = call("POST", f"/vouchers/purchase/{bill['Guid']}/generate-creditnote", json=stamp)
    path = f"/vouchers/purchase/creditnotes/{made['Guid']}"
    note = call("GET", path)
    assert (note["CreditNoteFor"], note["ContactGuid"], note["Status"]) == (bill["Guid"], keeper.contact, "Draft")
    assert (note["Timestamp"], note["Date"]) == (made["TimeStamp"], "2026-03-11T00:00:00")
    body = {"Lines": [{"AccountNumber": 2000, "Amount": 25}], "CreditNoteFor": bill["Guid"]}
    changed = call("PUT", path, json={**body, "Timestamp": note["Timestamp"]})
    booked = keeper.book(path, changed["TimeStamp"])
    assert (booked["Status"], booked["CreditNoteNumber"], booked["Totals"][2]["Total"]) == ("Paid", 2, 25)
    sums = {"63000": Decimal(25), "2000": Decimal(-20), "64060": Decimal(-5)}
    assert keeper.sums(booked["Guid"]) == sums
    # It is deducted from what is due, and isn't paid itself.
    (settled,) = call("GET", f"/purchase-vouchers/{bill['Guid']}/payments")
    assert (settled["DepositAccountNumber"], settled["RelatedVoucherId"]) == (None, booked["Guid"])
    assert call.code("GET", f"/purchase-vouchers/{booked['Guid']}/payments") == 45
    keeper.pay(f"/purchase-vouchers/{bill['Guid']}", Amount=100)
    assert call("GET", f"/vouchers/purchase/{bill['Guid']}")["Status"] == "Paid"
    assert "63000" not in keeper.report("balance")
    call("DELETE", path)
    assert call("GET", f"/vouchers/purchase/{bill['Guid']}")["Status"] == "Booked"
    assert keeper.report("balance")["63000"] == -25


def test_credit_a_cash_purchase(call: Caller, keeper: Bookkeeper) -> None:
    bought = keeper.purchase(**CASH, Lines=[*LINES, {"AccountNumber": 5000, "Amount": 10}])
    stamp = {"Timestamp": {"Timestamp": bought["Timestamp"]}}
    made = call("POST", f"/vouchers/purchase/{bought['Guid']}/generate-creditnote", json=stamp)
    path = f"/vouchers/manuel/{made['Guid']}"
    assert call("GET", path)["CreditNoteFor"] == bought["Guid"]
    keeper.book(path, made["TimeStamp"])
    assert keeper.report("saldo") == {}


def test_a_free_standing_credit_note(call: Caller, keeper: Bookkeeper) -> None:
    body = {"Guid": UNKNOWN, "Lines": LINES, "ContactGuid": keeper.contact}
    made = call("POST", "/vouchers/purchase/creditnotes", json=body)
    assert made["Guid"] == UNKNOWN
    assert keeper.book(f"/vouchers/purchase/creditnotes/{UNKNOWN}", made["TimeStamp"])["Status"] == "Booked"
    paid = call("GET", f"/vouchers/purchase/creditnotes/{UNKNOWN}")
    payment = {"DepositAccountNumber": 55000, "Description": "Retur", "Amount": 125}
    path = f"/purchase-vouchers/{UNKNOWN}/payments"
    back = call("POST", path, json={**payment, "Timestamp": paid["Timestamp"]})
    assert keeper.sums(back["RelatedVoucherGuid"]) == {"55000": Decimal(125), "63000": Decimal(-125)}
    assert call("GET", f"/vouchers/purchase/creditnotes/{UNKNOWN}")["Status"] == "Paid"
    assert call("GET", path)[0]["PaymentClass"] == "CreditNote"
    without = call("POST", "/vouchers/purchase/creditnotes", json={"Lines": LINES})
    note = f"/vouchers/purchase/creditnotes/{without['Guid']}"
    assert call.code("POST", f"{note}/book", json={"Timestamp": without["TimeStamp"]}) == 42
    for change, code in (({"CreditNoteFor": UNKNOWN}, 42), ({"Lines": []}, 45), ({"Currency": "XYZ"}, 42)):
        assert call.code("POST", "/vouchers/purchase/creditnotes", json={"Lines": LINES, **change}) == code
