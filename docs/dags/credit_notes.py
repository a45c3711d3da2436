"""The guide to credit notes, as DAGs that run."""

# --8<-- [start:imports]
from airflow.sdk import DAG

from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.credit_notes import DineroCreateCreditNoteOperator
from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator

CUSTOMER = {
    "ExternalReference": "customer-17",
    "Name": "Ida Holm",
    "CountryKey": "DK",
    "IsPerson": True,
    "Email": "ida@example.dk",
}
BELL = {
    "Description": "Bicycle bell",
    "Quantity": 1,
    "BaseAmountValue": "80.00",
    "Unit": "parts",
    "AccountNumber": 1000,
}
# --8<-- [end:imports]

# --8<-- [start:whole]
with DAG("returned_order", schedule=None, default_args={"retries": 2}) as returned_order:
    contact = DineroUpsertContactOperator(task_id="contact", contact=CUSTOMER)
    invoice = DineroInvoiceOperator(
        task_id="invoice",
        idempotency_key="order-4751",
        invoice={"ContactGuid": contact.output["ContactGuid"], "ProductLines": [BELL]},
        book=True,
    )
    DineroCreateCreditNoteOperator(
        task_id="credit",
        invoice=invoice.output,
        idempotency_key="return-of-order-4751",
        book=True,
        send="email",
    )
# --8<-- [end:whole]

# --8<-- [start:part]
with DAG("refund_of_a_part", schedule=None, default_args={"retries": 2}) as refund_of_a_part:
    contact = DineroUpsertContactOperator(task_id="contact", contact=CUSTOMER)
    invoice = DineroInvoiceOperator(
        task_id="invoice",
        idempotency_key="order-4752",
        invoice={"ContactGuid": contact.output["ContactGuid"], "ProductLines": [{**BELL, "Quantity": 3}]},
        book=True,
    )
    DineroCreateCreditNoteOperator(
        task_id="credit",
        invoice=invoice.output,
        idempotency_key="return-of-order-4752",
        credit_note={"ProductLines": [BELL]},
        book=True,
    )
# --8<-- [end:part]
