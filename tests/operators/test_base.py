"""What all operators share."""

from typing import Any

import pytest

from airflow_provider_dinero.operators.invoices import DineroBookInvoiceOperator, DineroCreateInvoiceOperator
from tests.conftest import line
from tests.operators.conftest import Bench

INVOICE: dict[str, Any] = {"ProductLines": [line()]}


def test_a_cleared_run_makes_nothing_new(bench: Bench) -> None:
    with bench.dag() as dag:
        draft = DineroCreateInvoiceOperator(task_id="draft", invoice=INVOICE)
        DineroCreateInvoiceOperator.partial(task_id="many").expand(invoice=[INVOICE] * 2)
    first = bench.run(dag)
    again = bench.again(first)
    assert first.state == again.state == "success"
    for place in ("draft", ("many", 0), ("many", 1)):
        assert first[place].returned["Change"] == "created"
        assert again[place].returned["Change"] == "unchanged"
    assert draft.task_id in again.tasks
    assert bench.sandbox.state()["invoices"] == 3


@pytest.mark.usefixtures("hurried")
def test_a_temporary_error_is_tried_again_and_a_permanent_one_is_not(bench: Bench) -> None:
    bench.sandbox.fault("status", status=503, method="POST", path="/**/invoices", times=4)
    told = bench.one(DineroCreateInvoiceOperator, invoice=INVOICE, retries=3)
    assert (told.state, len(told.errors), told.returned["Change"]) == ("success", 1, "created")
    told = bench.one(DineroBookInvoiceOperator, invoice={"TimeStamp": "x"}, retries=3)
    assert (told.state, len(told.errors), told.delays) == ("failed", 1, [])
    assert "The invoice has no Guid" in told.error
