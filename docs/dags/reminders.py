"""The guide to reminders, as DAGs that run."""

from airflow.sdk import DAG

from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator

# isort: split
# --8<-- [start:import]
from airflow_provider_dinero.operators.reminders import DineroRemindOperator

# --8<-- [end:import]

CUSTOMER = {
    "ExternalReference": "customer-17",
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
    invoice = DineroInvoiceOperator(task_id="invoice", idempotency_key="order-4711", invoice=content, book=True)
    # --8<-- [start:friendly]
    friendly = DineroRemindOperator(task_id="friendly_word", invoice=invoice.output, kind="pre-reminder")
    # --8<-- [end:friendly]
    # --8<-- [start:reminder]
    remind = DineroRemindOperator(task_id="remind", invoice=invoice.output, book=True, send="email")
    # --8<-- [end:reminder]
    friendly >> remind

with DAG("late_school", schedule=None) as late_school:
    contact = DineroUpsertContactOperator(task_id="contact", contact=CUSTOMER)
    content = {**LATE, "ContactGuid": contact.output["ContactGuid"], "ProductLines": [BELL]}
    invoice = DineroInvoiceOperator(task_id="invoice", idempotency_key="order-4712", invoice=content, book=True)
    # --8<-- [start:electronic]
    DineroRemindOperator(
        task_id="remind_electronically",
        invoice=invoice.output,
        number=1,
        reminder={
            "WithFee": True,
            "WithInterestFee": False,
            "WithCompensationFee": False,
            "WithDebtCollectionWarning": False,
        },
        book=True,
        send="einvoice",
    )
    # --8<-- [end:electronic]
