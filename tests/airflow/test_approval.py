"""A person between draft and booking."""

import time
from typing import Any

import pytest
from local import outbox

from airflow_provider_dinero.api import DineroClient, eq
from tests.airflow.conftest import Deployment

DAG = "dinero_approval"


def waiting(deployment: Deployment, run_id: str) -> str:
    """Wait until the run waits for a person; return the place of its question."""
    place = f"/dags/{DAG}/dagRuns/{run_id}/taskInstances/approve"
    end = time.monotonic() + 120
    while deployment.airflow.call("GET", place)["state"] != "awaiting_input":
        assert time.monotonic() < end
        time.sleep(1)
    # No person answers at once; where one did, Airflow 3.3 could take the task for failed, and ask again.
    time.sleep(8)
    return f"{place}/-1/hitlDetails"


@pytest.mark.parametrize(("answer", "rest"), [("Approve", "success"), ("Reject", "skipped")])
def test_only_what_a_person_approves_is_booked_and_mailed(
    deployment: Deployment, client: DineroClient, answer: str, rest: str
) -> None:
    references = [f"{answer}-{number}" for number in (1, 2)]

    def there() -> list[dict[str, Any]]:
        return [each for name in references for each in client.invoices.list(filters=eq("ExternalReference", name))]

    orders = [
        {"order": name, "customer": f"Cykler {name}", "email": f"{name}@cykler.example", "text": "Bell", "price": "800"}
        for name in references
    ]
    run_id = deployment.airflow.trigger(DAG, orders=orders)
    place = waiting(deployment, run_id)
    asked = deployment.airflow.call("GET", place)
    assert asked["subject"] == "Book 2 invoices? A booked invoice can't be changed."
    assert f"| {answer}-2 | Cykler {answer}-2 | 1000.00 |" in asked["body"]
    assert [each["Status"] for each in there()] == ["Draft", "Draft"]
    deployment.airflow.call("PATCH", place, json={"chosen_options": [answer], "params_input": {}})
    ended = deployment.ended(DAG, run_id)
    assert ended["approve", -1]["state"] == "success"
    states = {task: {each["state"] for (name, _), each in ended.items() if name == task} for task in ("book", "send")}
    assert states == {"book": {rest}, "send": {rest}}
    assert {each["Status"] for each in there()} == {"Booked" if rest == "success" else "Draft"}
    mailed = [each for each in outbox(deployment.sandbox) if each["invoice"] in {made["Guid"] for made in there()}]
    assert len(mailed) == (2 if rest == "success" else 0)
