"""The guide to products, as DAGs that run."""

# --8<-- [start:product]
from airflow.sdk import DAG

from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator
from airflow_provider_dinero.operators.products import DineroUpsertProductOperator

with DAG("product", schedule=None) as product_alone:
    DineroUpsertProductOperator(
        task_id="product",
        product={
            "ExternalReference": "bell-1",
            "ProductNumber": "B-100",
            "Name": "Bicycle bell",
            "BaseAmountValue": "80.00",
            "Quantity": 1,
            "Unit": "parts",
            "AccountNumber": 1000,
        },
    )
# --8<-- [end:product]

# --8<-- [start:line]
BELL = {
    "ExternalReference": "bell-1",
    "BaseAmountValue": "80.00",
    "Quantity": 1,
    "Unit": "parts",
    "AccountNumber": 1000,
}
CUSTOMER = {"ExternalReference": "customer-17", "Name": "Ida Holm", "CountryKey": "DK", "IsPerson": True}

with DAG("product_on_an_invoice", schedule=None) as on_an_invoice:
    contact = DineroUpsertContactOperator(task_id="contact", contact=CUSTOMER)
    product = DineroUpsertProductOperator(task_id="product", product=BELL)
    DineroInvoiceOperator(
        task_id="invoice",
        idempotency_key="order-4771",
        invoice={
            "ContactGuid": contact.output["ContactGuid"],
            "ProductLines": [
                {
                    "ProductGuid": product.output["ProductGuid"],
                    "Quantity": 2,
                    "BaseAmountValue": "80.00",
                    "Unit": "parts",
                    "AccountNumber": 1000,
                },
            ],
        },
    )
# --8<-- [end:line]
