"""A DAG of one task for each operator whose worker is killed."""

from airflow.sdk import DAG

from airflow_provider_dinero.operators.invoice_life import DineroInvoiceOperator
from airflow_provider_dinero.operators.invoices import DineroSendInvoiceOperator

RETRIES = 20
KEY = "{{ dag_run.conf['key'] }}"
CONTACT = "{{ dag_run.conf['contact'] }}"

with DAG("invoice", schedule=None):
    DineroInvoiceOperator(
        task_id="it",
        idempotency_key=KEY,
        invoice={
            "ContactGuid": CONTACT,
            "ProductLines": [
                {
                    "Description": "Bell",
                    "Quantity": 3,
                    "BaseAmountValue": "80.35",
                    "Unit": "parts",
                    "AccountNumber": 1000,
                },
            ],
        },
        book=True,
        send="email",
        payment={"DepositAccountNumber": 55000, "Description": "Bank"},
        retries=RETRIES,
    )

with DAG("send", schedule=None):
    DineroSendInvoiceOperator(task_id="it", invoice="{{ dag_run.conf['invoice'] }}", retries=RETRIES)
