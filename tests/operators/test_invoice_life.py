"""The whole lifecycle of an invoice in one task."""

import json
import os
import time
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_dinero.api.http import pace
from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator
from tests.conftest import CONTACT, line
from tests.operators.bench import Bench

PAYMENT = {"DepositAccountNumber": 55000, "Description": "Bank"}
LIFE: dict[str, Any] = {"idempotency_key": "order-1", "book": True, "send": "email", "payment": PAYMENT}


@pytest.fixture
def invoice(bench: Bench, beside: Any) -> dict[str, Any]:
    contact = beside.contacts.create({**CONTACT, "Email": "bjorn@example.no", "Phone": "12345678"})
    return {"ContactGuid": contact["ContactGuid"], "ProductLines": [line(BaseAmountValue="1234.50")]}


def test_its_life_takes_six_requests(bench: Bench, beside: Any, invoice: dict[str, Any]) -> None:
    before = len(bench.sandbox.requests())
    told = bench.one(DineroInvoiceOperator, invoice=invoice, **LIFE)
    assert told.state == "success", told.errors
    made = told.returned
    assert (made["Number"], made["TotalInclVat"], made["Change"]) == (1, "1543.13", "created")
    assert made["Recipients"] == ["bjorn@example.no"]
    assert "booked invoice 1, 1543.13 DKK" in told.log
    assert "invoice 1 paid 1543.13 DKK" in told.log
    requests = [each for each in bench.sandbox.requests()[before:] if "token" not in each["path"]]
    # The second and the third read the contact and the deposit accounts, before it is booked.
    assert [each["method"] for each in requests] == ["POST", "GET", "GET", "POST", "POST", "POST"]
    there = beside.invoices.get(made["Guid"])
    assert (there["PaymentStatus"], there["TimeStamp"]) == ("Paid", made["TimeStamp"])
    (payment,) = beside.invoices.payments(made["Guid"])["Payments"]
    assert (payment["Guid"], payment["ExternalReference"]) == (made["PaymentGuid"], "order-1")


def test_the_same_key_again_does_nothing(bench: Bench, beside: Any, invoice: dict[str, Any]) -> None:
    first = bench.one(DineroInvoiceOperator, invoice=invoice, **LIFE)
    again = bench.one(DineroInvoiceOperator, invoice=invoice, **LIFE)
    assert again.returned == {**first.returned, "Change": "unchanged", "UpdatedAt": again.returned["UpdatedAt"]}
    state = bench.sandbox.state()
    assert (state["invoices"], state["payments"], len(bench.sandbox.outbox())) == (1, 1, 1)
    assert "booked invoice" not in again.log
    for told in (
        f"invoice {first.returned['Guid']} for order-1 unchanged",
        "invoice 1 was already booked, 1543.13 DKK",
        "invoice 1 was already paid 1543.13 DKK",
        "was already e-mailed, recipients: 1",
    ):
        assert told in again.log


@pytest.mark.parametrize("amount", ["1543.13", "43.13"])
def test_what_others_have_paid_is_not_paid_again(
    bench: Bench, beside: Any, invoice: dict[str, Any], amount: str
) -> None:
    made = bench.one(DineroInvoiceOperator, invoice=invoice, idempotency_key="order-1", book=True).returned
    by_hand = {**PAYMENT, "Amount": amount, "RemainderIsFee": False, "ExternalReference": "by hand"}
    beside.invoices.add_payment(made["Guid"], by_hand)
    told = bench.one(DineroInvoiceOperator, invoice=invoice, **LIFE)
    assert told.state == "failed"
    assert f"other payments of {amount} DKK, and none with the reference order-1.\nNothing was registered" in told.error
    assert len(beside.invoices.payments(made["Guid"])["Payments"]) == 1
    left = {**LIFE, "payment": {**PAYMENT, "Amount": "1500.00"}}
    assert bench.one(DineroInvoiceOperator, invoice=invoice, **left).returned["Change"] == "updated"


def test_what_an_earlier_run_left_out_is_done(bench: Bench, beside: Any, invoice: dict[str, Any]) -> None:
    draft = bench.one(DineroInvoiceOperator, invoice=invoice, idempotency_key="order-1")
    assert (draft.returned["Change"], bench.sandbox.outbox()) == ("created", [])
    rest = bench.one(DineroInvoiceOperator, invoice=invoice, **LIFE)
    assert (rest.returned["Guid"], rest.returned["Change"]) == (draft.returned["Guid"], "updated")
    assert beside.invoices.get(draft.returned["Guid"])["PaymentStatus"] == "Paid"


def test_the_same_key_with_other_content_shows_the_difference(bench: Bench, invoice: dict[str, Any]) -> None:
    bench.one(DineroInvoiceOperator, invoice=invoice, **LIFE)
    other = {**invoice, "ProductLines": [line(BaseAmountValue="1")]}
    told = bench.one(DineroInvoiceOperator, invoice=other, **LIFE, retries=2)
    assert (told.state, len(told.errors)) == ("failed", 1)
    assert "ProductLines[0].BaseAmountValue: Dinero has '1234.5', you gave '1'" in told.error
    told = bench.one(DineroInvoiceOperator, invoice=invoice, **{**LIFE, "payment": {**PAYMENT, "Amount": "10"}})
    assert "has a payment order-1 with other content: Amount: Dinero has '1543.13', you gave '10'" in told.error
    assert bench.sandbox.state()["payments"] == 1


def test_a_dry_run_tells_the_total_and_writes_nothing(bench: Bench, invoice: dict[str, Any]) -> None:
    before = len(bench.sandbox.requests())
    told = bench.one(DineroInvoiceOperator, invoice=invoice, **LIFE, dry_run=True)
    assert told.returned["DryRun"] is True
    requests = [each for each in bench.sandbox.requests()[before:] if "token" not in each["path"]]
    assert [each["method"] for each in requests] == ["GET", "GET", "POST"]  # deposit accounts, contact, total
    assert told.returned["Next"] == "POST /v1/100001/invoices"
    assert told.returned["TotalInclVat"] == "1543.13"
    assert bench.sandbox.state()["invoices"] == 0


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"payment": {"DepositAccountNumber": 55000}}, "Description is missing"),
        ({"payment": {**PAYMENT, "Ammount": 1}}, "did you mean Amount"),
        ({"mailout": {"Message": "no link"}}, "Message"),
        ({"mailout": {"Reciever": "a@b.dk"}}, "did you mean Receiver"),
        ({"send": "pigeon"}, "There is no channel 'pigeon'.\nUse email or einvoice or sms"),
        ({"send": "sms", "mailout": {"Subject": "x"}}, "Subject is unknown"),
        ({"invoice": {"ProductLines": [line()], "Guid": "x"}}, "has a Guid"),
        ({"invoice": {"ProductLines": [line()], "Currency": "EUR"}}, "this must have an Amount in DKK"),
        (
            {"invoice": {"ProductLines": [line()], "Currency": "EUR"}, "payment": {**PAYMENT, "Amount": "746.00"}},
            "AmountInForeignCurrency is missing",
        ),
        ({"expected_total": "1.543,13"}, "a number is written with a point"),
        ({"max_rounding": "0.05"}, "no expected_total"),
        ({"idempotency_key": " "}, "idempotency_key is empty"),
        ({"generation": "x"}, "generation: 'x' is not a whole number"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_sent(
    bench: Bench, invoice: dict[str, Any], wrong: dict[str, Any], reason: str
) -> None:
    told = bench.one(DineroInvoiceOperator, **{"invoice": invoice, **LIFE, **wrong}, retries=1)
    assert (told.state, len(told.errors)) == ("failed", 1)
    assert reason in told.error
    assert bench.sandbox.state()["invoices"] == 0


def test_only_what_is_booked_is_sent_and_paid(bench: Bench) -> None:
    with pytest.raises(ValueError, match="book=True"):
        bench.one(DineroInvoiceOperator, invoice={}, send="email")


def test_a_draft_that_is_changed_meanwhile_is_booked_only_if_it_is_still_wanted(
    bench: Bench, beside: Any, invoice: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody saves the draft between create and book: as it was, and otherwise."""
    from airflow_provider_dinero.api.resources.invoices import Invoices

    create = Invoices.create

    def meddled(content: dict[str, Any]) -> Any:
        def created(self: Any, body: Any, **options: Any) -> Any:
            made = create(self, body, **options)
            if "Status" not in made:
                beside.invoices.update(made["Guid"], content)
            return made

        return created

    monkeypatch.setattr(Invoices, "create", meddled(invoice))
    told = bench.one(DineroInvoiceOperator, invoice=invoice, **LIFE)
    assert told.state == "success", told.errors
    assert told.returned["Number"] == 1
    monkeypatch.setattr(Invoices, "create", meddled({"ProductLines": [line(BaseAmountValue="1")]}))
    told = bench.one(DineroInvoiceOperator, invoice=invoice, **{**LIFE, "idempotency_key": "order-2"})
    assert "exists with other content" in told.error
    assert [each["Status"] for each in beside.invoices.list(status=["Draft"])] == ["Draft"]


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("step", ["", "/*/book", "/*/email", "/*/payments"])
def test_lost_answers_change_nothing(bench: Bench, beside: Any, invoice: dict[str, Any], step: str) -> None:
    bench.sandbox.fault("reset-after", method="POST", path=f"/**/invoices{step}", times=1)
    told = bench.one(DineroInvoiceOperator, invoice=invoice, **LIFE)
    assert told.state == "success", told.errors
    state = bench.sandbox.state()
    assert (state["invoices"], state["payments"], len(bench.sandbox.outbox())) == (1, 1, 1)


@pytest.mark.usefixtures("hurried")
def test_a_mail_of_which_nothing_is_to_be_seen_is_unknown_and_never_repeated(
    bench: Bench, invoice: dict[str, Any]
) -> None:
    bench.sandbox.fault("reset", method="POST", path="/**/email", times=1)
    told = bench.one(DineroInvoiceOperator, invoice=invoice, **LIFE, retries=3)
    assert (told.state, len(told.errors), type(told.errors[0]).__name__) == ("failed", 1, "DineroOutcomeUnknown")
    assert bench.sandbox.outbox() == []


def test_mapped_each_order_has_its_own(bench: Bench, invoice: dict[str, Any]) -> None:
    orders = [{"invoice": invoice, "idempotency_key": f"order-{number}"} for number in range(3)]
    with bench.dag() as dag:
        DineroInvoiceOperator.partial(task_id="it", book=True, send="email", payment=PAYMENT).expand_kwargs(orders)
    run = bench.run(dag)
    assert sorted(run["it", index].returned["Number"] for index in range(3)) == [1, 2, 3]
    assert len({each["number"] for each in bench.sandbox.outbox()}) == 3


@pytest.mark.usefixtures("hurried")
def test_a_task_that_waits_for_the_allowance_goes_on_at_its_step(
    bench: Bench, invoice: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two requests a minute: it defers, and doesn't repeat requests for steps that are done."""
    made = json.loads(os.environ["AIRFLOW_CONN_DINERO_DEFAULT"])
    made["extra"]["requests_per_minute"] = 2
    monkeypatch.setenv("AIRFLOW_CONN_DINERO_DEFAULT", json.dumps(made))
    resume, clock, ahead = DineroInvoiceOperator.resume, time.time, [0.0]

    def later(self: Any, *arguments: Any, **options: Any) -> Any:
        """What the trigger waits for."""
        ahead[0] += 61
        return resume(self, *arguments, **options)

    monkeypatch.setattr(DineroInvoiceOperator, "resume", later)
    monkeypatch.setattr(pace, "time", SimpleNamespace(time=lambda: clock() + ahead[0]))
    before = len(bench.sandbox.requests())
    told = bench.one(DineroInvoiceOperator, invoice=invoice, **LIFE)
    assert told.state == "success", told.errors
    assert told.returned["Change"] == "created"
    assert [sorted(each["done"]) for each in told.deferrals][-1] == ["book", "check", "create", "pay"]
    requests = [each["path"].rpartition("/")[2] for each in bench.sandbox.requests()[before:]]
    assert (requests.count("invoices"), requests.count("book"), requests.count("email")) == (1, 1, 1)
