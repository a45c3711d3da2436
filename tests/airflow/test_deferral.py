"""A task that has no slot for more than a minute takes no worker slot either."""

import re
import time
from datetime import UTC, datetime
from datetime import time as clock_time

from airflow_provider_dinero.api import DineroClient, eq
from airflow_provider_dinero.coordination.files import FileBudget
from tests.deployment import SCARCE, Deployment

GROUP = "waiting"


def test_a_task_defers_until_its_kept_slot(deployment: Deployment, client: DineroClient) -> None:
    budget, begin = FileBudget(deployment.folder / "scarce"), time.time()
    key = "personal-sandbox/100001"
    for second in range(60, 0, -1):  # evenly used: slots become free one by one, and not all at once after a minute
        FileBudget(deployment.folder / "scarce", clock=lambda at=begin - second: at).reserve(key, SCARCE, 70)
    run_id = deployment.airflow.trigger("scarce")
    place = f"/dags/scarce/dagRuns/{run_id}/taskInstances/it"
    while deployment.airflow.call("GET", place)["state"] != "deferred":
        # However long it takes to begin, the next free slot is more than a minute away.
        while budget.reserve(key, SCARCE, 70).at - time.time() < 65:
            pass
        time.sleep(1)
    told = deployment.ended("scarce", run_id)["it", -1]
    assert told["state"] == "success"
    (until,) = re.findall(
        r"the request allowance is used up: this task continues at ([\d:]+) UTC", deployment.log(told)
    )
    now = datetime.now(UTC)
    since = now - datetime.combine(now, clock_time.fromisoformat(until), UTC)
    assert since.total_seconds() % 86400 < 600  # it is in the past, also where midnight lies between
    assert len(list(client.contacts.list(filters=eq("ExternalReference", "scarce")))) == 1
