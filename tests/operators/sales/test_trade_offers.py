"""Trade offers, and the invoices that they become."""

from typing import Any

import pytest

from airflow_provider_dinero.operators.invoices import DineroBookInvoiceOperator
from airflow_provider_dinero.operators.trade_offers import (
    DineroCreateTradeOfferOperator,
    DineroInvoiceTradeOfferOperator,
    DineroSendTradeOfferOperator,
)
from tests.conftest import line
from tests.operators.bench import Bench
from tests.operators.sales.conftest import failed

NOWHERE = "3f1d9a52-5f0e-5d55-9c39-4a1b6f7e2c10"


def test_an_offer_becomes_an_invoice_once(bench: Bench, beside: Any, contact: str) -> None:
    offer = {"ContactGuid": contact, "ProductLines": [line(BaseAmountValue="1234.50")]}
    with bench.dag() as dag:
        create = DineroCreateTradeOfferOperator(task_id="create", trade_offer=offer, idempotency_key="o")
        send = DineroSendTradeOfferOperator(task_id="send", trade_offer=create.output)
        invoice = DineroInvoiceTradeOfferOperator(task_id="invoice", trade_offer=create.output)
        DineroBookInvoiceOperator(task_id="book", invoice=invoice.output)
        send >> invoice
    run = bench.run(dag)
    assert run["create"].returned["Change"] == run["send"].returned["Change"] == "created"
    assert run["invoice"].returned["Change"] == "created"
    assert run["book"].returned["TotalInclVat"] == "1543.13"
    again = bench.again(run)
    for task in ("create", "send", "invoice"):
        assert again[task].returned["Change"] == "unchanged"
        assert again[task].returned["Guid"] == run[task].returned["Guid"]
    assert (bench.sandbox.state()["invoices"], len(bench.sandbox.outbox())) == (1, 1)
    other = {**offer, "ProductLines": [line()]}
    text = failed(bench.one(DineroCreateTradeOfferOperator, trade_offer=other, idempotency_key="o"))
    assert "Dinero has '1234.5', you gave '100'" in text
    dry = bench.one(DineroCreateTradeOfferOperator, trade_offer=other, dry_run=True)
    assert dry.returned["TotalInclVat"] == "125.00"


def test_an_offer_whose_invoice_was_deleted_is_invoiced_anew_on_demand(bench: Bench, beside: Any, contact: str) -> None:
    offer = beside.trade_offers.create({"ContactGuid": contact, "ProductLines": [line()]})["Guid"]
    dry = bench.one(DineroInvoiceTradeOfferOperator, trade_offer=offer, dry_run=True)
    assert dry.returned["Next"].endswith("/generate-invoice")
    first = bench.one(DineroInvoiceTradeOfferOperator, trade_offer=offer).returned["Guid"]
    beside.invoices.delete(first)
    text = failed(bench.one(DineroInvoiceTradeOfferOperator, trade_offer=offer))
    assert "was deleted.\nTo create another one on purpose, pass generation=1" in text
    for change in ("created", "unchanged"):
        told = bench.one(DineroInvoiceTradeOfferOperator, trade_offer=offer, generation=1)
        assert told.returned["Change"] == change
    assert told.returned["Guid"] != first
    assert "code 40" in failed(bench.one(DineroInvoiceTradeOfferOperator, trade_offer=NOWHERE))
    assert "code 40" in failed(bench.one(DineroSendTradeOfferOperator, trade_offer=NOWHERE))


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("effect", ["reset-after", "reset"])
def test_an_offer_is_invoiced_once_though_the_answer_is_lost(
    bench: Bench, beside: Any, contact: str, effect: str
) -> None:
    offer = beside.trade_offers.create({"ContactGuid": contact, "ProductLines": [line()]})["Guid"]
    bench.sandbox.fault(effect, method="POST", path="/**/generate-invoice", times=1)
    told = bench.one(DineroInvoiceTradeOfferOperator, trade_offer=offer)
    assert told.returned["Change"] == "created"
    assert beside.trade_offers.get(offer)["GeneratedVouchers"] == [told.returned["Guid"]]
