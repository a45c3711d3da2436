"""How a real triggerer handles a change: it starts DAGs, ends sensors, and polls once for all of them."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from local import api_requests

from airflow_provider_dinero.api import DineroClient
from tests.conftest import CONTACT
from tests.deployment import Deployment

GROUP = "waiting"
INTERVAL = 3.0  # of all polls in dags/watched.py
WATCHING = ("on_any_contact", "on_one_contact")


def eventually(condition: Callable[[], Any], seconds: float = 180) -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(1)
    return found


def runs(deployment: Deployment, dag_id: str) -> list[dict[str, Any]]:
    found = deployment.airflow.call("GET", f"/dags/{dag_id}/dagRuns", params={"order_by": "run_after"})
    return list(found["dag_runs"])


def polls(deployment: Deployment) -> int:
    return sum(each["path"].startswith("/v2/100001/contacts?") for each in api_requests(deployment.sandbox))


def create(client: DineroClient, name: str) -> str:
    return str(client.contacts.create({**CONTACT, "Name": name, "ExternalReference": name})["ContactGuid"])


@pytest.fixture(scope="module")
def watching(deployment: Deployment) -> Iterator[None]:
    """Both DAGs are on, and their watchers have a mark."""
    deployment.airflow.turn_on(*WATCHING)
    eventually(lambda: len(marks(deployment)) == 2)
    yield
    for dag_id in WATCHING:
        deployment.airflow.call("PATCH", f"/dags/{dag_id}", json={"is_paused": True})


def marks(deployment: Deployment) -> list[Any]:
    found = []
    for asset in deployment.airflow.call("GET", "/assets", params={"limit": 100})["assets"]:
        if asset["name"] in {"all_contacts", "one_contact"}:
            found += deployment.airflow.call("GET", f"/assets/{asset['id']}/state-store")["asset_state_store"]
    return found


@pytest.mark.usefixtures("watching")
def test_a_dag_runs_on_a_change_and_comes_to_rest(deployment: Deployment, client: DineroClient) -> None:
    began = time.monotonic()
    guid = create(client, "a change")
    first = eventually(lambda: runs(deployment, "on_any_contact"))[0]
    took = time.monotonic() - began
    (told,) = [
        deployment.returned(each)
        for place, each in deployment.ended("on_any_contact", first["dag_run_id"]).items()
        if place[0] == "told"
    ]
    assert [each["created"] for each in told] == [[guid]]
    assert told[0]["count"] == 1
    assert took < INTERVAL + 10
    # The first run made a contact, which the second one saw and had nothing to do about.
    eventually(lambda: [each["state"] for each in runs(deployment, "on_any_contact")] == ["success"] * 2)
    time.sleep(3 * INTERVAL)
    assert len(runs(deployment, "on_any_contact")) == 2
    assert runs(deployment, "on_one_contact") == []
    create(client, "only this one")
    eventually(lambda: [each["state"] for each in runs(deployment, "on_one_contact")] == ["success"])


@pytest.mark.usefixtures("watching")
def test_all_who_wait_use_one_poll(deployment: Deployment, client: DineroClient) -> None:
    """Two watchers, and eight sensors that are deferred."""
    since = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    run_id = deployment.airflow.trigger("many_wait", since=since)
    place = f"/dags/many_wait/dagRuns/{run_id}/taskInstances"

    def deferred() -> bool:
        found = deployment.airflow.call("GET", place)["task_instances"]
        return [each["state"] for each in found] == ["deferred"] * 8

    eventually(deferred)
    before, began = polls(deployment), time.monotonic()
    time.sleep(4 * INTERVAL)
    assert 2 <= polls(deployment) - before <= (time.monotonic() - began) / (INTERVAL * 0.9) + 1
    guid = create(client, "what they wait for")
    ended = deployment.ended("many_wait", run_id)
    assert [deployment.returned(each)["created"] for each in ended.values()] == [[guid]] * 8
