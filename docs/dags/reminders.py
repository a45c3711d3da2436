"""The guide to reminders, as DAGs that run."""

# --8<-- [start:imports]
from typing import Any

from airflow.sdk import DAG, task

from airflow_provider_dinero.api import contains, eq
from airflow_provider_dinero.operators.call import DineroOperator
from airflow_provider_dinero.operators.reminders import DineroRemindOperator

# --8<-- [end:imports]
# isort: split
from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator

CUSTOMER = {
    "ExternalReference": "customer-26",
    "Name": "Holm Cykler",
    "CountryKey": "DK",
    "IsPerson": False,
    "Email": "post@example.dk",
    "EanNumber": "5798000420007",
    "AttPerson": "Ida Holm",
}
BELL = {
    "Description": "Bicycle bell",
    "Quantity": 1,
    "BaseAmountValue": "80.00",
    "Unit": "parts",
    "AccountNumber": 1000,
}
# Due three weeks before the run.
LATE = {
    "Date": "{{ macros.ds_add(macros.dinero.period_key(dag_run, dag, 'day'), -30) }}",
    "PaymentConditionType": "Netto",
    "PaymentConditionNumberOfDays": 9,
}

with DAG("late_invoice", schedule=None) as late_invoice:
    contact = DineroUpsertContactOperator(task_id="contact", contact=CUSTOMER)
    content = {**LATE, "ContactGuid": contact.output["ContactGuid"], "ProductLines": [BELL]}
    DineroInvoiceOperator(task_id="invoice", idempotency_key="order-4773", invoice=content, book=True)

# --8<-- [start:friendly]
with DAG("pre_reminders", schedule=None, default_args={"retries": 2}) as pre_reminders:
    overdue = DineroOperator(task_id="overdue", operation="invoices.list", arguments={"status": ["Overdue"]})
    DineroRemindOperator.partial(
        task_id="friendly_word", kind="pre-reminder", map_index_template="invoice {{ task.invoice['Number'] }}"
    ).expand(invoice=overdue.output)


# --8<-- [end:friendly]


# --8<-- [start:reachable]
@task
def reachable(invoices: list[dict[str, Any]], customers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the invoices of these customers."""
    guids = {each["ContactGuid"] for each in customers}
    return [each for each in invoices if each["ContactGuid"] in guids]


with DAG("reachable_customers", schedule=None, default_args={"retries": 2}) as reachable_customers:
    overdue = DineroOperator(task_id="overdue", operation="invoices.list", arguments={"status": ["Overdue"]})
    customers = DineroOperator(
        task_id="customers",
        operation="contacts.list",
        arguments={"fields": ["ContactGuid"], "filters": contains("Email", "@")},
        limit=100_000,
    )
    DineroRemindOperator.partial(
        task_id="friendly_word", kind="pre-reminder", map_index_template="invoice {{ task.invoice['Number'] }}"
    ).expand(invoice=reachable(overdue.output, customers.output))
# --8<-- [end:reachable]

# --8<-- [start:reminder]
with DAG("reminders", schedule=None, default_args={"retries": 2}) as reminders:
    overdue = DineroOperator(task_id="overdue", operation="invoices.list", arguments={"status": ["Overdue"]})
    DineroRemindOperator.partial(
        task_id="remind", book=True, send="email", map_index_template="invoice {{ task.invoice['Number'] }}"
    ).expand(invoice=overdue.output)
# --8<-- [end:reminder]

with DAG("late_school", schedule=None) as late_school:
    contact = DineroUpsertContactOperator(task_id="contact", contact=CUSTOMER)
    content = {**LATE, "ContactGuid": contact.output["ContactGuid"], "ProductLines": [BELL]}
    DineroInvoiceOperator(task_id="invoice", idempotency_key="order-4774", invoice=content, book=True)

# --8<-- [start:electronic]
with DAG("electronic_reminders", schedule=None, default_args={"retries": 2}) as electronic_reminders:
    overdue = DineroOperator(
        task_id="overdue",
        operation="invoices.list",
        arguments={"status": ["Overdue"], "filters": eq("ExternalReference", "order-4774")},
    )
    DineroRemindOperator.partial(
        task_id="remind_electronically",
        map_index_template="invoice {{ task.invoice['Number'] }}",
        number=1,
        reminder={
            "WithFee": True,
            "WithInterestFee": False,
            "WithCompensationFee": False,
            "WithDebtCollectionWarning": False,
        },
        book=True,
        send="einvoice",
    ).expand(invoice=overdue.output)
# --8<-- [end:electronic]
