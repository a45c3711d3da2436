"""The guide to lists, as DAGs that run."""

# --8<-- [start:imports]
from typing import Any

from airflow.sdk import DAG, task

from airflow_provider_dinero.operators.batches import DineroInvoicesOperator

BELL = {"Description": "Bicycle bell", "BaseAmountValue": "80.00", "Unit": "parts", "AccountNumber": 1000}
# --8<-- [end:imports]

# --8<-- [start:list]
with DAG("many_orders", schedule=None, default_args={"retries": 2}) as many_orders:

    @task(multiple_outputs=False)
    def orders() -> list[dict[str, Any]]:
        """Return the orders, as your shop has them."""
        return [
            {
                "idempotency_key": f"order-{number}",
                "contact": {
                    "ExternalReference": f"customer-{number % 2}",
                    "Name": "Ida Holm",
                    "CountryKey": "DK",
                    "IsPerson": True,
                    "Email": f"ida-{number % 2}@example.dk",
                },
                "invoice": {"Date": "2026-11-02", "ProductLines": [{**BELL, "Quantity": number}]},
                "expected_total": f"{100 * number}.00",
            }
            for number in (1, 2, 3)
        ]

    DineroInvoicesOperator(
        task_id="invoices",
        invoices=orders(),
        book=True,
        send="email",
        payment={"DepositAccountNumber": 55000, "Description": "Card"},
    )
# --8<-- [end:list]
