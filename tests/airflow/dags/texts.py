"""Texts of a shop, mapped as in the docs: by `expand_kwargs` over a task's result, and by `.map`."""

from typing import Any

from airflow.sdk import DAG, Param, task

from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator
from airflow_provider_dinero.operators.products import DineroUpsertProductOperator

LINE = {"Quantity": 1, "BaseAmountValue": "80.00", "Unit": "parts", "AccountNumber": 1000}


def reference(text: str) -> str:
    return " ".join(text.split())  # what a document is found by has no line breaks


def contact_of(text: str) -> dict[str, Any]:
    return {"ExternalReference": reference(text), "Name": text, "CountryKey": "DK", "IsPerson": True}


def invoice_of(pair: tuple[str, dict[str, str]]) -> dict[str, Any]:
    text, contact = pair
    line = {**LINE, "Description": text, "Comments": text}
    invoice = {"ContactGuid": contact["ContactGuid"], "Comment": text, "ProductLines": [line]}
    return {"idempotency_key": text, "invoice": {**invoice, "ExternalReference": text}}


with DAG(
    "texts",
    schedule=None,
    params={"texts": Param([], type="array")},
    default_args={"dinero_conn_id": "dinero_own"},
):

    @task
    def texts_of(params: dict[str, Any] | None = None) -> list[str]:
        assert params
        return params["texts"]

    @task
    def products_of(texts: list[str]) -> list[dict[str, Any]]:
        return [{"product": {**LINE, "Name": text, "ExternalReference": reference(text)}} for text in texts]

    texts = texts_of()
    DineroUpsertProductOperator.partial(task_id="product").expand_kwargs(products_of(texts))
    contacts = DineroUpsertContactOperator.partial(task_id="contact").expand(contact=texts.map(contact_of))
    DineroInvoiceOperator.partial(task_id="invoice").expand_kwargs(texts.zip(contacts.output).map(invoice_of))
