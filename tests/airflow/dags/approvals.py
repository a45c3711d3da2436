"""One approval for each invoice, in a mapped group; a mapped approval; one whose default answers."""

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, Param, task_group

from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.invoices import DineroBookInvoiceOperator, DineroCreateInvoiceOperator

LINE = {"Description": "Bell", "Quantity": 1, "BaseAmountValue": "100.00", "Unit": "parts", "AccountNumber": 1000}


def contact(name: str) -> dict[str, Any]:
    return {"ExternalReference": name, "Name": name, "CountryKey": "DK", "IsPerson": True}


with DAG(
    "approvals",
    schedule=None,
    params={"contact": Param(type="string")},
    default_args={"dinero_conn_id": "dinero_books", "retries": 1, "retry_delay": 5},
):

    @task_group
    def each(order: Any) -> None:
        draft = DineroCreateInvoiceOperator(
            task_id="draft",
            idempotency_key=order,
            invoice={"ContactGuid": "{{ params.contact }}", "ProductLines": [LINE]},
        )
        approve = ApprovalOperator(task_id="approve", subject="Book it?")
        DineroBookInvoiceOperator(task_id="book", invoice=draft.output, approval=approve.output)
        draft >> approve

    each.expand(order=["approvals-0", "approvals-1", "approvals-2"])

    asked = ApprovalOperator.partial(task_id="asked").expand(subject=["first", "second"])
    DineroUpsertContactOperator.partial(task_id="of_own_index", approval=asked.output).expand(
        contact=[contact("approvals-first"), contact("approvals-second")]
    )

    late = ApprovalOperator(
        task_id="late", subject="Anybody?", defaults="Approve", response_timeout=timedelta(seconds=1)
    )
    DineroUpsertContactOperator(task_id="after_late", contact=contact("approvals-late"), approval=late.output)
