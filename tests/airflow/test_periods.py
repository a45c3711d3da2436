"""`period_key` in runs that a real scheduler makes: of a backfill, of an asset, and by hand."""

from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from tests.airflow.test_watched import eventually, runs
from tests.deployment import Deployment

EAST, WEST = "periods_east", "periods_west"
ZONES = {EAST: ZoneInfo("Pacific/Kiritimati"), WEST: ZoneInfo("Pacific/Pago_Pago")}


def keys(deployment: Deployment, run: dict[str, Any]) -> Any:
    """What the run returned: the month by template, the month and the day by function."""
    return deployment.returned(deployment.ended(run["dag_id"], run["dag_run_id"])["keys", -1])


def test_a_run_of_a_backfill_has_the_month_of_its_own_clock(deployment: Deployment) -> None:
    airflow = deployment.airflow
    airflow.call("PATCH", "/dags/periods", json={"is_paused": False})
    midnights = {"from_date": "2026-03-31T00:00:00+02:00", "to_date": "2026-04-01T00:00:00+02:00"}
    made = airflow.call("POST", "/backfills", json={"dag_id": "periods", "max_active_runs": 2, **midnights})
    by_hand = {"dag_run_id": "by_hand", "logical_date": None, "run_after": "2026-09-30T22:30:00Z"}
    airflow.call("POST", "/dags/periods/dagRuns", json=by_hand)

    def found() -> list[dict[str, Any]]:
        return [each for each in runs(deployment, "periods") if each["dag_run_id"].startswith("backfill")]

    assert made["dag_id"] == "periods"
    eventually(lambda: len(found()) == 2)
    # Both at 22:00 UTC in March.
    assert [each["run_after"][:16] for each in found()] == ["2026-03-30T22:00", "2026-03-31T22:00"]
    assert [keys(deployment, each) for each in found()] == [
        ["2026-03", "2026-03", "2026-03-31"],
        ["2026-04", "2026-04", "2026-04-01"],
    ]
    assert keys(deployment, {"dag_id": "periods", "dag_run_id": "by_hand"}) == ["2026-10", "2026-10", "2026-10-01"]
    airflow.call("PATCH", "/dags/periods", json={"is_paused": True})


def test_a_run_of_an_asset_has_the_day_of_its_own_clock(deployment: Deployment) -> None:
    airflow = deployment.airflow
    airflow.turn_on(EAST, WEST)
    (asset,) = airflow.call("GET", "/assets", params={"name_pattern": "periods"})["assets"]
    airflow.call("POST", "/assets/events", json={"asset_id": asset["id"]})
    for dag_id, zone in ZONES.items():
        (run,) = eventually(partial(runs, deployment, dag_id))
        assert run["run_type"] == "asset_triggered"
        local = datetime.fromisoformat(run["run_after"]).astimezone(zone)
        assert keys(deployment, run) == [f"{local:%Y-%m}", f"{local:%Y-%m}", f"{local:%Y-%m-%d}"]
        airflow.call("PATCH", f"/dags/{dag_id}", json={"is_paused": True})
