"""Each night, this DAG copies invoices, contacts, products, credit notes and entries (the postings) into a database.

Before you use this DAG, change the connection of the database (`warehouse`), the resources, the hour, and the
connection `dinero_default`. The database can be SQLite, Postgres or any other for which Airflow has a common.sql hook.
Install the extra `sql`.

The first run loads all rows, and later runs load only the changes. The rows of a table and its watermark are written in
one transaction. So a run that dies leaves the table as it was, and the next run catches up.
"""

import pendulum
from airflow.sdk import DAG, CronTriggerTimetable

from airflow_provider_dinero.transfers.sql import DineroToSqlOperator

with DAG(
    "dinero_mirror",
    description="Dinero → tables of a warehouse, only the changes",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("0 3 * * *", timezone="Europe/Copenhagen"),
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Copenhagen"),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": 5},
    tags=["dinero", "example"],
) as dag:
    for resource in ("invoices", "contacts", "products", "credit_notes", "entries"):
        DineroToSqlOperator(task_id=resource, resource=resource, conn_id="warehouse", table=f"dinero_{resource}")
