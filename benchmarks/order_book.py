"""The whole Chinook order book, booked and e-mailed by a mapped DAG on a real Airflow: time, requests, totals.

    PYTHONPATH=scripts python benchmarks/order_book.py [requests a minute, default 10000]

412 orders with 2,240 lines, a task for each order. 100 requests a minute, which Dinero allows, take a good 17 minutes.
"""

import csv
import json
import sys
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path

from local import ROOT, airflow, api_requests, connection, outbox, sandbox

from airflow_provider_dinero.api import DineroClient, PersonalIntegration

# Requests per invoice: create, book, look for a mail-out, e-mail.
EACH = 4
# How often the progress is looked at.
SECONDS = 10
with (ROOT / "example_dags" / "data" / "chinook" / "orders.csv").open(encoding="utf-8", newline="") as file:
    ORDERS = list(csv.DictReader(file))


def wrong_totals(client: DineroClient) -> list[str]:
    """Return the orders whose invoice is missing, not booked, or has another total.

    :param client: DineroClient
    """
    found: dict[str, list[tuple[str, Decimal]]] = {}
    for each in client.invoices.list(fields=["ExternalReference", "Status", "TotalInclVat"]):
        found.setdefault(each["ExternalReference"], []).append((each["Status"], each["TotalInclVat"]))
    return [
        order["order_id"]
        for order in ORDERS
        if found.pop(f"chinook-order-{order['order_id']}", []) != [("Booked", Decimal(order["total"]))]
    ] + list(found)


def main() -> None:
    """Run the DAG, and compare."""
    per_minute = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    folder = ROOT / ".airflow" / "order_book"
    folder.mkdir(parents=True, exist_ok=True)
    with sandbox(folder, "--requests-per-minute", str(per_minute)) as url:
        made = json.loads(connection(url))
        made["extra"]["requests_per_minute"] = per_minute
        dags = Path(__file__).parent / "dags"
        environment = {
            "AIRFLOW_CONN_DINERO_DEFAULT": json.dumps(made),
            "AIRFLOW__API__MAXIMUM_PAGE_LIMIT": "1000",  # all task instances on one page
        }
        with airflow(folder / "home", dags, **environment) as running:
            began = time.monotonic()
            run_id = running.trigger("order_book")
            while (state := running.state("order_book", run_id)) not in {"success", "failed"}:
                time.sleep(SECONDS)
                print(f"{time.monotonic() - began:5.0f} s, {len(api_requests(url))} requests", flush=True)
            seconds = time.monotonic() - began
            instances = list(running.follow("order_book", run_id))
        asked = api_requests(url)
        mails = Counter(each["invoice"] for each in outbox(url))
        grant = PersonalIntegration(made["login"], made["password"], made["extra"]["api_key"], url)
        wrong = wrong_totals(DineroClient(100001, grant, base_url=url, requests_per_minute=per_minute))
    counts = Counter(f"{each['method']} {kind(each['path'])}" for each in asked)
    states = Counter(str(each["state"]) for each in instances)
    invoices = sum(count for name, count in counts.items() if "/invoices" in name)
    print(f"{len(ORDERS)} orders, {sum(Decimal(order['total']) for order in ORDERS)} DKK, {len(mails)} invoices mailed")
    print(f"{seconds:.0f} s at {per_minute} requests a minute; task instances: {dict(states)}")
    for name, count in counts.most_common():
        print(f"{count:6}  {name}")
    print(f"{invoices / len(ORDERS):.2f} requests an invoice; 429: {sum(each['status'] == 429 for each in asked)}")
    right = (
        state == "success"
        and not wrong
        and invoices == EACH * len(ORDERS)
        and len(mails) == len(ORDERS)
        and set(mails.values()) == {1}
    )
    print("ok" if right else f"WRONG: {state}, orders {wrong}, mails {mails.most_common(3)}")
    sys.exit(not right)


def kind(path: str) -> str:
    """Return a path without the parts that identify a document.

    :param path: str
    """
    return "/".join("{guid}" if len(part) == 36 else part for part in path.partition("?")[0].split("/"))


if __name__ == "__main__":
    main()
