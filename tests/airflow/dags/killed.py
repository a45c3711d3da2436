"""An e-mail whose worker is killed: sent by the operator, by a plain task, and by a task that records no intent."""

from typing import Any

from airflow.sdk import DAG, task

from airflow_provider_dinero.api.ports import ProcessLock
from airflow_provider_dinero.hooks.dinero import DineroHook
from airflow_provider_dinero.operators.invoices import DineroSendInvoiceOperator

LINE = {"Description": "Plader", "BaseAmountValue": 100, "Quantity": 1, "AccountNumber": 1000, "Unit": "parts"}


@task
def booked(name: str) -> str:
    client = DineroHook("dinero_books").get_conn()
    contact = {"Name": name, "CountryKey": "DK", "IsPerson": True, "Email": f"{name}@example.dk"}
    guid = client.contacts.upsert({**contact, "ExternalReference": name})["ContactGuid"]
    invoice = client.invoices.create({"ContactGuid": guid, "ProductLines": [LINE]})["Guid"]
    client.invoices.book(invoice)
    return str(invoice)


with DAG("killed_operator", schedule=None, default_args={"retries": 2, "retry_delay": 1}):
    DineroSendInvoiceOperator(task_id="it", invoice=booked("killed_operator"), dinero_conn_id="dinero_faulty")


@task(task_id="it", multiple_outputs=False)
def it(invoice: str, *, notes: bool) -> dict[str, Any]:
    # Without notes: a lock that only this process knows.
    options: dict[str, Any] = {} if notes else {"lock": ProcessLock()}
    client = DineroHook("dinero_faulty").make_client(**options)
    return client.invoices.email_once(invoice)


with DAG("killed_plain", schedule=None, default_args={"retries": 2, "retry_delay": 1}):
    it(booked("killed_plain"), notes=True)

with DAG("killed_unnoted", schedule=None, default_args={"retries": 2, "retry_delay": 1}):
    it(booked("killed_unnoted"), notes=False)
