from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_dinero.sandbox.server import running

from .conftest import Caller, Clock, Draft, line, personal_token

DEBTORS, BANK, FEES, GAINS, LOSSES = 56000, 55000, 6310, 9420, 9470


def pay(call: Caller, guid: str, amount: float, status: int = 200, **more: Any) -> Any:
    stamp = call("GET", f"/invoices/{guid}")["TimeStamp"]
    known = {"Timestamp": stamp, "DepositAccountNumber": BANK, "Description": "Bank", "Amount": amount}
    return call("POST", f"/invoices/{guid}/payments", status, json={**known, **more})


def status(call: Caller, guid: str) -> str:
    return str(call("GET", f"/invoices/{guid}")["PaymentStatus"])


def payments(call: Caller, guid: str) -> Any:
    return call("GET", f"/invoices/{guid}/payments", version="v2")


def entries(call: Caller, voucher: str) -> dict[int, str]:
    """Amounts by account of one voucher."""
    rows = call("GET", "/entries", params={"fromDate": "2026-01-01", "toDate": "2026-12-31"})
    return {row["AccountNumber"]: str(row["Amount"]) for row in rows if row["VoucherGuid"] == voucher}


def test_part_all_and_too_much(call: Caller, clock: Clock, booked: Draft) -> None:
    invoice = booked()
    guid = invoice["Guid"]
    clock.forward(seconds=5)
    first = pay(call, guid, 25, ExternalReference="bank-1")
    assert set(first) == {"Guid", "TimeStamp", "RelatedVoucherGuid"}
    after = call("GET", f"/invoices/{guid}")
    assert (after["TimeStamp"], after["PaymentStatus"]) == (first["TimeStamp"], "Booked")
    assert first["TimeStamp"] > invoice["TimeStamp"]
    assert after["UpdatedAt"] == "2026-03-10T12:00:05.000"
    assert entries(call, first["RelatedVoucherGuid"]) == {BANK: "25.00", DEBTORS: "-25.00"}
    known = payments(call, guid)
    assert [str(known[name]) for name in ("RemainingAmount", "PaidAmount")] == ["100.00", "25.00"]
    assert known["RemainderAsFeeAvailable"] is True
    (payment,) = known["Payments"]
    assert (payment["ExternalReference"], payment["PaymentDate"]) == ("bank-1", "2026-03-10")
    assert (payment["ExchangeRate"], payment["Currency"], payment["DepositAccountNumber"]) == (100, "DKK", BANK)
    pay(call, guid, 100)
    assert status(call, guid) == "Paid"
    pay(call, guid, 10)
    assert status(call, guid) == "OverPaid"
    assert str(payments(call, guid)["RemainingAmount"]) == "-10.00"


def test_delete(call: Caller, booked: Draft) -> None:
    guid = booked()["Guid"]
    paid = pay(call, guid, 125)
    path = f"/invoices/{guid}/payments/{paid['Guid']}"
    assert call.code("DELETE", path, json={}) == 42
    assert call.code("DELETE", path, json={"Timestamp": "0" * 16}) == 58
    gone = call("DELETE", path, json={"Timestamp": paid["TimeStamp"]})
    assert (status(call, guid), payments(call, guid)["Payments"]) == ("Booked", [])
    saldo = call("GET", "/2026/reports/saldo")
    assert {row["AccountNumber"]: row["Amount"] for row in saldo}.get(BANK, 0) == 0
    assert call("DELETE", path, 404, json=gone | {"Timestamp": gone["TimeStamp"]})["code"] == 40


def test_remainder_is_fee(call: Caller, booked: Draft) -> None:
    guid = booked()["Guid"]
    paid = pay(call, guid, 120.5, RemainderIsFee=True)
    assert entries(call, paid["RelatedVoucherGuid"]) == {BANK: "120.50", FEES: "4.50", DEBTORS: "-125.00"}
    known = payments(call, guid)
    assert (status(call, guid), str(known["RemainingAmount"]), str(known["PaidAmount"])) == ("Paid", "0.00", "120.50")
    assert known["RemainderAsFeeAvailable"] is False
    assert pay(call, guid, 1, 400, RemainderIsFee=True)["code"] == 42


@pytest.mark.parametrize(("amount", "account", "difference"), [(940, GAINS, "-7.50"), (900, LOSSES, "32.50")])
def test_foreign_currency(call: Caller, booked: Draft, amount: int, account: int, difference: str) -> None:
    # 100 EUR plus VAT at 7.46: 932.50 DKK are owed.
    guid = booked(Currency="EUR")["Guid"]
    assert pay(call, guid, amount, 400)["code"] == 42
    paid = pay(call, guid, amount, AmountInForeignCurrency=125)
    expected = {BANK: f"{amount}.00", account: difference, DEBTORS: "-932.50"}
    assert entries(call, paid["RelatedVoucherGuid"]) == expected
    (payment,) = payments(call, guid)["Payments"]
    assert (payment["Currency"], str(payment["Amount"])) == ("EUR", "125.00")
    assert payment["ExchangeRate"] == Decimal(amount) / 125 * 100
    assert status(call, guid) == "Paid"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Amount": 0}, 42),
        ({"Amount": 0.001}, 42),
        ({"Description": ""}, 42),
        ({"Timestamp": "0" * 16}, 58),
        ({"DepositAccountNumber": 1000}, 86),
        ({"PaymentDate": "2031-01-01"}, 47),
    ],
)
def test_refused(call: Caller, booked: Draft, change: dict[str, Any], code: int) -> None:
    guid = booked()["Guid"]
    assert pay(call, guid, 1, 400, **change)["code"] == code
    assert payments(call, guid)["Payments"] == []


def test_draft_is_59(call: Caller, draft: Draft) -> None:
    assert pay(call, draft()["Guid"], 1, 400)["code"] == 59


def test_what_bumps_updated_at_is_a_switch() -> None:
    clock = Clock()
    with running(updated_at_bumped_by=frozenset({"book"}), clock=clock) as sandbox:
        call = Caller(sandbox, personal_token(sandbox))
        with call.session:
            contact = call("POST", "/contacts", json={"Name": "Bo", "CountryKey": "DK", "Email": "a@b.example"})
            guid = call("POST", "/invoices", json={**contact, "ProductLines": [line()]})["Guid"]
            stamp = call("GET", f"/invoices/{guid}")["TimeStamp"]
            clock.forward(minutes=1)
            call("POST", f"/invoices/{guid}/book", json={"Timestamp": stamp})
            clock.forward(minutes=1)
            pay(call, guid, 125)
            call("POST", f"/invoices/{guid}/email")
            after = call("GET", f"/invoices/{guid}")
    assert (after["UpdatedAt"], after["PaymentStatus"]) == ("2026-03-10T12:01:00.000", "Paid")
    assert after["MailOutStatus"] == "Sent"
