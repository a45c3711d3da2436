"""A draft waits in Dinero until a person says yes in Airflow; then it is booked and e-mailed.

What to change: the invoice (params of the run), the account that the sale is booked to, and the connection
`dinero_default`. Who may decide: `assigned_users` of the ApprovalOperator. While it waits, it takes no worker slot.

A no leaves the draft as it is, to be corrected or deleted in Dinero. Clearing the run makes nothing new.
"""

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, Param, task

from airflow_provider_dinero.operators.anything import DineroOperator
from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.invoices import (
    DineroBookInvoiceOperator,
    DineroCreateInvoiceOperator,
    DineroSendInvoiceOperator,
)

SALES_ACCOUNT = 1000  # sales with VAT, in Dinero's standard chart of accounts

with DAG(
    "dinero_approval",
    description="Draft → approved by a person → booked → e-mailed",
    doc_md=__doc__,
    schedule=None,
    params={
        "customer": Param("Nørrebro Cykler ApS", type="string", title="Customer"),
        "email": Param("bogholder@norrebro-cykler.example", type="string", format="email", title="E-mail"),
        "text": Param("Service", type="string", title="What for"),
        "amount": Param("1000.00", type="string", pattern=r"^\d+(\.\d{2})?$", title="Amount without VAT (DKK)"),
        "order": Param("A-1", type="string", title="Order number: the same one is invoiced once"),
    },
    # Airflow 3.3 can fail a task that resumes within seconds of deferring: a retry makes up for that.
    default_args={"retries": 1, "retry_delay": 5},
    tags=["dinero", "example"],
) as dag:

    @task(multiple_outputs=False)
    def invoice_for(contact_guid: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the invoice as Dinero takes it."""
        assert params
        line = {
            "Description": params["text"],
            "BaseAmountValue": params["amount"],
            "Quantity": 1,
            "Unit": "parts",
            "AccountNumber": SALES_ACCOUNT,
        }
        return {"ContactGuid": contact_guid, "ExternalReference": params["order"], "ProductLines": [line]}

    contact = DineroUpsertContactOperator(
        task_id="contact",
        contact={
            "Name": "{{ params.customer }}",
            "Email": "{{ params.email }}",
            "CountryKey": "DK",
            "IsPerson": False,
        },
        match_by="Email",
    )
    draft = DineroCreateInvoiceOperator(
        task_id="draft",
        invoice=invoice_for(contact.output["ContactGuid"]),
        idempotency_key="{{ params.order }}",
    )
    read = DineroOperator(
        task_id="read", operation="invoices.get", arguments={"guid": draft.output["Guid"]}, multiple_outputs=True
    )
    approve = ApprovalOperator(
        task_id="approve",
        subject="Book the invoice for order {{ params.order }}?",
        body=(
            "{% set invoice = ti.xcom_pull(task_ids='read') %}"
            "**{{ invoice['ContactName'] }}**: {{ invoice['TotalInclVat'] }} {{ invoice['Currency'] }} with VAT. "
            "A booked invoice can't be changed."
        ),
        response_timeout=timedelta(days=7),
    )
    book = DineroBookInvoiceOperator(task_id="book", invoice=draft.output)
    send = DineroSendInvoiceOperator(task_id="send", invoice=book.output)

    read >> approve >> book
