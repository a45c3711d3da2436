"""Amounts as text: a point before the decimals, nothing between thousands; and properties that are None."""

from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_dinero.api.bodies.validation import check
from airflow_provider_dinero.api.errors import DineroInvalidBody
from tests.conftest import line

POINT = "a number is written with a point before the decimals and nothing between thousands"
BODIES: dict[str, tuple[str, Any]] = {
    "payment": (
        "PaymentCreateModel",
        lambda value: {
            "Timestamp": "a", "DepositAccountNumber": 55000, "RemainderIsFee": False, "Description": "x",
            "Amount": value
        },
    ),
    "ledger": (
        "LedgerItemModelV2",
        lambda value: {
            "VoucherDate": "2026-01-02", "Lines": [{"Description": "x", "Amount": value, "AccountNumber": 55000}]
        },
    ),
    "purchase": (
        "PurchaseVoucherCreateModelV2",
        lambda value: {
            "PurchaseType": "cash", "Lines": [{"Description": "x", "Amount": value, "AccountNumber": 4000}]
        },
    ),
    "manual voucher": (
        "ManuelVoucherCreateModel",
        lambda value: {"Lines": [{"Description": "x", "Amount": value, "AccountNumber": 4000}]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("1.234", r"1\.234 can mean 1234 \(a point between thousands\), or three decimals, .* write 1234\.00"),
        ("100.000", "100.000 can mean 100000"),
        ("1.2345", "1.2345 has more than two places"),
        (Decimal("1.234"), "1.234 has more than two places"),
        (1.234, "1.234 has more than two places"),
        ("99,95", POINT),
        ("1.234,56", POINT),
        ("1,234.56", POINT),
    ],
)
def test_what_is_no_amount_of_two_places(body: str, value: Any, reason: str) -> None:
    model, made = BODIES[body]
    with pytest.raises(DineroInvalidBody, match=rf"Amount: {reason}"):
        check(model, made(value))


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("value", ["1234.50", "99.9500", Decimal("1.230"), 12, "-0.05"])
def test_what_is(body: str, value: Any) -> None:
    model, made = BODIES[body]
    assert str(Decimal(str(value))) in str(check(model, made(value)))


def test_unit_prices_and_quantities_keep_what_is_given() -> None:
    lines = [line(BaseAmountValue="1.234", Quantity="0.125")]
    checked = check("InvoiceCreateModel", {"ProductLines": lines})["ProductLines"][0]
    assert (checked["BaseAmountValue"], checked["Quantity"]) == (Decimal("1.234"), Decimal("0.125"))
    with pytest.raises(DineroInvalidBody, match=rf"ProductLines\[0\].BaseAmountValue: {POINT}"):
        check("InvoiceCreateModel", {"ProductLines": [line(BaseAmountValue="99,95")]})


def test_none_is_left_out_where_dinero_allows_none() -> None:
    checked = check("InvoiceCreateModel", {"ProductLines": [line(Discount=None)], "Comment": None})
    assert "Discount" not in checked["ProductLines"][0]
    assert checked["Comment"] is None
    with pytest.raises(DineroInvalidBody, match=r"ProductLines\[0\]\.Quantity is None: give it a value"):
        check("InvoiceCreateModel", {"ProductLines": [line(Quantity=None)]})


def test_a_pattern_is_told_in_words() -> None:
    with pytest.raises(DineroInvalidBody) as told:
        check("ApiMailoutModel", {"Message": "hello"})
    assert "Message: this must contain [link-to-pdf], in the place of the link to the document" in str(told.value)
    assert "^" not in str(told.value)
