"""A DAG's file is missing for a while, as during a deployment: Airflow forgets its asset, but no change is lost."""

from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient
from tests.airflow.test_watched import create, eventually, runs
from tests.deployment import Deployment

GROUP = "deploys"
SENSORS = "dinero://dinero_kept/contacts"


@pytest.fixture
def kept(deployment: Deployment) -> Iterator[None]:
    yield
    for dag_id in ("kept", "kept_sensor"):
        deployment.airflow.call("PATCH", f"/dags/{dag_id}", json={"is_paused": True})


def marks(deployment: Deployment, asset: str) -> list[Any]:
    """What Airflow's state store has of an asset."""
    assets = deployment.airflow.call("GET", "/assets", params={"limit": 100, "only_active": "false"})["assets"]
    (number,) = [each["id"] for each in assets if each["name"] == asset]
    return list(deployment.airflow.call("GET", f"/assets/{number}/state-store")["asset_state_store"])


def told(deployment: Deployment) -> set[str]:
    """All changes that runs of the DAG `kept` received."""
    ended = [each["dag_run_id"] for each in runs(deployment, "kept") if each["state"] == "success"]
    found = [deployment.ended("kept", run_id)["told", -1] for run_id in ended]
    return {guid for each in found for guid in deployment.returned(each)}


@pytest.mark.usefixtures("kept")
def test_what_changes_while_the_file_is_gone_is_told(deployment: Deployment, client: DineroClient) -> None:
    airflow, file = deployment.airflow, deployment.folder / "dags" / "kept.py"
    airflow.turn_on("kept", "kept_sensor")
    eventually(lambda: marks(deployment, "kept"))
    first = create(client, "before")
    eventually(lambda: first in told(deployment))
    assert first in deployment.returned(deployment.run("kept_sensor")["wait", -1])["created"]

    away = file.rename(deployment.folder / "kept.py")
    # The watcher polls on, since no other file is parsed that would end it.
    eventually(lambda: not marks(deployment, "kept"))
    airflow.call("DELETE", "/dags/kept_sensor")
    eventually(lambda: not marks(deployment, SENSORS))  # the control: Airflow has nothing any more
    meanwhile = create(client, "meanwhile")
    away.rename(file)

    eventually(lambda: meanwhile in told(deployment))
    eventually(lambda: airflow.call("GET", "/dags", params={"dag_id_pattern": "kept_sensor"})["dags"])
    again = deployment.run("kept_sensor")["wait", -1]
    assert meanwhile in deployment.returned(again)["created"]
    assert "It is restored from its copy" in deployment.log(again)
