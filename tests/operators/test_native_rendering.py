"""The result of templates with `render_template_as_native_obj`: text stays text, and objects are objects."""

from typing import Any

import numpy as np
import pytest

from airflow_provider_dinero.api.bodies.idempotency import guid_for
from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.invoices import DineroCreateInvoiceOperator
from tests.conftest import CONTACT, line
from tests.operators.bench import Bench

INVOICE: dict[str, Any] = {"ProductLines": [line()]}


def created(bench: Bench, native: bool, key: Any, **params: Any) -> Any:
    with bench.dag(render_template_as_native_obj=native, params=params) as dag:
        DineroCreateInvoiceOperator(task_id="it", invoice=INVOICE, idempotency_key=key)
    return bench.run(dag)["it"]


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize(
    ("key", "params", "text"),
    [
        ("1_001", {}, "1_001"),
        ("{{ params.order }}", {"order": "1_001"}, "1_001"),
        ("{{ params.order }}", {"order": "1.10"}, "1.10"),
        ("{{ params.order }}", {"order": 1001}, "1001"),
        ("{{ params.year }}-{{ params.order }}", {"order": "01", "year": 2026}, "2026-01"),
        ("{{ params.order }}", {"order": "[1, 2]"}, "[1, 2]"),
        (np.int64(1001), {}, "1001"),
    ],
)
def test_a_key_is_the_text_that_the_author_wrote(
    bench: Bench, native: bool, key: Any, params: dict[str, Any], text: str
) -> None:
    told = created(bench, native, key, **params)
    assert told.state == "success", told.errors
    assert told.returned["Guid"] == guid_for(100001, "invoices", text)


@pytest.mark.parametrize("native", [False, True])
def test_a_key_that_is_a_float_is_refused_before_anything_is_sent(bench: Bench, native: bool) -> None:
    for key in (1.10, True, "{{ params.order }}") if native else (1.10, True):
        told = created(bench, native, key, order=1.10)
        assert told.state == "failed"
        assert "An idempotency key must be a str or an int, not " in told.error
    with bench.dag(render_template_as_native_obj=native) as dag:
        rows = [{"invoice": INVOICE, "idempotency_key": key} for key in ("1.10", "1.1", 1.1)]
        DineroCreateInvoiceOperator.partial(task_id="it").expand_kwargs(rows)
    run = bench.run(dag)
    assert [run["it", index].state for index in range(3)] == ["success", "success", "failed"]
    assert bench.sandbox.state()["invoices"] == 2


def test_what_a_native_template_gives_arrives_as_it_was(bench: Bench, beside: Any) -> None:
    """ "8680" is text, and would be 8680; one that is written as a dict is still read as a dict."""
    contact = {**CONTACT, "ZipCode": "8680", "Phone": "{{ params.phone }}", "ExternalReference": "1_001"}
    written = "{'Name': '{{ params.name }}', 'CountryKey': 'DK', 'IsPerson': True, 'ExternalReference': '1e3'}"
    params = {"phone": 12345678, "whole": {**contact, "Phone": "0012", "ExternalReference": "w"}, "name": "[1]"}
    with bench.dag(render_template_as_native_obj=True, params=params) as dag:
        given: Any
        for task_id, given in {"it": contact, "whole": "{{ params.whole }}", "written": written}.items():
            DineroUpsertContactOperator(task_id=task_id, contact=given)
    run = bench.run(dag)
    assert [run[each].state for each in ("it", "whole", "written")] == ["success"] * 3
    found = {each["ExternalReference"]: each for each in beside.contacts.list()}
    assert (found["1_001"]["ZipCode"], found["1_001"]["Phone"]) == ("8680", "12345678")
    assert (found["w"]["ZipCode"], found["w"]["Phone"]) == ("8680", "0012")
    assert found["1e3"]["Name"] == "[1]"


def test_the_error_that_asks_for_a_dict_names_the_way_that_works(bench: Bench) -> None:
    from airflow.sdk import task

    told = bench.one(DineroUpsertContactOperator, contact="{{ 'text' }}")
    assert "this must be a dict, not str" in told.error
    assert "operator.output" in told.error
    with bench.dag() as dag:

        @task(multiple_outputs=False)
        def give() -> dict[str, Any]:
            return {**CONTACT, "ExternalReference": 7, "ZipCode": 8680}

        DineroUpsertContactOperator(task_id="it", contact=give())  # type: ignore[arg-type]
    assert bench.run(dag)["it"].returned["Change"] == "created"


def test_a_whole_number_of_a_template_is_digits(bench: Bench) -> None:
    for generation, state in (("{{ 1 }}", "success"), (np.int64(2), "success"), ("1_0", "failed"), (1.5, "failed")):
        told = bench.one(DineroCreateInvoiceOperator, invoice=INVOICE, idempotency_key="k", generation=generation)
        assert told.state == state, generation
