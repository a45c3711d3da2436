"""A DAG of one task for each operator whose worker is killed."""

from airflow.sdk import DAG

from airflow_provider_dinero.operators.invoices import DineroCreateInvoiceOperator, DineroSendInvoiceOperator

RETRIES = 20
INVOICE = {
    "ContactGuid": "{{ dag_run.conf['contact'] }}",
    "ExternalReference": "{{ dag_run.conf['key'] }}",
    "ProductLines": [
        {"Description": "Bell", "Quantity": 3, "BaseAmountValue": "80.35", "Unit": "parts", "AccountNumber": 1000},
    ],
}

with DAG("create", schedule=None):
    DineroCreateInvoiceOperator(
        task_id="it", invoice=INVOICE, idempotency_key="{{ dag_run.conf['key'] }}", retries=RETRIES
    )

with DAG("send", schedule=None):
    DineroSendInvoiceOperator(task_id="it", invoice="{{ dag_run.conf['invoice'] }}", retries=RETRIES)
