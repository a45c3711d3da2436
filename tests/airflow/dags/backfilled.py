"""A mirror that a backfill runs several times at once, despite `max_active_runs`."""

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG

from airflow_provider_dinero.transfers.sql import DineroToSqlOperator

with DAG(
    "backfilled",
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    # On a busy machine, Airflow fails a task whose start it can't report in time.
    default_args={"retries": 3, "retry_delay": timedelta(seconds=3)},
):
    DineroToSqlOperator(
        task_id="mirror", dinero_conn_id="dinero_waiting", resource="products", conn_id="warehouse", table="backfilled"
    )
