"""Steps that can't be undone wait for a person: operators with `approval=`."""

from typing import Any

import pytest
from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLOperator
from airflow.sdk import task_group

from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.invoices import DineroBookInvoiceOperator, DineroCreateInvoiceOperator
from tests.conftest import line
from tests.operators.bench import Bench

PERSON = {"id": "bo", "name": "Bo"}
CUSTOMER = {"Name": "Ida Holm", "CountryKey": "DK", "IsPerson": True, "ExternalReference": "17"}


def answer(*chosen: str, by: dict[str, str] | None = PERSON) -> dict[str, Any]:
    return {"chosen_options": list(chosen), "params_input": {}, "responded_at": "x", "responded_by_user": by}


def contact(name: str) -> dict[str, Any]:
    return {**CUSTOMER, "ExternalReference": name}


@pytest.mark.parametrize(
    ("approval", "said"),
    [
        (answer("Reject"), "Not approved: Bo chose Reject."),
        (answer("Approve", "Reject"), "Not approved: Bo chose Approve and Reject."),
        (answer("approve"), "Not approved: Bo chose approve."),
        (answer(), "Not approved: Bo chose nothing."),
        (answer("Approve", by=None), "Not approved: nobody answered in time, and the default is Approve."),
        (None, "Not approved: the approval has no answer."),
    ],
)
def test_without_a_person_who_approves_the_task_is_skipped(bench: Bench, approval: Any, said: str) -> None:
    """None is what the output of a task is that never ran."""
    told = bench.one(DineroUpsertContactOperator, contact=CUSTOMER, approval=approval)
    assert told.state == "skipped"
    assert said in told.log
    assert bench.sandbox.requests() == []


@pytest.mark.parametrize("approval", [answer("Approve"), answer("Call the customer", "Approve")])
def test_with_one_it_does_its_work(bench: Bench, approval: Any) -> None:
    told = bench.one(DineroUpsertContactOperator, contact=CUSTOMER, approval=approval)
    assert told.returned["Change"] == "created"
    assert "approved by Bo" in told.log


@pytest.mark.parametrize("approval", ["{{ {'chosen_options': ['Approve']} }}", {"Change": "created"}, ["book"], True])
def test_what_is_no_answer_fails_before_anything_is_sent(bench: Bench, approval: Any) -> None:
    told = bench.one(DineroUpsertContactOperator, contact=CUSTOMER, approval=approval, retries=2)
    assert (told.state, len(told.errors)) == ("failed", 1)
    assert "approval: " in told.error
    assert bench.sandbox.requests() == []


def test_in_a_mapped_group_each_has_its_own_answer(bench: Bench) -> None:
    """Airflow 3.3 skips nothing after a "Reject" in a mapped group."""
    with bench.dag() as dag:

        @task_group
        def each(name: Any) -> None:
            approve = ApprovalOperator(task_id="approve", subject=name, defaults="Approve")
            given = {**CUSTOMER, "ExternalReference": name}
            guarded = DineroUpsertContactOperator(task_id="guarded", contact=given, approval=approve.output)
            guarded >> DineroUpsertContactOperator(task_id="after", contact=given)

        each.expand(name=["a", "b", "c"])
    bench.choose = lambda task_id, index: ("Approve", "Reject", None)[index]
    run = bench.run(dag)
    assert [run["each.guarded", index].state for index in range(3)] == ["success", "skipped", "skipped"]
    assert [run["each.after", index].state for index in range(3)] == ["success", "skipped", "skipped"]


def test_of_a_mapped_approval_it_takes_the_answer_of_its_own_index(bench: Bench) -> None:
    with bench.dag() as dag:
        approve = ApprovalOperator.partial(task_id="approve").expand(subject=["a", "b", "c"])
        DineroUpsertContactOperator.partial(task_id="it", approval=approve.output).expand(
            contact=[contact(name) for name in "abc"]
        )
        rows = approve.output.map(lambda given: {"approval": given, "contact": CUSTOMER})
        DineroUpsertContactOperator.partial(task_id="row").expand_kwargs(rows)
    bench.choose = lambda task_id, index: "Reject" if index == 1 else "Approve"
    run = bench.run(dag)
    for task_id in ("it", "row"):
        assert [run[task_id, index].state for index in range(3)] == ["success", "skipped", "success"]


def test_one_approval_before_many(bench: Bench) -> None:
    with bench.dag() as dag:
        approve = HITLOperator(task_id="approve", subject="All?", options=["Approve", "Wait"])
        DineroUpsertContactOperator.partial(task_id="it", approval=approve.output).expand(
            contact=[contact(name) for name in "ab"]
        )
    bench.choose = lambda task_id, index: "Wait"
    run = bench.run(dag)
    assert [run["it", index].state for index in range(2)] == ["skipped", "skipped"]


def test_a_text_is_no_list_of_options(bench: Bench) -> None:
    with bench.dag() as dag:
        answer = {"chosen_options": "Do not Approve", "responded_by_user": {"id": "1"}}
        DineroUpsertContactOperator(task_id="it", contact=CUSTOMER, approval=answer)
    assert "must be the answer to an approval" in bench.run(dag)["it"].error
    assert bench.sandbox.requests() == []


def test_where_it_is_not_clear_whose_answer_it_is_nothing_is_sent(bench: Bench) -> None:
    with bench.dag() as dag:
        approve = ApprovalOperator.partial(task_id="approve").expand(subject=["a", "b", "c"])
        two = [contact(name) for name in "ab"]
        DineroUpsertContactOperator.partial(task_id="fewer", approval=approve.output).expand(contact=two)
        DineroUpsertContactOperator.partial(task_id="crossed").expand(contact=two, approval=approve.output)
        DineroUpsertContactOperator(task_id="one", contact=CUSTOMER, approval=approve.output)
    run = bench.run(dag)
    assert run["fewer", 0].error.startswith("approval: there are several answers")
    assert run["crossed", 0].error.startswith("approval: `expand` combines each document with every answer")
    assert run["one"].error.startswith("approval: there are several answers")
    assert bench.sandbox.requests() == []


@pytest.mark.parametrize("field", ["Quantity", "Comment"])
def test_a_draft_that_was_changed_is_approved_again(bench: Bench, beside: Any, field: str) -> None:
    ida = beside.contacts.create(CUSTOMER)["ContactGuid"]
    given = {"ContactGuid": ida, "ProductLines": [line()]}
    with bench.dag() as dag:
        draft = DineroCreateInvoiceOperator(task_id="draft", idempotency_key="order-1", invoice=given)
        approve = ApprovalOperator(task_id="approve", subject="Book?")
        draft >> approve
        DineroBookInvoiceOperator(task_id="book", invoice=draft.output, approval=approve.output)

    def change(body: dict[str, Any]) -> None:
        (existing,) = beside.invoices.list()
        beside.invoices.update(existing["Guid"], body)

    changed = {**given, "ProductLines": [line(Quantity=2)]} if field == "Quantity" else {**given, "Comment": "by Bo"}
    bench.choose = lambda task_id, index: change(changed) or "Approve"
    first = bench.run(dag)
    assert "Dinero refused the version" in first["book"].error
    assert "clear the task that created it" in first["book"].error
    asked = []
    bench.choose = lambda task_id, index: asked.append(task_id) or "Approve"
    again = bench.again(first)
    if field == "Quantity":  # the DAG gives it
        assert "exists with other content: ProductLines[0].Quantity" in again["draft"].error
        assert asked == []
        change(given)
        again = bench.again(first)
    assert asked == ["approve"]
    assert again["book"].state == "success", again["book"].errors
