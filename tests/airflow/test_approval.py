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
    def there() -> dict[str, Any]:
        (invoice,) = client.invoices.list(filters=eq("ExternalReference", answer))
        return invoice

    run_id = deployment.airflow.trigger(DAG, order=answer, amount="800.00")
    place = waiting(deployment, run_id)
    asked = deployment.airflow.call("GET", place)
    assert asked["subject"] == f"Book the invoice for order {answer}?"
    assert "**Nørrebro Cykler ApS**: 1000.00 DKK with VAT" in asked["body"]
    assert there()["Status"] == "Draft"
    deployment.airflow.call("PATCH", place, json={"chosen_options": [answer], "params_input": {}})
    ended = deployment.ended(DAG, run_id)
    assert [ended[task, -1]["state"] for task in ("approve", "book", "send")] == ["success", rest, rest]
    assert there()["Status"] == ("Booked" if rest == "success" else "Draft")
    mails = [each for each in outbox(deployment.sandbox) if each["invoice"] == there()["Guid"]]
    assert len(mails) == (rest == "success")
