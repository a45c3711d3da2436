"""Each morning, send reminders for overdue invoices: three at most, ten days apart, as Dinero's rules require.

What to change: what a reminder costs (`FEES`), whether it is booked and sent at once (without `book` and `send` it is a
draft in Dinero, for a person to look at), the hour, and the connection `dinero_default`.

An invoice gets one reminder a day. An invoice that has been paid in the meantime, or whose next reminder isn't due yet,
is skipped, with the reason in the log.
"""

import pendulum
from airflow.sdk import DAG, CronTriggerTimetable

from airflow_provider_dinero.operators.call import DineroOperator
from airflow_provider_dinero.operators.reminders import DineroRemindOperator

FEES = {"WithFee": True, "WithInterestFee": False, "WithCompensationFee": False, "WithDebtCollectionWarning": False}

with DAG(
    "dinero_dunning",
    description="Overdue invoices → the next reminder, booked and e-mailed",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("0 8 * * 1-5", timezone="Europe/Copenhagen"),
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Copenhagen"),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": 5},
    tags=["dinero", "example"],
) as dag:
    overdue = DineroOperator(
        task_id="overdue",
        operation="invoices.list",
        arguments={"status": ["Overdue"], "fields": ["Guid", "Number", "ContactName"]},
    )
    DineroRemindOperator.partial(
        task_id="remind",
        reminder=FEES,
        book=True,
        send="email",
        map_index_template="{{ task.invoice['Number'] }} {{ task.invoice['ContactName'] }}",
    ).expand(invoice=overdue.output)
