"""The operators and the sensor in a real Airflow, as DAG authors use them."""

import json
import time
from datetime import UTC, datetime

import pytest
import requests

from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.sandbox.same_origin_middleware import CONTROL
from tests.conftest import CONTACT
from tests.deployment import Deployment


def test_the_organization_comes_from_anywhere(deployment: Deployment, client: DineroClient) -> None:
    ended = deployment.run("organizations")
    states = {place: each["state"] for place, each in ended.items()}
    # 100002 has no Pro subscription: that it was asked is what shows that mapping works.
    assert states.pop(("mapped", 1)) == "failed"
    assert "subscription" in deployment.log(ended["mapped", 1])
    assert set(states.values()) == {"success"}
    there = {row["ExternalReference"] for row in client.contacts.list()}
    assert {"of_connection", "as_argument", "templated-100001", "mapped"} <= there
    assert deployment.returned(ended["of_connection", -1])["Change"] == "created"


@pytest.mark.parametrize("mode", ["poke", "reschedule", "deferrable"])
def test_the_sensor_sees_a_change_that_comes_later(deployment: Deployment, client: DineroClient, mode: str) -> None:
    since = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    time.sleep(1.1)  # what other tests made is older than this second
    since = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    run_id = deployment.airflow.trigger(f"sensor_{mode}", since=since)
    waiting = {"poke": "running", "reschedule": "up_for_reschedule", "deferrable": "deferred"}[mode]
    place = f"/dags/sensor_{mode}/dagRuns/{run_id}/taskInstances/it"
    seen: set[str] = set()
    for _ in range(120):
        seen.add(str(deployment.airflow.call("GET", place)["state"]))
        if waiting in seen and len(_asked_for_changes(deployment, since)) >= 1:
            break
        time.sleep(0.25)
    assert waiting in seen
    guid = client.contacts.create({**CONTACT, "ExternalReference": mode})["ContactGuid"]
    found = deployment.ended(f"sensor_{mode}", run_id)["it", -1]
    assert found["state"] == "success", deployment.log(found)
    window = deployment.returned(found)
    assert (window["since"], window["count"], window["created"]) == (since, 1, [guid])


def _asked_for_changes(deployment: Deployment, since: str) -> list[str]:
    asked = requests.get(f"{deployment.sandbox}/_sandbox/requests", headers=CONTROL, timeout=10).json()
    return [each["path"] for each in asked if since.replace(":", "%3A") in each["path"]]


def test_the_sensor_gives_up_in_time(deployment: Deployment) -> None:
    ended = deployment.run("sensor_timeout")["it", -1]
    assert (ended["state"], ended["try_number"]) == ("failed", 1)


def test_eight_tasks_use_one_token(deployment: Deployment) -> None:
    deployment.run("organizations")  # whoever comes first fetches it
    before = _token_requests(deployment)
    assert {each["state"] for each in deployment.run("tokens").values()} == {"success"}
    assert _token_requests(deployment) == before >= 1
    kept = deployment.airflow.call("GET", "/variables", params={"limit": 100})["variables"]
    tokens = [json.loads(each["value"]) for each in kept if each["key"].startswith("dinero_token__")]
    assert {each["access_token"] for each in tokens} == {"***"}
    assert {each["refresh_token"] for each in tokens} == {"***", None}
    assert all(each["is_encrypted"] for each in kept)


def _token_requests(deployment: Deployment) -> int:
    asked = requests.get(f"{deployment.sandbox}/_sandbox/requests", headers=CONTROL, timeout=10).json()
    return sum(each["path"].startswith("/connect/token") for each in asked)
