"""The guide to the hook, as DAGs that run."""

# --8<-- [start:imports]
from decimal import Decimal

from airflow.sdk import DAG, task

from airflow_provider_dinero.api import eq
from airflow_provider_dinero.api.bodies.idempotency import guid_for
from airflow_provider_dinero.hooks.dinero import DineroHook

# --8<-- [end:imports]

# --8<-- [start:write]
CONTACT = {"ExternalReference": "customer-20", "Name": "Ida Holm", "CountryKey": "DK", "IsPerson": True}
LINE = {"Description": "Bell", "Quantity": 1, "BaseAmountValue": "80.00", "Unit": "parts", "AccountNumber": 1000}

with DAG("order_to_draft", schedule=None) as order_to_draft:

    @task(retries=2)
    def draft(order: str) -> str:
        client = DineroHook().get_conn()
        contact = client.contacts.upsert(CONTACT)  # found by its ExternalReference
        invoice = client.invoices.create({
            "Guid": guid_for(client.organization_id, "invoices", order),  # the same on every retry
            "ContactGuid": contact["ContactGuid"],
            "ExternalReference": order,
            "ProductLines": [LINE],
        })
        return invoice["Guid"]

    drafted = draft("order-4715")
# --8<-- [end:write]

# --8<-- [start:read]
with DAG("total_of_an_order", schedule=None) as total_of_an_order:

    @task
    def total(order: str) -> str:
        client = DineroHook().get_conn()
        invoices = client.invoices.list(
            status=["Draft", "Booked", "Overdue"],
            filters=eq("ExternalReference", order),
            fields=["Number", "TotalInclVatInDkk"],
        )
        return str(sum((each["TotalInclVatInDkk"] for each in invoices), Decimal()))

    total("order-4715")
# --8<-- [end:read]
