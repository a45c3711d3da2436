"""A person between draft and booking."""

import time
from typing import Any

import pytest
from local import outbox

from airflow_provider_dinero.api import DineroClient, eq
from tests.deployment import Deployment

GROUP = "examples"
DAG = "dinero_approval"


def orders(answer: str) -> list[dict[str, str]]:
    return [
        {"order": name, "customer": f"Cykler {name}", "email": f"{name}@cykler.example", "text": "Bell", "price": "800"}
        for name in (f"{answer}-1", f"{answer}-2")
    ]


@pytest.fixture(scope="module")
def waiting(deployment: Deployment) -> dict[str, str]:
    """Run ids by the answer that a person will give; each run waits for it."""
    runs = {answer: deployment.airflow.trigger(DAG, orders=orders(answer)) for answer in ("Approve", "Reject")}
    end = time.monotonic() + 180
    for run_id in runs.values():
        while deployment.airflow.call("GET", f"/dags/{DAG}/dagRuns/{run_id}/taskInstances/approve")["state"] != (
            "awaiting_input"
        ):
            assert time.monotonic() < end
            time.sleep(1)
    # No person answers at once; if one did, Airflow 3.3 could treat the task as failed, and ask again.
    time.sleep(8)
    return runs


@pytest.mark.parametrize(("answer", "rest"), [("Approve", "success"), ("Reject", "skipped")])
def test_only_what_a_person_approves_is_booked_and_mailed(
    deployment: Deployment, client: DineroClient, waiting: dict[str, str], answer: str, rest: str
) -> None:
    references = [f"{answer}-{number}" for number in (1, 2)]

    def there() -> list[dict[str, Any]]:
        return [each for name in references for each in client.invoices.list(filters=eq("ExternalReference", name))]

    run_id = waiting[answer]
    place = f"/dags/{DAG}/dagRuns/{run_id}/taskInstances/approve/-1/hitlDetails"
    asked = deployment.airflow.call("GET", place)
    assert asked["subject"] == "Book 2 invoices? A booked invoice can't be changed."
    assert f"| {answer}-2 | Cykler {answer}-2 | 1000.00 |" in asked["body"]
    assert [each["Status"] for each in there()] == ["Draft", "Draft"]
    deployment.airflow.call("PATCH", place, json={"chosen_options": [answer], "params_input": {}})
    ended = deployment.ended(DAG, run_id)
    assert ended["approve", -1]["state"] == "success"
    names = {each["rendered_map_index"] for (task, _), each in ended.items() if task in {"draft", "book", "send"}}
    assert names - {None} == set(references)
    states = {task: {each["state"] for (name, _), each in ended.items() if name == task} for task in ("book", "send")}
    assert states == {"book": {rest}, "send": {rest}}
    assert {each["Status"] for each in there()} == {"Booked" if rest == "success" else "Draft"}
    mailed = [each for each in outbox(deployment.sandbox) if each["invoice"] in {made["Guid"] for made in there()}]
    assert len(mailed) == (2 if rest == "success" else 0)
