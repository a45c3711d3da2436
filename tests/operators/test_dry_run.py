"""Dry runs of tasks that use what earlier ones would create, and of errors that Dinero only reports when booking."""

from typing import Any

import pytest

from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator
from airflow_provider_dinero.operators.invoices import DineroBookInvoiceOperator, DineroCreateInvoiceOperator
from airflow_provider_dinero.operators.trade_offers import DineroCreateTradeOfferOperator
from tests.conftest import CONTACT, line
from tests.operators.bench import Bench

IDA = {**CONTACT, "ExternalReference": "customer-17", "Email": "ida@example.dk"}
LIFE: dict[str, Any] = {"idempotency_key": "order-1", "book": True, "send": "email"}


def in_a_row(bench: Bench, dry_run: bool) -> Any:
    """Contacts, a task of the author's own that reads their Guids, invoices, an offer."""
    from airflow.sdk import task

    with bench.dag(default_args={"dry_run": dry_run}) as dag:
        contacts = DineroUpsertContactOperator.partial(task_id="contact").expand(contact=[IDA])

        @task
        def invoices(made: Any) -> list[dict[str, Any]]:
            return [{"ContactGuid": each["ContactGuid"], "ProductLines": [line()]} for each in made]

        bodies = invoices(contacts.output)
        DineroInvoiceOperator.partial(task_id="invoice", **LIFE).expand(invoice=bodies)
        DineroCreateTradeOfferOperator.partial(task_id="offer", idempotency_key="o").expand(trade_offer=bodies)
    return bench.run(dag)


def test_a_dry_run_uses_the_contact_that_would_be_made(bench: Bench) -> None:
    dry = in_a_row(bench, dry_run=True)
    assert dry.state == "success", [each.errors for each in dry.tasks.values()]
    state = bench.sandbox.state()
    assert (state["contacts"], state["invoices"], state["trade_offers"]) == (0, 0, 0)
    assert dry["invoice", 0].returned["TotalInclVat"] == dry["offer", 0].returned["TotalInclVat"] == "125.00"
    guid = dry["contact", 0].returned["ContactGuid"]
    assert f"there is no contact {guid} yet, so it isn't known" in dry["invoice", 0].log
    wet = in_a_row(bench, dry_run=False)
    assert wet["contact", 0].returned["ContactGuid"] == guid
    assert wet["invoice", 0].returned["Guid"] == dry["invoice", 0].returned["Guid"]


def test_a_contact_that_would_be_changed_is_named(bench: Bench) -> None:
    guid = bench.one(DineroUpsertContactOperator, contact=IDA).returned["ContactGuid"]
    told = bench.one(DineroUpsertContactOperator, contact={**IDA, "Name": "Ida"}, dry_run=True).returned
    assert told == {"DryRun": True, "Next": f"PUT /v2/100001/contacts/{guid}", "ContactGuid": guid}


def test_each_step_says_who_would_send_what(bench: Bench) -> None:
    with bench.dag(default_args={"dry_run": True}) as dag:
        create = DineroCreateInvoiceOperator(task_id="create", invoice={"ProductLines": [line()]})
        DineroBookInvoiceOperator(task_id="book", invoice=create.output)
    dry = bench.run(dag)
    assert dry.state == "success", [each.errors for each in dry.tasks.values()]
    assert "dry run: POST /v1/100001/invoices would be sent" in dry["create"].log
    assert "POST /v1/100001/invoices: an earlier task would send it" in dry["book"].log
    assert bench.sandbox.state()["invoices"] == 0


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({}, "has no e-mail address.\nGive the contact one, or pass a Receiver in mailout."),
        (
            {"payment": {"DepositAccountNumber": 1000, "Description": "x"}},
            "1000 is not a deposit account.\nThe deposit accounts are: 5",
        ),
    ],
)
def test_a_dry_run_tells_what_dinero_tells_only_after_booking(
    bench: Bench, beside: Any, wrong: dict[str, Any], reason: str
) -> None:
    contact = beside.contacts.create(CONTACT)
    invoice = {"ContactGuid": contact["ContactGuid"], "ProductLines": [line()]}
    told = bench.one(DineroInvoiceOperator, invoice=invoice, **LIFE, **wrong, dry_run=True)
    assert (told.state, reason in told.error) == ("failed", True), told.errors
    assert told.errors[0].__context__ is None  # nothing of the dry run in the log
    mailout = {"Receiver": "ida@example.dk"}
    told = bench.one(DineroInvoiceOperator, invoice=invoice, **LIFE, mailout=mailout, dry_run=True)
    assert told.state == "success", told.errors
