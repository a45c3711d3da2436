"""For each operator, sensor and transfer, another task's result is data; only the DAG file's own text is rendered."""

import importlib
import pkgutil
from collections.abc import Iterator
from copy import copy
from inspect import isabstract
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator, ObjectStoragePath, task
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from airflow_provider_dinero import operators, sensors, transfers
from airflow_provider_dinero.operators.batch_base import DineroBatchOperator, Hidden
from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from tests.texts import texts

values = st.recursive(
    texts | texts.map(lambda text: ObjectStoragePath(f"file:///{text}")),
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
# The arguments of an asset must be known when the DAG is parsed.
LITERAL = {
    "DineroAddPaymentsOperator",
    "DineroChangesSensor",
    "DineroChangesToObjectStorageOperator",
    "DineroCommitChangesOperator",
    "DineroEntriesToObjectStorageOperator",
    "DineroInvoicesOperator",
    "DineroUpsertContactsOperator",
    "DineroUpsertProductsOperator",
}
NEEDED: dict[str, dict[str, Any]] = {
    "DineroChangesToObjectStorageOperator": {"resource": "invoices"},
    "DineroToSqlOperator": {"resource": "invoices"},
    "DineroInvoiceOperator": {"book": True},  # only what is booked is paid
    "DineroInvoicesOperator": {"book": True},
    "DineroPurchaseVoucherOperator": {"book": True},
}


def rendered(made: Any, returned: dict[str, Any], map_index: int = 0) -> Any:
    """Render a task as Airflow's task runner does, with other tasks' results by task_id; return the rendered task."""
    instance = SimpleNamespace(map_index=map_index, task=copy(made), xcom_pull=lambda task_ids, **_: returned[task_ids])
    instance.task.render_template_fields({"ti": instance, "dag": made.dag, "dag_run": SimpleNamespace(conf={})})
    return instance.task


@pytest.mark.parametrize("name", CLASSES)
def test_what_a_task_returned_arrives_letter_for_letter(name: str) -> None:
    operator, fixed = CLASSES[name], NEEDED.get(name, {})
    apart = {"dinero_conn_id"} if name in LITERAL else set()
    if issubclass(operator, DineroBatchOperator):
        apart.add("path")  # in place of the list
    taken = [each for each in operator.template_fields if each not in apart]
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
            found = {field: getattr(made, field) for field in taken}
            shown = {field: value.items if isinstance(value, Hidden) else value for field, value in found.items()}
            assert shown == given, each.task_id

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
        shown = {"Name": "2", "Street": "2", "City": data}

        def part(task_id: str, operator: Any = contact, **given: Any) -> Any:
            return operator.partial(task_id=task_id, **given)

        full = {"contact": nested, "generation": said}
        lists, texts, orders = {"contact": [nested], "generation": [said]}, of["texts"], [{"name": said}]
        table: list[tuple[Any, Any, str]] = [
            (contact(task_id="plain", **full), shown, "2"),
            (part("lists").expand(**lists), shown, "2"),
            (part("literal_rows").expand_kwargs([full]), shown, "2"),
            (part("result").expand_kwargs([{**full, "contact": of["text"]}]), data, "2"),
            (part("mixed", generation=said).expand_kwargs([of["row"], {"contact": nested}]), data, "2"),
            (part("list").expand(contact=[nested], generation=texts), shown, data),
            (part("partial", contact=nested).expand(generation=texts), shown, data),
            (part("partial_rows", contact=nested).expand_kwargs(of["rows"]), shown, data),
            (part("constant", **full).expand(dinero_conn_id=texts.map(lambda _: said)), shown, "2"),
            (part("replaced", **full).expand_kwargs(of["others"], strict=False), data, "2"),
            (part("made_of_lists", order, **full).expand(order=orders), shown, "2"),
            (part("made_of_rows", order).expand_kwargs([{**full, "order": orders[0]}]), shown, "2"),
            (part("made", order, **full).expand(order=of["orders"]), {**shown, "Name": data, "Street": said}, "2"),
        ]
    for each, *wanted in table:
        made = rendered(each, returned)
        assert [made.contact, made.generation, made.organization_id] == [*wanted, "4"], each.task_id
    assert rendered(table[4][0], returned, map_index=1).contact == shown
