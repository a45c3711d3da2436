"""The DAG of docs/accounts.md."""

# --8<-- [start:eu]
from airflow.sdk import DAG

from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator

with DAG("invoice_to_germany", schedule=None) as invoice_to_germany:
    contact = DineroUpsertContactOperator(
        task_id="contact",
        match_by="VatNumber",
        contact={
            "Name": "Radhaus GmbH",
            "CountryKey": "DE",
            "IsPerson": False,
            "VatNumber": "DE136695976",
            "Email": "rechnung@radhaus.example",
        },
    )
    DineroInvoiceOperator(
        task_id="invoice",
        idempotency_key="order-4775",
        invoice={
            "ContactGuid": contact.output["ContactGuid"],
            "Language": "en-GB",
            "Comment": "Reverse charge: VAT is paid by the customer.",
            "ProductLines": [
                {
                    "Description": "Bell",
                    "Quantity": 10,
                    "Unit": "parts",
                    "BaseAmountValue": "80.00",
                    "AccountNumber": 1100,  # sales abroad without VAT
                }
            ],
        },
        book=True,
    )
# --8<-- [end:eu]
