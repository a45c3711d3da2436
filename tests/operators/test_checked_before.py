"""Errors are reported before an invoice is booked, in the run and in a dry run, and can be corrected."""

import logging
from typing import Any

import pytest

from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator
from airflow_provider_dinero.operators.invoices import DineroBookInvoiceOperator, DineroCreateInvoiceOperator
from tests.conftest import CONTACT, line
from tests.operators.bench import Bench
from tests.operators.sales.conftest import EAN, failed

PAYMENT = {"DepositAccountNumber": 55000, "Description": "Bank"}
OFFICE = {"Name": "Kommunen", "CountryKey": "DK", "IsPerson": False, "EanNumber": EAN, "AttPerson": "Bo"}
LIFE: dict[str, Any] = {"idempotency_key": "order-1", "book": True}


def statuses(beside: Any) -> list[str]:
    return [each["Status"] for each in beside.invoices.list()]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"send": "einvoice"}, "is not an EAN number"),
        ({"payment": {**PAYMENT, "DepositAccountNumber": 55999}}, "55999 is not a deposit account"),
        ({"payment": {**PAYMENT, "PaymentDate": "2011-05-03"}}, "2011-05-03 is in the year 2011"),
        ({"payment": {**PAYMENT, "Amount": "0.00"}}, "its Amount is 0, but the invoice comes to 125.00"),
        ({"expected_total": "124.99"}, "comes to 125.00 DKK (100.00 and VAT of 25.00), but 124.99 is expected"),
    ],
)
def test_what_comes_after_the_booking_is_checked_before(
    bench: Bench, beside: Any, wrong: dict[str, Any], reason: str
) -> None:
    office = {**OFFICE, "EanNumber": "5798000420008"}
    guid = beside.contacts.create(office)["ContactGuid"]
    arguments: dict[str, Any] = {"invoice": {"ContactGuid": guid, "ProductLines": [line()]}, **LIFE, **wrong}
    assert reason in failed(bench.one(DineroInvoiceOperator, **arguments, retries=1))
    assert statuses(beside) == ["Draft"]
    if "Amount" not in wrong.get("payment", {}):
        assert reason in failed(bench.one(DineroInvoiceOperator, **arguments, dry_run=True))
    # Once it is corrected, the same key continues.
    beside.contacts.update(guid, {**office, "EanNumber": EAN})
    right = {"payment": PAYMENT, "expected_total": "125"}
    mended = {name: right.get(name, value) for name, value in wrong.items()}
    told = bench.one(DineroInvoiceOperator, **{**arguments, **mended})
    assert (told.state, statuses(beside)) == ("success", ["Paid" if "payment" in wrong else "Booked"]), told.errors
    again = bench.one(DineroInvoiceOperator, **{**arguments, **mended})
    assert again.returned["Change"] == "unchanged"


def test_of_an_invoice_of_nothing_nothing_is_paid(bench: Bench, beside: Any) -> None:
    guid = beside.contacts.create(CONTACT)["ContactGuid"]
    free = {"ContactGuid": guid, "ProductLines": [line(Discount="100")]}
    for amount, change in (({}, "created"), ({"Amount": "0.00"}, "unchanged")):
        told = bench.one(DineroInvoiceOperator, invoice=free, **LIFE, payment={**PAYMENT, **amount})
        assert (told.state, told.returned["PaymentGuid"], told.returned["Change"]) == ("success", None, change)
    assert bench.sandbox.state()["payments"] == 0


def test_an_expected_total_is_compared_by_each_step(bench: Bench, beside: Any) -> None:
    guid = beside.contacts.create(CONTACT)["ContactGuid"]
    invoice = {"ContactGuid": guid, "ProductLines": [line(BaseAmountValue="33.33", Quantity=3)]}
    wrong = bench.one(DineroCreateInvoiceOperator, invoice=invoice, idempotency_key="a", expected_total="124.98")
    assert "comes to 124.99 DKK" in failed(wrong)
    rounded = {"rounding_account": 1050, "max_rounding": "0.02"}
    dry = bench.one(DineroCreateInvoiceOperator, invoice=invoice, expected_total="124.98", **rounded, dry_run=True)
    assert dry.returned["TotalInclVat"] == "124.98", dry.errors
    draft = bench.one(
        DineroCreateInvoiceOperator, invoice=invoice, idempotency_key="a", expected_total="124.98", **rounded
    ).returned
    assert (draft["TotalInclVat"], draft["Status"]) == ("124.98", "Draft")
    told = bench.one(DineroBookInvoiceOperator, invoice=draft, expected_total="124.99")
    assert "comes to 124.98 DKK" in failed(told)
    before = len(bench.sandbox.requests())
    assert bench.one(DineroBookInvoiceOperator, invoice=draft, expected_total="124.98").returned["Number"] == 1
    assert len(bench.sandbox.requests()) - before == 1  # the draft's own total is known


def test_after_a_refused_booking_the_draft_is_brought_to_what_the_key_says(
    bench: Bench, beside: Any, caplog: pytest.LogCaptureFixture
) -> None:
    guid = beside.contacts.create({**CONTACT, "Email": "bjorn@example.no"})["ContactGuid"]
    invoice = {"ContactGuid": guid, "ProductLines": [line()], "Date": "2011-05-03"}
    text = failed(bench.one(DineroInvoiceOperator, invoice=invoice, **LIFE))
    assert "refused the date 2011-05-03: the accounting year 2011 is closed, or doesn't exist" in text
    invoice = {**invoice, "Date": f"{bench.sandbox.now():%Y-%m-%d}", "Comment": "secret"}
    with caplog.at_level(logging.INFO, "airflow_provider_dinero"):
        told = bench.one(DineroInvoiceOperator, invoice=invoice, **LIFE)
    assert (told.state, told.returned["Number"], told.returned["Change"]) == ("success", 1, "updated"), told.errors
    assert "was still a draft, and was updated to its new content: Comment, Date" in caplog.text
    assert "secret" not in caplog.text
    # What is booked stays.
    text = failed(bench.one(DineroInvoiceOperator, invoice={**invoice, "Comment": "other"}, **LIFE))
    assert "exists with other content" in text


def test_two_tasks_with_one_key_and_different_content_are_a_conflict(bench: Bench, beside: Any) -> None:
    invoices = [{"ProductLines": [line(BaseAmountValue=price)]} for price in ("1", "2")]
    with bench.dag() as dag:
        DineroCreateInvoiceOperator.partial(task_id="it", idempotency_key="a").expand(invoice=invoices)
    run = bench.run(dag)
    assert [run["it", index].state for index in range(2)] == ["success", "failed"]
    assert "exists with other content" in run["it", 1].error
    # In another run the first is the key's, until somebody touches it.
    told = bench.one(DineroCreateInvoiceOperator, idempotency_key="a", invoice=invoices[1])
    assert told.returned["Change"] == "updated", told.errors
    told = bench.one(DineroCreateInvoiceOperator, idempotency_key="a", invoice=invoices[0])
    assert told.returned["Change"] == "updated", told.errors
    beside.invoices.update(told.returned["Guid"], {"ProductLines": [line(BaseAmountValue="3")]})
    text = failed(bench.one(DineroCreateInvoiceOperator, idempotency_key="a", invoice=invoices[0]))
    assert "exists with other content" in text
