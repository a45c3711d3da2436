"""The first DAG of the quick start."""

# --8<-- [start:first]
from airflow.sdk import DAG

from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator

with DAG("first_invoice", schedule=None) as dag:
    contact = DineroUpsertContactOperator(
        task_id="contact",
        contact={
            "ExternalReference": "customer-17",
            "Name": "Ida Holm",
            "CountryKey": "DK",
            "IsPerson": True,
            "Email": "ida@example.dk",
        },
    )
    DineroInvoiceOperator(
        task_id="invoice",
        idempotency_key="order-4711",
        invoice={
            "ContactGuid": contact.output["ContactGuid"],
            "ProductLines": [
                {
                    "Description": "Bicycle bell",
                    "Quantity": 1,
                    "BaseAmountValue": "80.00",
                    "Unit": "parts",
                    "AccountNumber": 1000,
                },
            ],
        },
        book=True,
        send="email",
    )
# --8<-- [end:first]
