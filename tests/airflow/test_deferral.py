"""A task that has no slot for more than a minute takes no worker slot either."""

import time
from pathlib import Path

from airflow_provider_dinero.api import DineroClient, eq
from airflow_provider_dinero.coordination.files import FileBudget
from tests.airflow.conftest import SCARCE, Deployment


def test_a_task_defers_until_its_kept_slot(deployment: Deployment, client: DineroClient) -> None:
    budget = FileBudget(Path(deployment.scarce))
    key = "personal-sandbox/100001"
    while (slot := budget.reserve(key, SCARCE, 70)).at - time.time() < 70:
        pass
    run_id = deployment.airflow.trigger("scarce")
    place = f"/dags/scarce/dagRuns/{run_id}/taskInstances/it"
    while deployment.airflow.call("GET", place)["state"] != "deferred":
        assert time.time() < slot.at
        time.sleep(1)
    told = deployment.ended("scarce", run_id)["it", -1]
    assert told["state"] == "success"
    assert time.time() > slot.at
    assert "the request allowance is used up: this task goes on at" in deployment.log(told)
    assert len(list(client.contacts.list(filters=eq("ExternalReference", "scarce")))) == 1
