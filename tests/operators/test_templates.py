"""What another task returned is data for each operator, sensor and transfer; what the DAG file says is rendered."""

import importlib
import pkgutil
from collections.abc import Iterator
from copy import copy
from inspect import isabstract
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator, task
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from airflow_provider_dinero import operators, sensors, transfers
from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from tests.texts import texts

values = st.recursive(
    texts,
    lambda inner: st.lists(inner, min_size=1, max_size=2) | st.dictionaries(texts, inner, min_size=1, max_size=2),
    max_leaves=4,
)


def found() -> Iterator[type[BaseOperator]]:
    """All operators, sensors and transfers of the package."""
    for package in (operators, sensors, transfers):
        for name in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            for each in vars(importlib.import_module(name.name)).values():
                own = isinstance(each, type) and issubclass(each, BaseOperator) and each.__module__ == name.name
                if own and not isabstract(each):
                    yield each


CLASSES = {each.__name__: each for each in found()}
# What an asset is made of is known when the DAG is parsed.
LITERAL = {"DineroChangesSensor", "DineroCommitChangesOperator"} | {
    f"Dinero{rows}ToObjectStorageOperator" for rows in ("Changes", "Entries")
}
NEEDED: dict[str, dict[str, Any]] = {
    "DineroChangesToObjectStorageOperator": {"resource": "invoices"},
    "DineroToSqlOperator": {"resource": "invoices"},
    "DineroInvoiceOperator": {"book": True},  # only what is booked is paid
    "DineroPurchaseVoucherOperator": {"book": True},
}


def rendered(made: Any, returned: dict[str, Any], map_index: int = 0) -> Any:
    """Render a task as Airflow's task runner does, with what other tasks returned by task_id; return what it runs."""
    instance = SimpleNamespace(map_index=map_index, task=copy(made), xcom_pull=lambda task_ids, **_: returned[task_ids])
    instance.task.render_template_fields({"ti": instance, "dag": made.dag, "dag_run": SimpleNamespace(conf={})})
    return instance.task


@pytest.mark.parametrize("name", CLASSES)
def test_what_a_task_returned_arrives_letter_for_letter(name: str) -> None:
    operator, fixed = CLASSES[name], NEEDED.get(name, {})
    taken = [each for each in operator.template_fields if each != "dinero_conn_id" or name not in LITERAL]
    with DAG("it", schedule=None) as dag:

        @task
        def give() -> Any: ...

        rows = give.override(task_id="rows")()
        alone = {each: give.override(task_id=f"one_{each}")() for each in taken}
        lists = {each: give.override(task_id=f"list_{each}")() for each in taken}
        mapped = [
            operator(task_id="plain", **fixed, **alone),
            operator.partial(task_id="expand", **fixed).expand(**lists),
            operator.partial(task_id="map", **fixed).expand(**{each: lists[each].map(lambda it: it) for each in taken}),
            operator.partial(task_id="expand_kwargs", **fixed).expand_kwargs(rows),
            operator.partial(task_id="zip", **fixed).expand_kwargs(rows.zip(rows).map(lambda pair: pair[0])),
        ]

    @settings(max_examples=10, phases=[Phase.generate], deadline=None)
    @given(st.fixed_dictionaries(dict.fromkeys(taken, values)), st.booleans())
    def arrives(given: dict[str, Any], native: bool) -> None:
        dag.render_template_as_native_obj = native
        returned = {"rows": [given]}
        returned |= {f"one_{each}": value for each, value in given.items()}
        returned |= {f"list_{each}": [value] for each, value in given.items()}
        for each in mapped:
            made = rendered(each, returned)
            assert {field: getattr(made, field) for field in taken} == given, each.task_id

    arrives()


class OrderOperator(DineroUpsertContactOperator):
    """An operator that makes its arguments of others, as authors write them."""

    def __init__(self, *, order: dict[str, str], contact: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(contact={**(contact or {}), "Name": order["name"]}, **kwargs)


def test_what_the_dag_says_is_rendered_beside_what_a_task_returned() -> None:
    said, data = "{{ 1 + 1 }}", "{{ 3 + 3 }}"
    contact, order = DineroUpsertContactOperator, OrderOperator
    returned = {"text": data, "texts": [data], "row": {"contact": data}, "rows": [{"generation": data}]}
    returned |= {"others": [{"contact": data}], "orders": [{"name": data}]}
    with DAG("it", schedule=None, default_args={"organization_id": "{{ 2 + 2 }}"}):

        @task
        def give() -> Any: ...

        of = {each: give.override(task_id=each)() for each in returned}
        nested = {"Name": said, "Street": said, "City": of["text"]}
        mapped = [
            contact(task_id="plain", contact=nested, generation=said),
            contact.partial(task_id="literal", generation=said).expand(contact=[nested]),
            contact.partial(task_id="literal_row", generation=said).expand_kwargs([{"contact": nested}]),
            contact.partial(task_id="partial", contact=nested).expand(generation=of["texts"]),
            contact.partial(task_id="beside", contact=nested).expand_kwargs(of["rows"]),
            contact.partial(task_id="both").expand(contact=[nested], generation=of["texts"]),
            contact.partial(task_id="mixed", generation=said).expand_kwargs([of["row"], {"contact": nested}]),
            contact.partial(task_id="replaced", contact=nested, generation=said).expand_kwargs(
                of["others"], strict=False
            ),
            order.partial(task_id="made_of_lists", contact=nested, generation=said).expand(order=[{"name": said}]),
            order.partial(task_id="made_of_rows", contact=nested).expand_kwargs([
                {"order": {"name": said}, "generation": said}
            ]),
            order.partial(task_id="made", contact=nested, generation=said).expand(order=of["orders"]),
        ]
    shown = {"Name": "2", "Street": "2", "City": data}
    expected = (
        [(shown, "2")] * 3
        + [(shown, data)] * 3
        + [(data, "2")] * 2
        + [(shown, "2")] * 2
        + [({"Name": data, "Street": said, "City": data}, "2")]
    )
    for each, wanted in zip(mapped, expected, strict=True):
        made = rendered(each, returned)
        assert (made.contact, made.generation, made.organization_id) == (*wanted, "4"), each.task_id
    assert rendered(mapped[6], returned, map_index=1).contact == shown
