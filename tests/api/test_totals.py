"""The expected total: compared to the øre before anything is booked, in the document's currency."""

from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient, errors
from airflow_provider_dinero.api.bodies.totals import ExpectedTotal, expected
from tests.conftest import line

GUID = "5f0e9a52-5f0e-4d55-9c39-4a1b6f7e2c10"


def body(contact: str, **changes: Any) -> dict[str, Any]:
    lines = [line(BaseAmountValue="33.33", Quantity=3)]
    return {"Guid": GUID, "ContactGuid": contact, "ProductLines": lines, **changes}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("99,95", "a number is written with a point before the decimals"),
        ("1.234,56", "a number is written with a point before the decimals"),
        ("1.234", "1.234 can mean 1234 .* or three decimals"),
        ("1.2345", "1.2345 has more than two places"),
        (Decimal("0.005"), "0.005 has more than two places"),
        (True, "this must be an amount, not bool"),
        ([], "this must be an amount, not list"),
        ("NaN", "a number consists of digits"),
        ("None", "a number consists of digits"),
    ],
)
def test_what_is_no_expected_total(given: Any, reason: str) -> None:
    with pytest.raises(errors.DineroInvalidBody, match=f"expected_total: {reason}"):
        expected(given)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((None, 1000, None), "no expected_total"),
        (("1", 1000, None), "go together"),
        (("1", None, "0.05"), "go together"),
        (("1", 1000, "0.00"), "must be above 0"),
    ],
)
def test_rounding_needs_a_limit_and_a_total(arguments: tuple[Any, ...], reason: str) -> None:
    with pytest.raises(errors.DineroInvalidBody, match=reason):
        expected(*arguments)


def test_a_wrong_total_is_not_booked(client: DineroClient, contact: str) -> None:
    wanted = ExpectedTotal(Decimal("124.98"))
    draft = client.invoices.create(body(contact))
    message = r"comes to 124.99 DKK \(99.99 and VAT of 25.00\), but 124.98 is expected: a difference of -0.01"
    with pytest.raises(errors.DineroWrongTotal, match=message):
        client.invoices.require_total(body(contact), draft, wanted)
    for stamp in (None, draft["TimeStamp"]):
        with pytest.raises(errors.DineroWrongTotal):
            client.invoices.book(GUID, timestamp=stamp, expected=wanted)
    assert client.invoices.get(GUID)["Status"] == "Draft"
    right = ExpectedTotal(Decimal("124.99"))
    assert client.invoices.book(GUID, timestamp=draft["TimeStamp"], expected=right)["Status"] == "Booked"
    with pytest.raises(errors.DineroWrongTotal, match="credit the document"):
        client.invoices.book(GUID, expected=wanted)


@pytest.mark.parametrize(("gross", "total", "then"), [(False, "124.98", "125.00"), (True, "100.00", "99.99")])
def test_a_difference_goes_on_a_line_of_its_own(
    client: DineroClient, contact: str, sandbox: Any, gross: bool, total: str, then: str
) -> None:
    wanted = ExpectedTotal(Decimal(total), 1050, Decimal("0.02"))
    content = body(contact, ShowLinesInclVat=gross)
    for change in ("created", "unchanged"):  # the added line doesn't count as other content
        draft = client.invoices.create(content, expected=wanted)
        before = len(sandbox.requests())
        found = client.invoices.require_total(content, draft, wanted)
        assert (found["TotalInclVat"], found["Change"]) == (Decimal(total), change)
        assert len(sandbox.requests()) - before == (3 if change == "created" else 0)
        assert [each["Description"] for each in found["ProductLines"]] == ["Plader", "Øreafrunding"]
    # A new total replaces the line, or takes it away.
    other = ExpectedTotal(Decimal(then), 1050, Decimal("0.02"))
    found = client.invoices.require_total(content, client.invoices.create(content, expected=other), other)
    assert (found["TotalInclVat"], len(found["ProductLines"])) == (other.total, 1 if gross else 2)
    for limit, account in ((Decimal("0.01"), 1050), (Decimal(0), None)):
        far = ExpectedTotal(other.total + 1, account, limit)
        with pytest.raises(errors.DineroWrongTotal, match="max_rounding"):
            client.invoices.require_total(content, found, far)


WITH_VAT = "add the VAT, or set ShowLinesInclVat if the prices of the lines include it. Run it again."


@pytest.mark.parametrize(
    ("changed", "wanted", "said"),
    [
        ({}, "99.99", f"-25.00. The document wasn't booked. The expected total is without VAT: {WITH_VAT}"),
        ({}, "90", "-34.99. The document wasn't booked. Correct its lines or the expected total, which is in DKK"),
        ({"ShowLinesInclVat": True}, "79.99", "The expected total is without VAT: add the VAT. Run it again."),
        ({"Discount": 10}, "100", "comes to 112.49 DKK (89.99 and VAT of 22.50), but 100.00 is expected"),
        ({"Discount": 10}, "100", "Correct its lines (their Discount is in percent) or the expected total"),
        ({"Currency": "EUR"}, "930", "comes to 124.99 EUR (99.99 and VAT of 25.00), but 930.00 is expected"),
        ({"Currency": "EUR"}, "930", "or the expected total, which is in EUR and includes VAT, and run it again"),
    ],
)
def test_a_wrong_total_says_what_to_do(
    client: DineroClient, contact: str, changed: dict[str, Any], wanted: str, said: str
) -> None:
    content = body(contact, **{name: value for name, value in changed.items() if name != "Discount"})
    content["ProductLines"][0] |= {name: value for name, value in changed.items() if name == "Discount"}
    draft = client.invoices.create(content)
    with pytest.raises(errors.DineroWrongTotal) as raised:
        client.invoices.require_total(content, draft, ExpectedTotal(Decimal(wanted)))
    assert said in str(raised.value).replace("\n", " ")


def test_a_foreign_total_is_in_its_currency(client: DineroClient, contact: str) -> None:
    content = body(contact, Currency="EUR")
    draft = client.invoices.create(content)
    with pytest.raises(errors.DineroWrongTotal, match=r"comes to 124.99 EUR"):
        client.invoices.require_total(content, draft, ExpectedTotal(Decimal(930)))
