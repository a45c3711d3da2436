"""Upserts of contacts by mapped tasks."""

from typing import Any

from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from tests.conftest import CONTACT
from tests.operators.bench import Bench, Run


def upserted(bench: Bench, *contacts: Any, **arguments: Any) -> Run:
    with bench.dag() as dag:
        DineroUpsertContactOperator.partial(task_id="it", **arguments).expand(contact=list(contacts))
    return bench.run(dag)


def test_two_mapped_upserts_of_one_contact_with_other_content_name_each_other(bench: Bench, beside: Any) -> None:
    moved = {**CONTACT, "City": "Ry"}
    run = upserted(bench, CONTACT, CONTACT, moved, {**CONTACT, "ExternalReference": "c-2"})
    assert [run["it", index].state for index in range(4)] == ["success", "success", "failed", "success"]
    assert (
        "Map indexes 1 and 2 of this task have different content for the contact with the ExternalReference"
        in run["it", 2].error
    )
    assert {each["City"] for each in beside.contacts.list()} == {CONTACT.get("City")}
    again = bench.again(run)  # what succeeded does so again
    assert [again["it", index].state for index in range(4)] == ["success", "success", "failed", "success"]
    (moving,) = upserted(bench, moved).tasks.values()  # another run brings news
    assert moving.returned["Change"] == "updated"


def test_guests_of_one_address_are_several_contacts(bench: Bench) -> None:
    guests = [{**CONTACT, "Name": name, "Email": "hotel@example.dk"} for name in ("Ida", "Bo")]
    run = upserted(bench, *guests, match_by="Email")
    assert (run["it", 0].state, run["it", 1].state) == ("success", "failed")
    assert "belongs to 'Ida'" in run["it", 1].error
    run = upserted(bench, *guests, match_by="Email", on_other_name="create", only_create=True)
    assert [run["it", index].returned["Change"] for index in range(2)] == ["unchanged", "created"]


def test_airflow_maps_1024_items_and_fails_the_task_that_returns_more(bench: Bench) -> None:
    """The limit that the docs name where mapping is shown."""
    from airflow.sdk import task

    with bench.dag() as dag:

        @task
        def many() -> list[dict[str, Any]]:
            return [{**CONTACT, "ExternalReference": f"c-{number}"} for number in range(1025)]

        DineroUpsertContactOperator.partial(task_id="it").expand(contact=many())
    run = bench.run(dag)
    assert run["many"].state == "failed"
    assert "unmappable_return_value_length" in run["many"].error + run["many"].log
    assert bench.sandbox.state()["contacts"] == 0
