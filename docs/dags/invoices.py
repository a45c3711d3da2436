"""The guide to invoices, as DAGs that run."""

# --8<-- [start:imports]
from typing import Any

from airflow.sdk import DAG, task

from airflow_provider_dinero.api.bodies.idempotency import guid_for
from airflow_provider_dinero.hooks.dinero import DineroHook
from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator
from airflow_provider_dinero.operators.invoices import (
    DineroBookInvoiceOperator,
    DineroCreateInvoiceOperator,
    DineroDeleteInvoiceOperator,
    DineroUpdateInvoiceOperator,
)

CUSTOMER = {
    "ExternalReference": "customer-17",
    "Name": "Ida Holm",
    "CountryKey": "DK",
    "IsPerson": True,
    "Email": "ida@example.dk",
}
BELL = {
    "Description": "Bicycle bell",
    "Quantity": 1,
    "BaseAmountValue": "80.00",
    "Unit": "parts",
    "AccountNumber": 1000,
}
# --8<-- [end:imports]

# --8<-- [start:life]
with DAG("whole_life", schedule=None, default_args={"retries": 2}) as whole_life:
    contact = DineroUpsertContactOperator(task_id="contact", contact=CUSTOMER)
    DineroInvoiceOperator(
        task_id="invoice",
        idempotency_key="order-4731",
        invoice={"ContactGuid": contact.output["ContactGuid"], "ProductLines": [BELL]},
        book=True,
        send="email",
    )
# --8<-- [end:life]

# --8<-- [start:steps]
with DAG("step_by_step", schedule=None, default_args={"retries": 2}) as step_by_step:
    contact = DineroUpsertContactOperator(task_id="contact", contact=CUSTOMER)
    content = {"ContactGuid": contact.output["ContactGuid"], "ProductLines": [BELL]}
    draft = DineroCreateInvoiceOperator(task_id="draft", idempotency_key="order-4732", invoice=content)
    update = DineroUpdateInvoiceOperator(
        task_id="update", invoice=draft.output, content={**content, "Comment": "Order 4732"}
    )
    DineroBookInvoiceOperator(task_id="book", invoice=update.output)


# --8<-- [end:steps]


# --8<-- [start:mapped]
def contact_of(order: dict[str, str]) -> dict[str, Any]:
    """Return the customer of an order, with Dinero's property names."""
    return {
        "ExternalReference": order["customer"],
        "Name": order["name"],
        "CountryKey": "DK",
        "IsPerson": True,
        "Email": order["email"] or None,
    }


def invoice_of(pair: tuple[dict[str, str], dict[str, str]]) -> dict[str, Any]:
    """Return the operator's arguments for an order, given the result of its contact's task."""
    order, contact = pair
    line = {**BELL, "BaseAmountValue": order["price"]}
    return {
        "idempotency_key": order["number"],
        "send": "email" if order["email"] else None,
        "invoice": {"ContactGuid": contact["ContactGuid"], "ProductLines": [line]},
    }


with DAG("orders_of_a_shop", schedule=None, default_args={"retries": 2}) as mapped:

    @task
    def orders() -> list[dict[str, str]]:
        """Return the orders, as a shop would give them."""
        ida = {"customer": "customer-17", "name": "Ida Holm", "email": "ida@example.dk"}
        bo = {"customer": "customer-18", "name": "Bo Friis", "email": ""}
        return [{"number": "order-4734", "price": "80.00", **ida}, {"number": "order-4735", "price": "120.00", **bo}]

    new = orders()
    contacts = DineroUpsertContactOperator.partial(
        task_id="contact", map_index_template="{{ task.contact['Name'] }}"
    ).expand(contact=new.map(contact_of))
    DineroInvoiceOperator.partial(
        task_id="invoice", book=True, map_index_template="{{ task.idempotency_key }}"
    ).expand_kwargs(new.zip(contacts.output).map(invoice_of))
# --8<-- [end:mapped]

# --8<-- [start:ordered]
with DAG("orders_in_order", schedule=None) as ordered:

    @task(retries=2)
    def book(numbers: list[str]) -> list[int]:
        """Book the invoices one after another. A retry finds those that are already booked, and books the rest."""
        client = DineroHook().get_conn()
        contact = client.contacts.upsert(CUSTOMER)["ContactGuid"]
        booked = []
        for number in numbers:
            guid = guid_for(client.organization_id, "invoices", number)
            client.invoices.create({"Guid": guid, "ContactGuid": contact, "ProductLines": [BELL]})
            booked.append(client.invoices.book(guid)["Number"])
        return booked

    book(["order-4736", "order-4737", "order-4738"])
# --8<-- [end:ordered]

# --8<-- [start:delete]
with DAG("cancelled_order", schedule=None) as cancelled_order:
    draft = DineroCreateInvoiceOperator(task_id="draft", idempotency_key="order-4733", invoice={"ProductLines": [BELL]})
    DineroDeleteInvoiceOperator(task_id="delete", invoice=draft.output)
# --8<-- [end:delete]
