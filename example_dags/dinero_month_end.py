"""On the first of each month, this DAG updates an archive of invoices, credit notes, receipts and reports.

Before you use this DAG, change the place of the archive (a param of the run: a local folder, or object storage such as
s3://aws_default@bucket/dinero), the reports, and the connection `dinero_default`. Danish law requires you to keep these
documents for five years.

The archive has the PDFs of the booked invoices and credit notes. Each run fetches only the documents that are new. A
document always keeps its path, and an index lists all documents. If you clear a run, it writes the reports of its month
again.
"""

import json
from typing import Any

import pendulum
from airflow.sdk import DAG, CronTriggerTimetable, ObjectStoragePath, Param, task

from airflow_provider_dinero.operators.call import DineroOperator
from airflow_provider_dinero.transfers.archive import DineroArchiveOperator

# The day of the run, and the year of the month before it, in the time zone of the DAG.
DAY = "{{ macros.dinero.period_key(dag_run, dag, 'day') }}"
YEAR = "{{ macros.ds_add(macros.dinero.period_key(dag_run, dag, 'day'), -1)[:4] }}"

with DAG(
    "dinero_month_end",
    description="PDFs, receipts and reports → archive",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("0 6 1 * *", timezone="Europe/Copenhagen"),
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Copenhagen"),
    catchup=False,
    max_active_runs=1,
    params={"archive": Param("/data/archive", type="string", title="Where the archive is")},
    default_args={"retries": 2, "retry_delay": 5},
    tags=["dinero", "example"],
) as dag:

    @task
    def keep(name: str, rows: list[dict[str, Any]], day: str, params: dict[str, Any] | None = None) -> str:
        """Write a report beside the documents, and return its path."""
        assert params
        path = ObjectStoragePath(params["archive"]) / "reports" / day / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(rows, ensure_ascii=False, indent=1))
        return str(path)

    archive = DineroArchiveOperator(task_id="documents", path="{{ params.archive }}")
    for name in ("saldo", "result", "balance"):
        report = DineroOperator(task_id=name, operation=f"reports.{name}", arguments={"year": YEAR})
        archive >> keep.override(task_id=f"keep_{name}")(name, report.output, DAY)
