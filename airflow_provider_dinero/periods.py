"""The period that a run falls in, by the clock of its DAG. Every Airflow process loads this module with the plugin."""

from typing import Any

FORMATS = {"year": "%Y", "month": "%Y-%m", "week": "%G-W%V", "day": "%Y-%m-%d"}


def period_key(dag_run: Any, dag: Any, unit: str = "month") -> str:
    """Return the month, week or day that a run falls in, for keys and dates: the same for all runs of a period.

    Airflow's `run_after` is in UTC, where a run at midnight on the first in Copenhagen belongs to the month before.
    This takes the time zone of the DAG: that of its cron timetable, or else of its `start_date`, or else Airflow's
    `[core] default_timezone`.

    In templates it is a macro, `{{ macros.dinero.period_key(dag_run, dag, 'month') }}`; a `@task` that takes `dag_run`
    and `dag` imports it.

    :param dag_run: the run, scheduled, by hand, of a backfill or of an asset
    :param dag: its DAG
    :param unit: str: year, month, week (ISO 8601) or day; default month
    :return: str: 2026, 2026-11, 2026-W48 or 2026-11-29
    :raises ValueError: there is no such unit
    """
    if unit not in FORMATS:
        raise ValueError(f"There is no unit {unit!r}. Use {', '.join(FORMATS)}.")
    import pendulum

    local = pendulum.instance(dag_run.run_after).in_timezone(_zone(dag))
    return str(local.strftime(FORMATS[unit]))


def _zone(dag: Any) -> Any:
    """Return the time zone of a DAG's schedule, which may be of several crons, or of assets and a cron."""
    timetable = dag.timetable
    for each in (timetable, getattr(timetable, "timetable", None), *getattr(timetable, "timetables", ())):
        if getattr(each, "timezone", None):
            return each.timezone
    return dag.timezone
