"""The guide to the mirror in a database, as a DAG that runs."""

# --8<-- [start:imports]
from airflow.sdk import DAG

from airflow_provider_dinero.transfers.sql import DineroToSqlOperator

# --8<-- [end:imports]
# isort: split
from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator

CONTACT = {"ExternalReference": "customer-23", "Name": "Ida Holm", "CountryKey": "DK", "IsPerson": True}
LINE = {"Description": "Bell", "Quantity": 1, "BaseAmountValue": "80.00", "Unit": "parts", "AccountNumber": 1000}

with DAG("an_invoice_to_mirror", schedule=None) as an_invoice:
    contact = DineroUpsertContactOperator(task_id="contact", contact=CONTACT)
    DineroInvoiceOperator(
        task_id="invoice",
        idempotency_key="order-4717",
        invoice={"ContactGuid": contact.output["ContactGuid"], "ProductLines": [LINE]},
        book=True,
    )

# --8<-- [start:mirror]
with DAG(
    "mirror_of_the_books", schedule=None, default_args={"conn_id": "warehouse", "retries": 3}
) as mirror_of_the_books:
    DineroToSqlOperator(task_id="contacts", resource="contacts", table="dinero_contacts")
    DineroToSqlOperator(task_id="invoices", resource="invoices", table="dinero_invoices", deletes_every=24)
    DineroToSqlOperator(task_id="entries", resource="entries", table="dinero_entries")
# --8<-- [end:mirror]
