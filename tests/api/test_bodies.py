"""A body is checked before it is sent."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from airflow_provider_dinero.api.bodies.validation import check, complete, encode
from airflow_provider_dinero.api.errors import DineroInvalidBody
from tests.conftest import CONTACT, line

WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "misspelt": ("ContactCreateModel", {**CONTACT, "Emial": "x"}, "Emial is unknown to Dinero, did you mean Email?"),
    "lower case": ("ContactCreateModel", {**CONTACT, "email": "x"}, "email is unknown to Dinero, did you mean Email?"),
    "unlike all": ("ContactCreateModel", {**CONTACT, "Qqq": 1}, "Qqq is unknown to Dinero (ContactGuid, "),
    "missing": ("ContactCreateModel", {"Name": "x", "IsPerson": True}, "CountryKey is missing"),
    "two at once": ("ContactCreateModel", {"Name": "x"}, "CountryKey is missing; IsPerson is missing"),
    "in a line": (
        "InvoiceCreateModel",
        {"ProductLines": [line(), line(Amount=1)]},
        "ProductLines[1].Amount is unknown to Dinero, did you mean BaseAmountValue?",
    ),
    "no lines": ("InvoiceCreateModel", {"ProductLines": []}, "ProductLines: this must have at least 1 member. "),
    "no number": ("InvoiceCreateModel", {"ProductLines": [line(Quantity="many")]}, "ProductLines[0].Quantity:"),
    "no unit": (
        "InvoiceCreateModel",
        {"ProductLines": [line(Unit="barrel")]},
        "ProductLines[0].Unit: this must be 'hours'",
    ),
    "discount": ("InvoiceCreateModel", {"ProductLines": [line(Discount=101)]}, "ProductLines[0].Discount:"),
    "no date": ("InvoiceCreateModel", {"ProductLines": [line()], "Date": "soon"}, "Date:"),
    "no link": ("ApiMailoutModel", {"Message": "Here it is"}, "Message:"),
    "infinite": ("InvoiceCreateModel", {"ProductLines": [line(Quantity=float("inf"))]}, "ProductLines[0].Quantity:"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named(name: str) -> None:
    model, body, told = WRONG[name]
    with pytest.raises(DineroInvalidBody) as raised:
        check(model, body)
    assert told in str(raised.value)
    assert str(raised.value).startswith(("contact: ", "invoice: ", "mailout: "))
    assert str(raised.value).endswith("Nothing was sent.")


def test_a_value_is_never_told() -> None:
    with pytest.raises(DineroInvalidBody) as raised:
        check("ContactCreateModel", {**CONTACT, "IsPerson": "170845-1234"})
    assert "170845" not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize("amount", [0.1 + 0.2, 1 / 3])
def test_a_float_that_was_calculated_with_is_refused(amount: float) -> None:
    with pytest.raises(DineroInvalidBody, match=r"ProductLines\[0\]\.BaseAmountValue: this float"):
        check("InvoiceCreateModel", {"ProductLines": [line(BaseAmountValue=amount)]})


def test_text_is_no_body() -> None:
    with pytest.raises(DineroInvalidBody, match="this must be a dict, not str"):
        check("ContactCreateModel", "{'Name': 'x'}")


def test_what_authors_and_templates_give_is_understood() -> None:
    body = {
        "ContactGuid": "1f5cde3a-a594-43ca-8063-7a27c6d6de00",
        "Date": date(2026, 11, 22),
        "ShowLinesInclVat": "True",
        "ProductLines": [line(BaseAmountValue=Decimal("0.10"), Quantity="3", Discount=0.1)],
    }
    checked = check("InvoiceCreateModel", body)
    assert checked["ContactGuid"] == UUID("1f5cde3a-a594-43ca-8063-7a27c6d6de00")
    assert encode(checked) == (
        b'{"ContactGuid":"1f5cde3a-a594-43ca-8063-7a27c6d6de00","ShowLinesInclVat":true,"Date":"2026-11-22",'
        b'"ProductLines":[{"BaseAmountValue":0.10,"Description":"Plader","Quantity":3,"AccountNumber":1000,'
        b'"Unit":"parts","Discount":0.1}]}'
    )


def test_booleans_that_dinero_fills_in_may_be_left_out() -> None:
    assert check("ContactCreateModel", CONTACT) == CONTACT
    assert check("ApiMailoutModel", {}) == {}


def test_what_the_document_requires_is_filled_in_when_it_is_sent() -> None:
    assert complete("ContactCreateModel", CONTACT) == {**CONTACT, "IsMember": False, "UseCvr": False}
    assert complete("EInvoiceSendModel", {}) == {"PaymentMeanEnum": "Domestic"}
    lines = complete("InvoiceCreateModel", {"ProductLines": [line(), line(Discount=5)]})["ProductLines"]
    assert [each["Discount"] for each in lines] == [0, 5]


def test_a_list_of_bodies_is_checked_one_by_one() -> None:
    item = {"VoucherDate": date(2026, 2, 1), "Lines": [{"Amount": "1.25", "AccountNumber": 1000}]}
    assert [each["VoucherDate"] for each in check("[LedgerItemModelV2]", [item, item])] == [date(2026, 2, 1)] * 2
    assert len(check("[LedgerItemModelV2]", item)) == 1
    with pytest.raises(DineroInvalidBody, match=r"ledger item 1: Lines\[0\]\.Amont is unknown .* mean Amount\?"):
        check("[LedgerItemModelV2]", [item, {"Lines": [{"Amont": 1}]}])
    for nothing in ([], "text", None, [None]):
        with pytest.raises(DineroInvalidBody, match=r"(?i)nothing was sent|this must be a dict"):
            check("[LedgerItemModelV2]", nothing)


def test_either_spelling_of_a_timestamp_will_do() -> None:
    assert check("BookModel", {"TimeStamp": "1"}) == check("BookModel", {"Timestamp": "1"}) == {"Timestamp": "1"}


@pytest.mark.parametrize("given", [date(2026, 2, 1), "2026-02-01", datetime(2026, 2, 1, tzinfo=UTC)])
def test_dates_are_understood_wherever_the_document_has_them(given: Any) -> None:
    bought = {"Amount": 1, "AccountNumber": 6000, "Description": "x"}
    for model, name, others in (
        ("PurchaseCreditNoteCreateModel", "Date", {"Lines": [bought]}),
        ("ManuelVoucherCreateModel", "VoucherDate", {}),
        ("InvoiceCreateModel", "Date", {"ProductLines": [line()]}),
    ):
        assert encode(check(model, {name: given, **others})[name]).startswith(b'"2026-02-01')


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"ZipCode": 8680}, "8680"),
        ({"Phone": np.int64(12345678)}, "12345678"),
        ({"EanNumber": 5790000123456}, "5790000123456"),
        ({"ExternalReference": 1001}, "1001"),
        ({"ZipCode": 101, "CountryKey": "IS"}, "101"),
    ],
)
def test_a_text_takes_a_whole_number_digit_for_digit(given: dict[str, Any], kept: str) -> None:
    (name,) = given.keys() - {"CountryKey"}
    assert check("ContactCreateModel", {**CONTACT, **given})[name] == kept


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"ZipCode": 800, "CountryKey": "DK"}, 'a number loses leading zeros, .* such as "0800"'),
        ({"ZipCode": 8680.0}, r"ZipCode: this must be text, not a float, .* str\(\.\.\.\)"),
        ({"Phone": True}, r"Phone: this must be text, not bool.* `\| string`"),
        ({"Name": {}}, "Name: this must be text, not dict"),
        ({"EanNumber": Decimal(5790000123456)}, r"EanNumber: this must be text, not Decimal: use str\(\.\.\.\)"),
        ({"Phone": 10**5000}, "Phone: this must be text, not int"),
    ],
)
def test_a_text_that_may_have_been_another_is_refused_with_the_way_out(given: dict[str, Any], told: str) -> None:
    with pytest.raises(DineroInvalidBody, match=told):
        check("ContactCreateModel", {**CONTACT, **given})


def test_lines_take_whole_numbers_as_texts_too() -> None:
    (made,) = check("InvoiceCreateModel", {"ProductLines": [line(Description=2026)]})["ProductLines"]
    assert made["Description"] == "2026"
    with pytest.raises(DineroInvalidBody, match="Date"):
        check("LedgerItemModelV2", {"VoucherDate": 20260102})
