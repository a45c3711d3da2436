"""The guide to the archive, as a DAG that runs."""

# --8<-- [start:imports]
from airflow.sdk import DAG

from airflow_provider_dinero.transfers.archive import DineroArchiveOperator

# --8<-- [end:imports]
# isort: split
from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.files import DineroUploadFileOperator
from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator

CONTACT = {"ExternalReference": "customer-25", "Name": "Ida Holm", "CountryKey": "DK", "IsPerson": True}
LINE = {"Description": "Bell", "Quantity": 1, "BaseAmountValue": "80.00", "Unit": "parts", "AccountNumber": 1000}

with DAG("documents_to_archive", schedule=None) as documents:
    DineroUploadFileOperator(task_id="receipt", file_path="/data/bill-7.pdf")
    contact = DineroUpsertContactOperator(task_id="contact", contact=CONTACT)
    DineroInvoiceOperator(
        task_id="invoice",
        idempotency_key="order-4719",
        invoice={"ContactGuid": contact.output["ContactGuid"], "ProductLines": [LINE]},
        book=True,
    )

# --8<-- [start:archive]
with DAG("archive", schedule=None, default_args={"retries": 3}) as archive:
    DineroArchiveOperator(task_id="archive", path="/data/archive")  # or path="s3://aws_default@bucket/dinero"
# --8<-- [end:archive]
