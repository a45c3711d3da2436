"""Purchase credit notes."""

from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.operators.purchase_credit_notes import DineroPurchaseCreditNoteOperator
from tests.operators.bench import Bench, Instance

LINES = [
    {"Description": "Papir", "Amount": "125.00", "AccountNumber": 4000},
    {"Description": "Porto", "Amount": "40.00", "AccountNumber": 4000, "VatCode": "none"},
]


@pytest.fixture
def supplier(beside: DineroClient) -> str:
    return beside.contacts.create({"Name": "Papirhuset", "CountryKey": "DK", "IsPerson": False})["ContactGuid"]


@pytest.fixture
def purchase(beside: DineroClient, supplier: str) -> str:
    """A booked credit purchase."""
    body = {"PurchaseType": "credit", "ContactGuid": supplier, "PaymentDate": "2030-01-31", "Lines": LINES}
    voucher = beside.purchase_vouchers.create(body)
    return beside.purchase_vouchers.book(voucher["Guid"])["Guid"]


def credit(bench: Bench, **arguments: Any) -> Instance:
    return bench.one(DineroPurchaseCreditNoteOperator, **{"idempotency_key": "k-1", **arguments})


def test_all_of_a_purchase_is_credited_once(bench: Bench, beside: DineroClient, purchase: str) -> None:
    draft = credit(bench, voucher=purchase).returned
    assert draft["Change"] == "created"
    booked = credit(bench, voucher={"Guid": purchase}, book=True)
    assert (booked.returned["Guid"], booked.returned["Change"]) == (draft["Guid"], "updated")
    assert (booked.returned["Status"], booked.returned["TotalInclVat"]) == ("Paid", "165.00")
    assert f"purchase credit note {draft['Guid']} for k-1 updated, 165.00 DKK" in booked.log
    assert credit(bench, voucher=purchase, book=True).returned == {**booked.returned, "Change": "unchanged"}
    assert beside.purchase_vouchers.get(purchase)["Status"] == "Paid"


def test_lines_of_its_own_and_for_no_purchase(bench: Bench, supplier: str) -> None:
    note = {"ContactGuid": supplier, "Lines": LINES[:1]}
    assert credit(bench, credit_note=note, book=True).returned["TotalInclVat"] == "125.00"
    told = credit(bench, credit_note={**note, "Lines": [{**LINES[0], "Amount": "5.00"}]}, retries=2)
    assert (told.state, len(told.errors)) == ("failed", 1)
    assert "Lines[0].Amount: Dinero has '125', you gave '5'" in told.error


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("effect", ["reset", "reset-after"])
def test_lost_answers_double_nothing(bench: Bench, beside: DineroClient, purchase: str, effect: str) -> None:
    for path in ("/**/creditnotes", "/**/book"):
        bench.sandbox.fault(effect, method="POST", path=path, times=5)
    told = credit(bench, voucher=purchase, book=True, retries=3)
    assert told.state == "success", told.log
    assert len(beside.purchase_vouchers.payments(purchase)) == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"credit_note": {"Lines": []}}, "Lines"),
        ({"credit_note": {"Lines": LINES}, "book": True}, "A credit note must have a contact"),
        ({"voucher": "3f1d9a52-5f0e-5d55-9c39-4a1b6f7e2c10"}, "code 40"),
        ({"credit_note": {"Guid": "x", "Lines": LINES}}, "The credit_note has a Guid."),
    ],
)
def test_what_is_refused_fails_at_once(bench: Bench, arguments: Any, told: str) -> None:
    instance = credit(bench, **arguments, retries=2)
    assert (instance.state, len(instance.errors)) == ("failed", 1)
    assert told in instance.error


def test_a_dry_run_sends_nothing(bench: Bench, purchase: str) -> None:
    told = credit(bench, voucher=purchase, dry_run=True, book=True).returned
    assert told["Next"] == "POST /v1/100001/vouchers/purchase/creditnotes"
    assert told["TotalInclVat"] == "165.00"


def test_an_expected_total_is_compared_before_it_is_booked(bench: Bench, beside: DineroClient, supplier: str) -> None:
    note = {"ContactGuid": supplier, "Currency": "EUR", "Lines": LINES}
    wrong: dict[str, Any] = {"credit_note": note, "book": True, "expected_total": "165.01", "retries": 2}
    reason = "comes to 165.00 EUR (140.00 and VAT of 25.00), but 165.01 is expected: a difference of +0.01."
    told = credit(bench, **wrong)
    assert (told.state, len(told.errors)) == ("failed", 1)
    assert reason in told.error
    assert "rounding_account" not in told.error  # it takes none
    assert (
        "The credit note comes to 165.00 EUR, but 165.01 is expected"
        in credit(bench, **wrong, dry_run=True, idempotency_key="k-2").error
    )
    right = credit(bench, credit_note=note, book=True, expected_total="{{ 165 }}")
    assert (right.returned["TotalInclVat"], right.returned["Currency"]) == ("165.00", "EUR"), right.errors
    assert beside.purchase_credit_notes.get(right.returned["Guid"])["Status"] == "Booked"
