"""A worker is killed with -9 while its e-mail is under way, and Dinero sends it when the worker is long gone."""

import os
import signal
import time

import pytest
from local import outbox

from tests.airflow.conftest import Deployment

# Long enough for the next try to begin, and to look once, before the first one's e-mail goes out.
UNDER_WAY_SECONDS = 14.0


@pytest.mark.parametrize(
    ("dag_id", "mails"),
    [
        ("killed_operator", 1),
        ("killed_plain", 1),
        ("killed_unnoted", 2),  # the control: without intent and note it looks once, and sends again
    ],
)
def test_an_email_that_was_under_way(deployment: Deployment, dag_id: str, mails: int) -> None:
    faults = deployment.faults
    faults.seen.clear()
    faults.hold["POST /email"] = UNDER_WAY_SECONDS
    run_id = deployment.airflow.trigger(dag_id)
    end = time.monotonic() + 60
    while not faults.count("/email"):
        assert time.monotonic() < end
        time.sleep(0.05)
    begun = time.monotonic()
    place = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/it"
    os.kill(deployment.airflow.call("GET", place)["pid"], signal.SIGKILL)
    ended = deployment.ended(dag_id, run_id)["it", -1]
    assert (ended["state"], ended["try_number"]) == ("success", 2)
    time.sleep(max(0.0, begun + UNDER_WAY_SECONDS + 1 - time.monotonic()))
    assert [mail["to"] for mail in outbox(deployment.sandbox)].count(f"{dag_id}@example.dk") == mails
