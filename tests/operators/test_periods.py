"""The period that a run falls in, by the clock of its DAG."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pendulum
import pytest
from airflow.sdk import DAG, Asset, AssetOrTimeSchedule, CronTriggerTimetable, MultipleCronTriggerTimetable

from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.periods import period_key
from tests.operators.bench import Bench, serialized

COPENHAGEN = "Europe/Copenhagen"
START = pendulum.datetime(2026, 1, 1, tz=COPENHAGEN)
MIDNIGHT = CronTriggerTimetable("@monthly", timezone=COPENHAGEN)
ORDERS = Asset("orders")


def run_at(instant: str) -> Any:
    return SimpleNamespace(run_after=datetime.fromisoformat(instant).astimezone(UTC))


@pytest.mark.parametrize(
    ("instant", "month", "week", "day"),
    [
        ("2026-11-01T00:00+01:00", "2026-11", "2026-W44", "2026-11-01"),
        ("2026-10-31T23:59+01:00", "2026-10", "2026-W44", "2026-10-31"),
        ("2026-07-01T01:59+02:00", "2026-07", "2026-W27", "2026-07-01"),
        # The hour that there is twice, and the one that there isn't.
        ("2026-10-25T00:00+02:00", "2026-10", "2026-W43", "2026-10-25"),
        ("2026-10-25T02:30+02:00", "2026-10", "2026-W43", "2026-10-25"),
        ("2026-10-25T02:30+01:00", "2026-10", "2026-W43", "2026-10-25"),
        ("2026-10-26T00:00+01:00", "2026-10", "2026-W44", "2026-10-26"),
        ("2026-03-29T00:00+01:00", "2026-03", "2026-W13", "2026-03-29"),
        ("2026-03-29T03:00+02:00", "2026-03", "2026-W13", "2026-03-29"),
        ("2026-03-30T00:00+02:00", "2026-03", "2026-W14", "2026-03-30"),
        ("2027-01-01T00:00+01:00", "2027-01", "2026-W53", "2027-01-01"),
        ("2026-12-31T23:59+01:00", "2026-12", "2026-W53", "2026-12-31"),
    ],
)
def test_a_run_falls_in_the_period_of_its_dags_clock(instant: str, month: str, week: str, day: str) -> None:
    dag = DAG("fee", schedule="@monthly", start_date=START)
    run = run_at(instant)
    assert [period_key(run, dag, unit) for unit in ("month", "week", "day")] == [month, week, day]
    assert period_key(run, dag) == month
    assert period_key(run, dag, "year") == month[:4]


@pytest.mark.parametrize(
    ("schedule", "start", "month"),
    [
        ("@monthly", START, "2026-11"),
        (None, START, "2026-11"),
        ([ORDERS], START, "2026-11"),
        (MIDNIGHT, None, "2026-11"),
        (MultipleCronTriggerTimetable("@monthly", "@daily", timezone=COPENHAGEN), None, "2026-11"),
        (AssetOrTimeSchedule(timetable=MIDNIGHT, assets=[ORDERS]), None, "2026-11"),
        (MIDNIGHT, datetime(2026, 1, 1, tzinfo=UTC), "2026-11"),
        ("@monthly", datetime(2026, 1, 1, tzinfo=UTC), "2026-10"),
        (None, None, "2026-10"),
    ],
)
def test_a_dags_clock_is_its_timetables_or_its_start_dates(schedule: Any, start: datetime | None, month: str) -> None:
    assert period_key(run_at("2026-11-01T00:30+01:00"), DAG("fee", schedule=schedule, start_date=start)) == month


@pytest.mark.parametrize("schedule", ["@monthly", "@weekly", "@daily"])
def test_each_scheduled_run_of_two_years_has_a_key_of_its_own(schedule: str) -> None:
    """As the scheduler makes them, over four changes of the clock: none is left out, and none comes twice."""
    from airflow.serialization.serialized_objects import DagSerialization
    from airflow.timetables.base import TimeRestriction

    dag = DAG("fee", schedule=schedule, start_date=START)
    unit = {"@monthly": "month", "@weekly": "week", "@daily": "day"}[schedule]
    timetable = DagSerialization.from_dict(serialized(dag).data).timetable
    between = TimeRestriction(START, START.add(years=2, days=-1), catchup=True)
    runs, last = [], None
    while info := timetable.next_dagrun_info(last_automated_data_interval=last, restriction=between):
        runs.append(info)
        last = info.data_interval
    keys = [period_key(info, dag, unit) for info in runs]
    assert keys == sorted(set(keys))
    assert len(keys) == {"month": 24, "week": 104, "day": 730}[unit]
    assert (keys[0][:4], keys[-1][:4]) == ("2026", "2027")


def test_what_is_no_unit() -> None:
    with pytest.raises(ValueError, match=r"There is no unit 'hour'\. Use year, month, week, day"):
        period_key(run_at("2026-11-01T00:00+01:00"), DAG("fee", schedule=None), "hour")


@pytest.mark.parametrize("kind", ["scheduled", "manual", "backfill", "asset_triggered"])
def test_in_a_template(bench: Bench, beside: DineroClient, kind: str) -> None:
    bench.run_type, bench.run_after = kind, datetime(2026, 10, 31, 23, 30, tzinfo=UTC)
    with bench.dag(start_date=START) as dag:
        name = "{{ macros.dinero.period_key(dag_run, dag) }} {{ macros.dinero.period_key(dag_run, dag, 'day') }}"
        contact = {"Name": name, "CountryKey": "DK", "IsPerson": True, "ExternalReference": "17"}
        DineroUpsertContactOperator(task_id="it", contact=contact)
    told = bench.run(dag)["it"]
    assert beside.contacts.get(told.returned["ContactGuid"])["Name"] == "2026-11 2026-11-01"
