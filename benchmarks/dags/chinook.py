"""All orders of the Chinook shop as invoices, booked and e-mailed: by a task for each order, and by one task."""

import json
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, task

from airflow_provider_dinero.hooks.dinero import DineroHook
from airflow_provider_dinero.operators.batches import DineroInvoicesOperator
from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator

PARAMS = {"path": ""}  # of the orders, an item of DineroInvoicesOperator on each line
RETRIES: dict[str, Any] = {"retries": 2, "retry_delay": 5}


def orders(path: str) -> list[dict[str, Any]]:
    """Read the orders."""
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


with DAG("order_tasks", schedule=None, params=PARAMS) as a_task_each:

    @task(multiple_outputs=False)
    def contacts(params: dict[str, Any]) -> dict[str, str]:
        """Make the customers, and return their Guids by their ExternalReferences."""
        upsert = DineroHook("dinero_tasks").get_conn().contacts.upsert
        customers = {order["contact"]["ExternalReference"]: order["contact"] for order in orders(params["path"])}
        return {reference: upsert(contact)["ContactGuid"] for reference, contact in customers.items()}

    @task
    def invoices(guids: dict[str, str], params: dict[str, Any]) -> list[dict[str, Any]]:
        """Return an invoice for each order."""
        return [
            {
                "idempotency_key": order["idempotency_key"],
                "invoice": {**order["invoice"], "ContactGuid": guids[order["contact"]["ExternalReference"]]},
            }
            for order in orders(params["path"])
        ]

    DineroInvoiceOperator.partial(
        task_id="invoice", book=True, send="email", dinero_conn_id="dinero_tasks", **RETRIES
    ).expand_kwargs(invoices(contacts()))

with DAG("order_list", schedule=None, params=PARAMS) as one_task:
    DineroInvoicesOperator(
        task_id="invoices",
        path="{{ params.path }}",
        book=True,
        send="email",
        dinero_conn_id="dinero_list",
        **RETRIES,
    )
