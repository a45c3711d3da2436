"""Bodies that Dinero, or a mail server, would understand in another way than their author."""

import time
from collections import deque
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_dinero.api.bodies.comparison import differences
from airflow_provider_dinero.api.bodies.numbers import MOST_DIGITS, written
from airflow_provider_dinero.api.bodies.validation import MOST_NESTED, check, encode
from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.operators.money import money
from airflow_provider_dinero.operators.sales import to_xcom
from tests.conftest import CONTACT, line

DIGITS = "a number consists of digits, with a point before the decimals"
LONG = f"a number has at most {MOST_DIGITS} digits"
BREAK = "this contains a line break or another control character"


def invoice(**changes: Any) -> dict[str, Any]:
    return {"ProductLines": [line(**changes)]}


def sms(**changes: Any) -> dict[str, Any]:
    return {
        "ReceiverPhoneNumber": "12345678", "ReceiverName": "Bo", "Timestamp": "1", "IsReminder": False, **changes
    }  # fmt: skip


@pytest.mark.parametrize(
    ("model", "body", "told"),
    [
        *(("InvoiceCreateModel", invoice(BaseAmountValue=amount), f"ProductLines[0].BaseAmountValue: {DIGITS}")
          for amount in ("1e3", "1E+400", "1_000", "١٢٣", "１２３", "1e-2", "१")),
        *(("InvoiceCreateModel", invoice(BaseAmountValue=amount), f"ProductLines[0].BaseAmountValue: {LONG}")
          for amount in (Decimal("1E+400"), Decimal("1E-400"), Decimal("1E+999999999999"), 10**50, 1e300, "9" * 41)),
        *(("InvoiceCreateModel", invoice(AccountNumber=number), "ProductLines[0].AccountNumber: ")
          for number in ("1_000", "١٠٠٠", 10**5000)),
        ("InvoiceCreateModel", invoice(Quantity=10**5000), "ProductLines[0].Quantity: "),
        ("ApiMailoutModel", {"Receiver": "bo@example.dk\nBcc: eve@example.dk"}, f"Receiver: {BREAK}"),
        ("ApiMailoutModel", {"Receiver": "bo@example.dk\r\n"}, f"Receiver: {BREAK}"),
        ("ApiMailoutModel", {"Sender": "bo@example.dk\u2028"}, f"Sender: {BREAK}"),
        ("ApiMailoutModel", {"Subject": "Hi\x00"}, f"Subject: {BREAK}"),
        ("ContactCreateModel", {**CONTACT, "Email": "bo@example.dk\nBcc: eve@example.dk"}, f"Email: {BREAK}"),
        ("SmsSendModel", sms(ReceiverPhoneNumber="12345678\n"), f"ReceiverPhoneNumber: {BREAK}"),
        ("SmsSendModel", sms(ReceiverName="Bo\x1b[2J"), f"ReceiverName: {BREAK}"),
        ("ContactCreateModel", {**CONTACT, "Name": "half \ud800"}, "Name: "),
        ("InvoiceCreateModel", invoice(Comments="half \ud800"), "ProductLines[0].Comments: this contains half a char"),
        ("ContactCreateModel", {**CONTACT, 1: "x"}, "1"),
    ],
)  # fmt: skip
def test_it_is_refused_with_its_name(model: str, body: dict[str, Any], told: str) -> None:
    with pytest.raises(DineroInvalidBody) as raised:
        check(model, body)
    assert told in str(raised.value)
    assert "Nothing was sent" in str(raised.value)
    assert len(str(raised.value)) < 500


@pytest.mark.parametrize("ever", ["arrays", "objects", "itself"])
def test_what_nests_deeper_than_any_body_is_refused(ever: str) -> None:
    value: Any = {}
    for _ in range(5000):
        value = [value] if ever == "arrays" else {"a": value}
    if ever == "itself":
        value["a"] = value
    for body in ({**CONTACT, "City": value}, {"ProductLines": [line(Description=value)]}):
        with pytest.raises(DineroInvalidBody, match=rf"(City|ProductLines).* is nested more than {MOST_NESTED} deep"):
            check("ContactCreateModel", body)


@pytest.mark.parametrize(
    ("given", "sent"),
    [("100", "100"), (" 1250.75\n", "1250.75"), ("+1.50", "1.50"), (".5", "0.5"), ("-3", "-3"),
     (Decimal("1E+2"), "1E+2"), (Decimal("0.0000001"), "1E-7"), (1e16, "1E+16"), (Decimal(1) / 3, "0." + "3" * 28)],
)  # fmt: skip
def test_what_is_a_number_stays_one(given: Any, sent: str) -> None:
    body = encode(check("InvoiceCreateModel", invoice(BaseAmountValue=given)))
    assert body.startswith(f'{{"ProductLines":[{{"BaseAmountValue":{sent},'.encode())


@pytest.mark.parametrize(
    "lines", [(line(Quantity="1_0"),), deque([line(Quantity="1_0")]), iter([line(Quantity="1_0")])]
)
def test_lines_are_looked_at_whatever_holds_them(lines: Any) -> None:
    with pytest.raises(DineroInvalidBody, match=r"ProductLines\[0\]\.Quantity"):
        check("InvoiceCreateModel", {"ProductLines": lines})


@pytest.mark.parametrize("text", ["1E+400", "-1E+999999999999", "1E-999999999999", "9" * 5000])
def test_a_number_out_of_all_bounds_is_told_briefly(text: str) -> None:
    began, number = time.monotonic(), Decimal(text)
    found = differences({"Amount": Decimal(1)}, {"Amount": number})
    assert found["Amount"][1] == "1"
    assert len(found["Amount"][0]) < 50
    assert differences({"Amount": number}, {"Amount": number}) == {}
    told = [written(number), money(number), to_xcom({"TotalInclVat": number})["TotalInclVat"]]
    assert max(map(len, told)) <= max(30, len(text) + 4)
    assert time.monotonic() - began < 1


def test_equal_numbers_are_equal_however_they_are_written() -> None:
    for one, other in (("1.50", 1.5), ("0", "-0.00"), ("1E+2", 100), ("100", Decimal("100.00")), ("1E+400", "10E+399")):
        amounts = [each if isinstance(each, float) else Decimal(each) for each in (one, other)]
        assert differences({"Amount": amounts[0]}, {"Amount": amounts[1]}) == {}
