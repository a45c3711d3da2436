"""The period that a run falls in, as a template and a task have it, for runs of each kind."""

from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import DAG, Asset, task

from airflow_provider_dinero.periods import period_key

# On a busy machine, Airflow fails a task whose start it can't report in time.
AGAIN = {"retries": 3, "retry_delay": timedelta(seconds=3)}
EVENT = Asset("periods")
# Between them they see to it that, at any time, one of the days isn't that of UTC.
ZONES = {"periods": "Europe/Copenhagen", "periods_east": "Pacific/Kiritimati", "periods_west": "Pacific/Pago_Pago"}


@task
def keys(templated: str, dag_run: Any = None, dag: Any = None) -> list[str]:
    return [templated, period_key(dag_run, dag, "month"), period_key(dag_run, dag, "day")]


for dag_id, zone in ZONES.items():
    with DAG(
        dag_id,
        schedule="@daily" if dag_id == "periods" else [EVENT],
        start_date=pendulum.datetime(2026, 1, 1, tz=zone),
        catchup=False,
        default_args=AGAIN,
    ):
        keys("{{ macros.dinero.period_key(dag_run, dag, 'month') }}")
