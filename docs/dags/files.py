"""The guide to files, as DAGs that run."""

# --8<-- [start:imports]
from airflow.sdk import DAG

from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.files import DineroAttachFileOperator, DineroUploadFileOperator
from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator
from airflow_provider_dinero.operators.invoices import DineroSendInvoiceOperator

# --8<-- [end:imports]

# --8<-- [start:upload]
with DAG("receipts_to_archive", schedule=None) as receipts_to_archive:
    DineroUploadFileOperator.partial(task_id="upload", map_index_template="{{ task.file_path }}").expand(
        file_path=["/data/bill-7.pdf", "/data/receipts/bill-8.pdf"]
    )
# --8<-- [end:upload]

# --8<-- [start:attach]
CONTACT = {
    "ExternalReference": "customer-27",
    "Name": "Bo Lund",
    "CountryKey": "DK",
    "IsPerson": True,
    "Email": "bo@example.dk",
}
LINE = {"Description": "Travel", "Quantity": 1, "BaseAmountValue": "240.00", "Unit": "parts", "AccountNumber": 1000}

with DAG("invoice_with_receipt", schedule=None) as invoice_with_receipt:
    contact = DineroUpsertContactOperator(task_id="contact", contact=CONTACT)
    invoice = DineroInvoiceOperator(
        task_id="invoice",
        idempotency_key="trip-12",
        invoice={"ContactGuid": contact.output["ContactGuid"], "ProductLines": [LINE]},
        book=True,
    )
    attach = DineroAttachFileOperator(
        task_id="attach", attach_to=invoice.output, file_path="/data/receipts/bill-8.pdf", file_name="ticket.pdf"
    )
    send = DineroSendInvoiceOperator(task_id="send", invoice=invoice.output)
    attach >> send
# --8<-- [end:attach]
