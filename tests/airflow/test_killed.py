"""A worker is killed with -9 while its e-mail is in progress, and Dinero sends it long after that."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from local import as_rest, outbox

from airflow_provider_dinero.sandbox.seed_data import connection
from tests.deployment import Deployment
from tests.faulty import Faults, before

GROUP = "books"
DAGS = {
    "killed_operator": 1,
    "killed_plain": 1,
    "killed_unnoted": 2,  # the control: without intent and note it looks once, and sends again
}


@pytest.fixture(scope="module")
def faults(deployment: Deployment) -> Iterator[Faults]:
    """What is between the connection dinero_faulty and the sandbox."""
    with before(deployment.sandbox) as faults:
        made = connection(deployment.sandbox)
        made["extra"]["requests_per_minute"] = 10000
        body = {"connection_id": "dinero_faulty", **as_rest({**made, "host": faults.url})}
        deployment.airflow.call("POST", "/connections", json=body)
        yield faults


@pytest.fixture(scope="module")
def killed(deployment: Deployment, faults: Faults) -> dict[str, str]:
    """Run ids by DAG; each e-mail was under way when its worker was killed, and went out after the next try's look."""
    runs = {}
    for dag_id in DAGS:
        faults.hold["POST /email"] = passed = threading.Event()
        sent = faults.count("/email")
        runs[dag_id] = deployment.airflow.trigger(dag_id)
        wait(lambda sent=sent: faults.count("/email") > sent)
        invoice = next(each for each in reversed(faults.seen) if each.endswith("/email")).split("/")[-2]
        looks = looked(faults, invoice)
        place = f"/dags/{dag_id}/dagRuns/{runs[dag_id]}/taskInstances/it"
        os.kill(deployment.airflow.call("GET", place)["pid"], signal.SIGKILL)
        wait(lambda looks=looks, invoice=invoice: looked(faults, invoice) > looks)
        passed.set()
    return runs


def looked(faults: Faults, invoice: str) -> int:
    """How many looks for the mail-outs of an invoice have been answered."""
    return sum(each.endswith(f"/{invoice}/mailouts") for each in faults.done)


def wait(until: Callable[[], bool]) -> None:
    end = time.monotonic() + 90
    while not until():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("dag_id", DAGS)
def test_an_email_that_was_under_way(deployment: Deployment, killed: dict[str, str], dag_id: str) -> None:
    ended = deployment.ended(dag_id, killed[dag_id])["it", -1]
    assert (ended["state"], ended["try_number"]) == ("success", 2)
    assert [mail["to"] for mail in outbox(deployment.sandbox)].count(f"{dag_id}@example.dk") == DAGS[dag_id]
