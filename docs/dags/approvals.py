"""The guide to approvals, as DAGs that run."""

# --8<-- [start:one]
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, task, task_group

from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.invoices import (
    DineroBookInvoiceOperator,
    DineroCreateInvoiceOperator,
    DineroSendInvoiceOperator,
)

CUSTOMER = {
    "ExternalReference": "customer-17",
    "Name": "Ida Holm",
    "CountryKey": "DK",
    "IsPerson": True,
    "Email": "ida@example.dk",
}


def invoice(customer: Any, price: Any) -> dict[str, Any]:
    """Return the body of an invoice for a bicycle bell."""
    bell = {
        "Description": "Bicycle bell",
        "Quantity": 1,
        "BaseAmountValue": price,
        "Unit": "parts",
        "AccountNumber": 1000,
    }
    return {"ContactGuid": customer, "ProductLines": [bell]}


with DAG("approved_invoice", schedule=None, default_args={"retries": 2}) as approved_invoice:
    contact = DineroUpsertContactOperator(task_id="contact", contact=CUSTOMER)
    draft = DineroCreateInvoiceOperator(
        task_id="draft", idempotency_key="order-4720", invoice=invoice(contact.output["ContactGuid"], "80.00")
    )
    approve = ApprovalOperator(
        task_id="approve", subject="Book order-4720?", response_timeout=timedelta(days=7), defaults="Reject"
    )
    DineroBookInvoiceOperator(task_id="book", invoice=draft.output, approval=approve.output)
    draft >> approve
# --8<-- [end:one]

# --8<-- [start:mapped]
with DAG("approval_of_each", schedule=None, default_args={"retries": 2}) as approval_of_each:

    @task
    def orders() -> list[dict[str, str]]:
        """Return the orders of a shop."""
        return [{"number": "order-4721", "price": "80.00"}, {"number": "order-4722", "price": "120.00"}]

    @task_group
    def order(number: Any, price: Any, customer: Any) -> None:
        """Create the draft for one order, ask for approval, and book and send the invoice."""
        draft = DineroCreateInvoiceOperator(
            task_id="draft",
            idempotency_key=number,
            invoice=invoice(customer, price),
            map_index_template="{{ task.idempotency_key }}",
        )
        approve = ApprovalOperator(
            task_id="approve",
            subject="Book the invoice {{ ti.xcom_pull('order.draft', map_indexes=ti.map_index)['Guid'] }}?",
        )
        booked = DineroBookInvoiceOperator(task_id="book", invoice=draft.output, approval=approve.output)
        DineroSendInvoiceOperator(task_id="send", invoice=booked.output)
        draft >> approve

    contact = DineroUpsertContactOperator(task_id="contact", contact=CUSTOMER)
    order.partial(customer=contact.output["ContactGuid"]).expand_kwargs(orders())
# --8<-- [end:mapped]

# --8<-- [start:many]
with DAG("one_approval_of_many", schedule=None, default_args={"retries": 2}) as one_approval_of_many:

    @task
    def invoices(customer: dict[str, str]) -> list[dict[str, Any]]:
        """Return the arguments for each draft."""
        prices = {"order-4723": "80.00", "order-4724": "120.00"}
        guid = customer["ContactGuid"]
        return [{"idempotency_key": key, "invoice": invoice(guid, price)} for key, price in prices.items()]

    contact = DineroUpsertContactOperator(task_id="contact", contact=CUSTOMER)
    drafts = DineroCreateInvoiceOperator.partial(
        task_id="draft", map_index_template="{{ task.idempotency_key }}"
    ).expand_kwargs(invoices(contact.output))
    approve = ApprovalOperator(task_id="approve", subject="Book all drafts?")
    DineroBookInvoiceOperator.partial(task_id="book", approval=approve.output).expand(invoice=drafts.output)
    drafts >> approve
# --8<-- [end:many]
