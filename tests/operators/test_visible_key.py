"""People see the author's key in Dinero: it is the ExternalReference."""

from typing import Any

from airflow_provider_dinero.api import guid_for
from airflow_provider_dinero.operators.batches import DineroInvoicesOperator
from airflow_provider_dinero.operators.credit_notes import DineroCreateCreditNoteOperator
from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator
from airflow_provider_dinero.operators.invoices import DineroCreateInvoiceOperator
from airflow_provider_dinero.operators.trade_offers import DineroCreateTradeOfferOperator
from tests.conftest import line
from tests.operators.bench import Bench

BODY: dict[str, Any] = {"ProductLines": [line()]}


def test_the_key_becomes_the_reference_and_is_never_compared(bench: Bench, beside: Any) -> None:
    lines, contact = BODY, beside.contacts.create({"Name": "Bo", "CountryKey": "DK", "IsPerson": True})["ContactGuid"]
    with bench.dag() as dag:
        for key in ("order-1", "x" * 129):
            DineroCreateInvoiceOperator(task_id=f"of-{len(key)}", invoice=lines, idempotency_key=key)
        DineroInvoiceOperator(task_id="life", invoice=lines, idempotency_key="order-2")
        own = {**lines, "ExternalReference": "mine"}
        DineroCreateInvoiceOperator(task_id="own", invoice=own, idempotency_key="order-3")
        DineroCreateInvoiceOperator(task_id="place", invoice=lines)
        DineroCreateInvoiceOperator(task_id="before", invoice=lines, idempotency_key="order-4")
        DineroCreateCreditNoteOperator(task_id="note", credit_note=lines, idempotency_key="note-1")
        offer = {**lines, "ContactGuid": contact}
        DineroCreateTradeOfferOperator(task_id="offer", trade_offer=offer, idempotency_key="offer-1")
    beside.invoices.create({**lines, "Guid": guid_for(100001, "invoices", "order-4")})  # of an earlier release
    first = bench.run(dag)
    assert {each.state for each in first.tasks.values()} == {"success"}, {k: v.errors for k, v in first.tasks.items()}
    resources = {"note": beside.credit_notes, "offer": beside.trade_offers}
    seen = {
        task_id: resources.get(str(task_id), beside.invoices).get(told.returned["Guid"])["ExternalReference"]
        for task_id, told in first.tasks.items()
    }
    assert len(seen.pop("of-129")) == 36
    assert seen == {
        "of-7": "order-1",
        "life": "order-2",
        "own": "mine",
        "place": None,
        "before": None,
        "note": "note-1",
        "offer": "offer-1",
    }
    assert first["before"].returned["Change"] == "unchanged"
    again = bench.again(first)
    assert {each.returned["Change"] for each in again.tasks.values()} == {"unchanged"}


def test_so_does_the_key_of_an_item_of_a_list(bench: Bench, beside: Any) -> None:
    keys: list[str | int] = ["order-1", 1002, "x" * 129, "order-3", "order-4"]
    items: list[dict[str, Any]] = [{"idempotency_key": key, "invoice": BODY} for key in keys]
    items[3]["invoice"] = {**BODY, "ExternalReference": "mine"}
    guids = [guid_for(100001, "invoices", key) for key in keys]
    beside.invoices.create({**BODY, "Guid": guids[4]})  # of an earlier release
    told = bench.one(DineroInvoicesOperator, invoices=items)
    assert (told.returned["created"], told.returned["unchanged"]) == (4, 1), told.errors
    seen = [beside.invoices.get(guid)["ExternalReference"] for guid in guids]
    assert (seen[:2], len(seen[2]), seen[3:]) == (["order-1", "1002"], 36, ["mine", None])
    before = len(bench.sandbox.requests())
    assert bench.one(DineroInvoicesOperator, invoices=items).returned["unchanged"] == 5
    asked = [each for each in bench.sandbox.requests()[before:] if "token" not in each["path"]]
    assert len(asked) == 1
