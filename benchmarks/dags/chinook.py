"""All orders of the Chinook shop as invoices, booked and e-mailed: one task per order."""

import csv
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, task

from airflow_provider_dinero.hooks.dinero import DineroHook
from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator

DATA = Path(__file__).parents[2] / "example_dags" / "data"


def rows(name: str) -> list[dict[str, str]]:
    """Read a CSV file."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


with DAG("order_book", schedule=None) as dag:

    @task(multiple_outputs=False)
    def contacts() -> dict[str, str]:
        """Create the customers, and return their Guids by their numbers."""
        upsert = DineroHook().get_conn().contacts.upsert
        country_keys = {row["country"]: row["country_key"] for row in rows("country_keys.csv")}
        return {
            customer["customer_id"]: upsert({
                "ExternalReference": f"chinook-customer-{customer['customer_id']}",
                "Name": customer["company"] or f"{customer['first_name']} {customer['last_name']}",
                "IsPerson": not customer["company"],
                "CountryKey": country_keys[customer["country"]],
                "Email": customer["email"],
            })["ContactGuid"]
            for customer in rows("chinook/customers.csv")
        }

    @task
    def invoices(guids: dict[str, str]) -> list[dict[str, Any]]:
        """Return an invoice for each order."""
        lines: dict[str, list[dict[str, Any]]] = {}
        for line in rows("chinook/order_lines.csv"):
            lines.setdefault(line["order_id"], []).append({
                "Description": line["description"],
                "BaseAmountValue": line["unit_price"],
                "Quantity": line["quantity"],
                "Unit": "parts",
                "AccountNumber": 1000,
            })
        return [
            {
                "idempotency_key": f"chinook-order-{order['order_id']}",
                "invoice": {
                    "ContactGuid": guids[order["customer_id"]],
                    "ExternalReference": f"chinook-order-{order['order_id']}",
                    "ShowLinesInclVat": True,
                    "ProductLines": lines[order["order_id"]],
                },
            }
            for order in rows("chinook/orders.csv")
        ]

    DineroInvoiceOperator.partial(task_id="invoice", book=True, send="email", retries=2, retry_delay=5).expand_kwargs(
        invoices(contacts())
    )
