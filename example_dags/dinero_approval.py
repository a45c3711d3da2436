"""Shop orders become drafts in Dinero. When a person has approved them, the DAG books and e-mails them.

Before you use this DAG, change where the orders come from (in this example, from a param of the run), the account that
sales are booked to, and the connection `dinero_default`. The person decides in Airflow. To restrict who may decide, set
`assigned_users` of the ApprovalOperator. This operator takes no worker slot while it waits.

If the person rejects the orders, the drafts stay in Dinero, where you can correct or delete them. Each order is
invoiced only once, even if another run contains it again.
"""

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, Param, task

from airflow_provider_dinero.hooks.dinero import DineroHook
from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.invoices import (
    DineroBookInvoiceOperator,
    DineroCreateInvoiceOperator,
    DineroSendInvoiceOperator,
)

SALES_ACCOUNT = 1000  # sales with VAT, in Dinero's standard chart of accounts
ORDERS = [
    {
        "order": "A-1",
        "customer": "Nørrebro Cykler ApS",
        "email": "bo@cykler.example",
        "text": "Tyres",
        "price": "800.00",
    },
    {"order": "A-2", "customer": "Amager Kaffe", "email": "ida@kaffe.example", "text": "Service", "price": "250.00"},
]
ORDER = "{{ params.orders[ti.map_index].order }}"  # Airflow's pages show this instead of 0, 1, ...

with DAG(
    "dinero_approval",
    description="Orders → drafts → approved by a person → booked → e-mailed",
    doc_md=__doc__,
    schedule=None,
    params={"orders": Param(ORDERS, type="array", title="Orders: order, customer, email, text, price without VAT")},
    # Airflow 3.3 can fail a task that resumes seconds after it has deferred. A retry makes up for that.
    default_args={"retries": 1, "retry_delay": 5},
    tags=["dinero", "example"],
) as dag:

    @task
    def contacts_of(params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return the customer of each order, as a contact for Dinero."""
        assert params
        return [
            {"Name": order["customer"], "Email": order["email"], "CountryKey": "DK", "IsPerson": False}
            for order in params["orders"]
        ]

    @task
    def invoices_of(upserted: list[dict[str, str]], params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return the invoice of each order, with the order's number as idempotency key."""
        assert params
        made = []
        for order, contact in zip(params["orders"], upserted, strict=True):
            line = {
                "Description": order["text"],
                "BaseAmountValue": order["price"],
                "Quantity": 1,
                "Unit": "parts",
                "AccountNumber": SALES_ACCOUNT,
            }
            invoice = {
                "ContactGuid": contact["ContactGuid"],
                "ExternalReference": order["order"],
                "ProductLines": [line],
            }
            made.append({"idempotency_key": order["order"], "invoice": invoice})
        return made

    @task
    def table_of(drafts: list[dict[str, str]]) -> str:
        """Return a table of the drafts for the approver, with the totals that Dinero has calculated."""
        client = DineroHook().get_conn()
        rows = [client.invoices.get(draft["Guid"]) for draft in drafts]
        lines = [f"| {row['ExternalReference']} | {row['ContactName']} | {row['TotalInclVat']:.2f} |" for row in rows]
        return "\n".join(["| Order | Customer | DKK with VAT |", "|---|---|---|", *lines])

    contacts = DineroUpsertContactOperator.partial(
        task_id="contact", match_by="Email", map_index_template="{{ task.contact['Name'] }}"
    ).expand(contact=contacts_of())
    drafts = DineroCreateInvoiceOperator.partial(task_id="draft", map_index_template=ORDER).expand_kwargs(
        invoices_of(contacts.output)
    )
    approve = ApprovalOperator(
        task_id="approve",
        subject="Book {{ params.orders | length }} invoices? A booked invoice can't be changed.",
        body=table_of(drafts.output),
        response_timeout=timedelta(days=7),
    )
    booked = DineroBookInvoiceOperator.partial(
        task_id="book", approval=approve.output, map_index_template=ORDER
    ).expand(invoice=drafts.output)
    sent = DineroSendInvoiceOperator.partial(task_id="send", map_index_template=ORDER).expand(invoice=booked.output)
