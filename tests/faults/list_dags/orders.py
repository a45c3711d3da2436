"""A DAG whose one task works through one of the lists of `tests/faults/orders.py`."""

from typing import Any

from airflow.sdk import DAG

from airflow_provider_dinero.operators.batches import DineroInvoicesOperator
from tests.faults.orders import PAYMENT, listed


def orders(**context: Any) -> list[dict[str, Any]]:
    """Return the orders that the run names."""
    conf = context["dag_run"].conf
    return listed(conf["list"], conf["prefix"])


with DAG("orders", schedule=None):
    DineroInvoicesOperator(
        task_id="it", invoices_callable=orders, book=True, send="email", payment=PAYMENT, retries=100
    )
