"""The shop orders of a month become contacts and invoices in Dinero, which are booked and e-mailed.

The DAG compares each total with the shop's, to the øre, before it books the invoice.

Before you use this DAG, change the shop and the month (params of the run), where the orders come from (`read_orders`),
the accounts that sales are booked to, the receipt that is uploaded, and the connection `dinero_default`. The DAG reads
files of the folder `data`: copy this too.

If you run the DAG again for the same month, it creates nothing new: it finds a contact by the customer number, an
invoice by the order number, and a mail-out by its invoice. The invoices are dated today, and their comment gives the
date of the order, because Dinero can't book into closed years: the orders of *chinook*, a music shop, date from 2007 to
2011.

The shop *bicycles* has 30 realistic orders of 2026-10, with discounts, shipping, euros, companies, guests, and a coupon
that leaves nothing to pay. Some customers have no e-mail address, so they get no mail. Six of the orders are wrong. The
task `invoices` doesn't book these, but processes all others. It names each wrong order in its log and in its report,
and fails at the end. Correct the orders, and clear the run.
"""

import csv
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, Param, task
from airflow.sdk.exceptions import AirflowFailException

from airflow_provider_dinero.operators.batches import DineroInvoicesOperator
from airflow_provider_dinero.operators.files import DineroUploadFileOperator
from airflow_provider_dinero.sensors.changes import DineroChangesSensor

DATA = Path(__file__).parent / "data"
# Accounts of Dinero's standard chart of accounts.
SALES = 1000  # with VAT
SALES_ABROAD = 1100  # without VAT, to companies in other countries


def rows(name: str) -> list[dict[str, str]]:
    """Read a CSV file of the data folder."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def contact_of(shop: str, customer: dict[str, str], country_keys: dict[str, str]) -> dict[str, Any]:
    """Return the keys of an item that concern its contact. Guests have no number, and may share an e-mail address."""
    person = f"{customer['first_name']} {customer['last_name']}".strip()
    company = customer["company"]
    contact: dict[str, Any] = {
        "Name": company or person,
        "AttPerson": person if company else None,
        "IsPerson": not company,
        "Street": customer["address"],
        "ZipCode": customer["postal_code"],
        "City": customer["city"],
        "CountryKey": country_keys[customer["country"]],
        "Email": customer["email"],
        "Phone": customer["phone"],
    }
    if customer.get("vat_number"):
        contact["VatNumber"] = customer["vat_number"]
    if customer.get("guest") and customer["email"]:
        return {"contact": contact, "match_by": "Email"}
    return {"contact": {**contact, "ExternalReference": f"{shop}-customer-{customer['customer_id']}"}}


with DAG(
    "dinero_shop_orders",
    description="Orders of a month → contacts → invoices, their totals compared → booked → e-mailed",
    doc_md=__doc__,
    schedule=None,
    params={
        "shop": Param("chinook", enum=["chinook", "bicycles"], title="Shop"),
        "month": Param("2007-02", type="string", pattern=r"^\d{4}-\d{2}$", title="Month of the orders"),
    },
    # Airflow 3.3 can fail a task that resumes seconds after it has deferred. Two retries make up for that.
    default_args={"retries": 2, "retry_delay": 5},
    tags=["dinero", "example"],
) as dag:

    @task
    def read_orders(params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return the orders of the month, each with its lines and its customer."""
        assert params
        shop, month = params["shop"], params["month"]
        orders = rows(f"{shop}/orders.csv")
        found: dict[str, dict[str, Any]] = {
            order["order_id"]: {**order, "lines": []} for order in orders if order["order_date"].startswith(month)
        }
        if not found:
            days = sorted(order["order_date"] for order in orders)
            raise AirflowFailException(
                f"There are no orders in {month}. They run from {days[0][:7]} to {days[-1][:7]}."
            )
        customers = {customer["customer_id"]: customer for customer in rows(f"{shop}/customers.csv")}
        for order in found.values():
            order["customer"] = customers[order["customer_id"]]
        for line in rows(f"{shop}/order_lines.csv"):
            if line["order_id"] in found:
                found[line["order_id"]]["lines"].append(line)
        return list(found.values())

    @task
    def invoices_of(orders: list[dict[str, Any]], params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return an item for each order, with the order's number as idempotency key."""
        assert params
        shop = params["shop"]
        country_keys = {row["country"]: row["country_key"] for row in rows("country_keys.csv")}
        items = []
        for order in orders:
            customer = order["customer"]
            reference = f"{shop}-order-{order['order_id']}"
            abroad = customer.get("vat_number") and customer["country"] != "Denmark"
            lines = [
                {
                    "Description": line["description"],
                    "BaseAmountValue": line["unit_price"],
                    "Quantity": line["quantity"],
                    "Discount": line.get("discount") or None,  # in percent
                    "Unit": "parts",
                    "AccountNumber": SALES_ABROAD if abroad else SALES,
                }
                for line in order["lines"]
            ]
            items.append({
                "idempotency_key": reference,
                "expected_total": order["total"],  # the shop charged this; an invoice with another total isn't booked
                "send": "email" if customer["email"] else None,
                "invoice": {
                    "ExternalReference": reference,
                    "Comment": f"Order {order['order_id']} of {order['order_date']}",
                    "Currency": order.get("currency", "DKK"),
                    "ShowLinesInclVat": True,
                    "ProductLines": lines,
                },
                **contact_of(shop, customer, country_keys),
            })
        return items

    invoices = DineroInvoicesOperator(
        task_id="invoices",
        invoices=invoices_of(read_orders()),
        book=True,
        on_other_name="create",  # two guests who share an e-mail address are two contacts
    )
    receipt = DineroUploadFileOperator(task_id="upload_receipt", file_path=str(DATA / "receipt.pdf"))
    changes = DineroChangesSensor(
        task_id="wait_for_changes",
        changes_since="{{ params.month }}-01",
        deferrable=True,
        poke_interval=20,
        timeout=600,
    )
    [invoices, receipt] >> changes
