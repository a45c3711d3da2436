"""A backfill starts several runs at once despite `max_active_runs=1`: a mirror processes them one after another."""

from typing import Any

from local import api_requests

from airflow_provider_dinero.coordination.files import FileLock
from tests.airflow.test_watched import eventually
from tests.deployment import Deployment

GROUP = "waiting"
DAYS = 3
LOCK = "mirror/warehouse/None/backfilled/100001"


def test_a_backfill_of_a_mirror_fails_no_try(deployment: Deployment) -> None:
    airflow = deployment.airflow
    days: dict[str, Any] = {"from_date": "2026-01-01T00:00:00Z", "to_date": f"2026-01-0{DAYS}T00:00:00Z"}

    def instances() -> list[dict[str, Any]]:
        found = airflow.call("GET", "/dags/backfilled/dagRuns/~/taskInstances")["task_instances"]
        return [each for each in found if each["dag_run_id"].startswith("backfill")]

    def reads() -> int:
        return sum("/products" in each["path"] for each in api_requests(deployment.sandbox))

    before = reads()
    with FileLock(deployment.folder / "home" / "dinero").hold(LOCK):  # as another run does that is at work
        airflow.call("PATCH", "/dags/backfilled", json={"is_paused": False})
        airflow.call("POST", "/backfills", json={"dag_id": "backfilled", "max_active_runs": DAYS, **days})
        eventually(lambda: [each["state"] for each in instances()].count("deferred") >= 2)
        assert reads() == before
    eventually(lambda: [each["state"] for each in instances()] == ["success"] * DAYS)
    assert not any("was faster" in deployment.log(each) for each in instances())
    assert reads() >= before + DAYS
    airflow.call("PATCH", "/dags/backfilled", json={"is_paused": True})
