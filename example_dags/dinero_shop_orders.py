"""A month of shop orders becomes contacts, booked invoices and e-mails in Dinero, each total compared to the øre.

What to change: the month (a param of the run), where the orders come from (`read_orders`), the account that sales are
booked to, and the connection `dinero_default`.

Running it again for the same month creates nothing new: a contact is found by its customer number, an invoice by its
order number, a mail-out by its invoice. The orders date from 2007 to 2011, and Dinero can't book into closed years. So
the invoices are dated today, and give the order's date in their comment.
"""

import csv
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, Param, task
from airflow.sdk.exceptions import AirflowFailException

from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.files import DineroUploadFileOperator
from airflow_provider_dinero.operators.invoices import (
    DineroBookInvoiceOperator,
    DineroCreateInvoiceOperator,
    DineroSendInvoiceOperator,
)
from airflow_provider_dinero.sensors.changes import DineroChangesSensor

DATA = Path(__file__).parent / "data"
SALES_ACCOUNT = 1000  # sales with VAT, in Dinero's standard chart of accounts


def rows(name: str) -> list[dict[str, str]]:
    """Read a CSV file of the data folder."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def order_reference(order_id: str) -> str:
    """Return the name of an order in Dinero (ExternalReference)."""
    return f"chinook-order-{order_id}"


# What Airflow's pages show instead of 0, 1, ...
ORDER = "{{ ti.xcom_pull(task_ids='read_orders')[ti.map_index]['order_id'] }}"

with DAG(
    "dinero_shop_orders",
    description="Orders of a month → contacts → invoices, their totals compared → booked → e-mailed",
    doc_md=__doc__,
    schedule=None,
    params={"month": Param("2007-02", type="string", pattern=r"^\d{4}-\d{2}$", title="Month of the orders")},
    # Airflow 3.3 can fail a task that resumes within seconds of deferring: two retries make up for that.
    default_args={"retries": 2, "retry_delay": 5},
    tags=["dinero", "example"],
) as dag:

    @task
    def read_orders(params: dict[str, Any] | None = None) -> list[dict[str, str]]:
        """Return the orders of the month."""
        assert params
        found = [order for order in rows("chinook/orders.csv") if order["order_date"].startswith(params["month"])]
        if not found:
            raise AirflowFailException(f"There are no orders in {params['month']}. They run from 2007-01 to 2011-12.")
        return found

    @task
    def contacts_of(orders: list[dict[str, str]]) -> list[dict[str, Any]]:
        """Return each customer of the orders once, as Dinero takes a contact."""
        wanted = {order["customer_id"] for order in orders}
        country_keys = {row["country"]: row["country_key"] for row in rows("country_keys.csv")}
        found = []
        for customer in rows("chinook/customers.csv"):
            if customer["customer_id"] in wanted:
                person = f"{customer['first_name']} {customer['last_name']}"
                contact: dict[str, Any] = {
                    "ExternalReference": f"chinook-customer-{customer['customer_id']}",
                    "Name": customer["company"] or person,
                    "AttPerson": person if customer["company"] else None,
                    "IsPerson": not customer["company"],
                    "Street": customer["address"],
                    "ZipCode": customer["postal_code"],
                    "City": customer["city"],
                    "CountryKey": country_keys[customer["country"]],
                    "Email": customer["email"],
                    "Phone": customer["phone"],
                }
                found.append(contact)
        return found

    @task
    def invoices_of(
        orders: list[dict[str, str]], contacts: list[dict[str, Any]], upserted: list[dict[str, str]]
    ) -> list[dict[str, Any]]:
        """Return an invoice for each order, with the order's number as idempotency key."""
        guids = {
            contact["ExternalReference"]: there["ContactGuid"]
            for contact, there in zip(contacts, upserted, strict=True)
        }
        lines: dict[str, list[dict[str, Any]]] = {order["order_id"]: [] for order in orders}
        for line in rows("chinook/order_lines.csv"):
            if line["order_id"] in lines:
                lines[line["order_id"]].append({
                    "Description": line["description"],
                    "BaseAmountValue": line["unit_price"],
                    "Quantity": line["quantity"],
                    "Unit": "parts",
                    "AccountNumber": SALES_ACCOUNT,
                })
        return [
            {
                "idempotency_key": order_reference(order["order_id"]),
                "expected_total": order["total"],  # what the shop charged: no other total is booked
                "invoice": {
                    "ContactGuid": guids[f"chinook-customer-{order['customer_id']}"],
                    "ExternalReference": order_reference(order["order_id"]),
                    "Comment": f"Order {order['order_id']} of {order['order_date']}",
                    "ShowLinesInclVat": True,
                    "ProductLines": lines[order["order_id"]],
                },
            }
            for order in orders
        ]

    orders = read_orders()
    contacts = contacts_of(orders)
    upserted = DineroUpsertContactOperator.partial(
        task_id="upsert_contact", map_index_template="{{ task.contact['Name'] }}"
    ).expand(contact=contacts)
    created = DineroCreateInvoiceOperator.partial(task_id="create_invoice", map_index_template=ORDER).expand_kwargs(
        invoices_of(orders, contacts, upserted.output)
    )
    booked = DineroBookInvoiceOperator.partial(task_id="book_invoice", map_index_template=ORDER).expand(
        invoice=created.output
    )
    sent = DineroSendInvoiceOperator.partial(task_id="send_invoice", map_index_template=ORDER).expand(
        invoice=booked.output
    )
    receipt = DineroUploadFileOperator(task_id="upload_receipt", file_path=str(DATA / "receipt.pdf"))
    changes = DineroChangesSensor(
        task_id="wait_for_changes",
        changes_since="{{ ti.xcom_pull(task_ids='book_invoice') | map(attribute='UpdatedAt') | min }}",
        deferrable=True,
        poke_interval=20,
        timeout=600,
    )
    [sent, receipt] >> changes
