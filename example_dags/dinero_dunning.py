"""Each weekday morning, overdue invoices get a reminder: three at most, ten days apart, as Dinero's rules require.

Before you use this DAG, change the fees of a reminder (`FEES`), the hour, and the connection `dinero_default`. If a
person should look at each reminder before it is sent, remove `book=True` and `send="email"`. Then each reminder
stays a draft in Dinero.

An invoice gets at most one reminder a day. If an invoice has been paid in the meantime, or its next reminder isn't due
yet, the task for this invoice is skipped, and its log says why.
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
