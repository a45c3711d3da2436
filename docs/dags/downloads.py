"""The guide to downloads, as DAGs that run."""

# --8<-- [start:imports]
from airflow.sdk import DAG

from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.downloads import DineroDownloadInvoiceOperator
from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator

CUSTOMER = {"ExternalReference": "customer-17", "Name": "Ida Holm", "CountryKey": "DK", "IsPerson": True}
BELL = {
    "Description": "Bicycle bell",
    "Quantity": 1,
    "BaseAmountValue": "80.00",
    "Unit": "parts",
    "AccountNumber": 1000,
}
# --8<-- [end:imports]

# --8<-- [start:download]
with DAG("download", schedule=None, default_args={"retries": 2}) as download:
    contact = DineroUpsertContactOperator(task_id="contact", contact=CUSTOMER)
    invoice = DineroInvoiceOperator(
        task_id="invoice",
        idempotency_key="order-4772",
        invoice={"ContactGuid": contact.output["ContactGuid"], "ProductLines": [BELL]},
        book=True,
    )
    DineroDownloadInvoiceOperator(
        task_id="pdf",
        invoice=invoice.output,
        path="/data/invoices/{{ ti.xcom_pull('invoice', key='Number') }}.pdf",
    )
# --8<-- [end:download]
