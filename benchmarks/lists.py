"""The Chinook order book by `client.batches`: requests, exactly.

No Airflow is involved: `order_book.py` has that. A run is killed at random moments and tried again: counted are the
requests that this costs beyond a run that isn't.
"""

import csv
import json
import os
import random
import signal
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from airflow_provider_dinero.api import DineroClient, PersonalIntegration
from airflow_provider_dinero.api.ports import MemoryTokenStore, ProcessBudget
from airflow_provider_dinero.coordination.factory import coordination
from airflow_provider_dinero.sandbox.server import Sandbox, running

DATA = Path(__file__).parent.parent / "example_dags" / "data"
OTHERS = 20_000
KILLS = 5
PER_MINUTE = 1_000_000
IN_FLIGHT = 4  # items whose requests are under way at once
PAYMENT = {"DepositAccountNumber": 55000, "Description": "Card"}


def rows(name: str) -> list[dict[str, str]]:
    """Read a CSV file."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def orders() -> list[dict[str, Any]]:
    """Return the 412 orders of 59 customers, with what each has to come to."""
    keys = {row["country"]: row["country_key"] for row in rows("country_keys.csv")}
    customers = {
        row["customer_id"]: {
            "ExternalReference": f"chinook-customer-{row['customer_id']}",
            "Name": row["company"] or f"{row['first_name']} {row['last_name']}",
            "IsPerson": not row["company"],
            "CountryKey": keys[row["country"]],
            "Email": row["email"],
        }
        for row in rows("chinook/customers.csv")
    }
    lines: dict[str, list[dict[str, Any]]] = {}
    for row in rows("chinook/order_lines.csv"):
        lines.setdefault(row["order_id"], []).append({
            "Description": row["description"],
            "BaseAmountValue": row["unit_price"],
            "Quantity": row["quantity"],
            "Unit": "parts",
            "AccountNumber": 1000,
        })
    return [
        {
            "idempotency_key": f"chinook-order-{row['order_id']}",
            "contact": customers[row["customer_id"]],
            "expected_total": row["total"],
            "invoice": {
                "ExternalReference": f"chinook-order-{row['order_id']}",
                "ShowLinesInclVat": True,
                "ProductLines": lines[row["order_id"]],
            },
        }
        for row in rows("chinook/orders.csv")
    ]


class Folder:
    """A state store in a folder."""

    calls = 0  # of all of them

    def __init__(self, path: Path) -> None:
        self._path = path
        path.mkdir(parents=True, exist_ok=True)

    def get(self, key: str) -> Any:
        """Return the stored value, or None."""
        Folder.calls += 1
        place = self._path / key
        return json.loads(place.read_text()) if place.exists() else None

    def set(self, key: str, value: Any) -> None:
        """Store a value; the file is replaced as a whole."""
        Folder.calls += 1
        beside = self._path / f"{key}.new"
        beside.write_text(json.dumps(value))
        beside.replace(self._path / key)


def work(url: str, folder: Path, items: Any, **options: Any) -> dict[str, Any]:
    """Work through a list as a new process does."""
    client = DineroClient(
        100001,
        PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", url),
        base_url=url,
        requests_per_minute=PER_MINUTE,
        token_store=MemoryTokenStore(),
        budget=ProcessBudget(),
        lock=coordination(str(folder / "locks"))[0],
    )
    try:
        return client.batches(Folder(folder / "store")).invoices(items, **{"book": True, "send": "email", **options})
    finally:
        client.close()


def asked(box: Sandbox, since: int = 0) -> int:
    """Return how many requests came, but for tokens."""
    return sum("token" not in each["path"] for each in box.requests()[since:])


def killed(box: Sandbox, listed: list[dict[str, Any]], ideal: int, seconds: float, chance: random.Random) -> int:
    """Kill a run at a random moment, try it again, and return how many requests it took beyond one that isn't."""
    box.reset()
    with tempfile.TemporaryDirectory() as place:
        if (pid := os.fork()) == 0:
            work(box.url, Path(place), listed)
            os._exit(0)
        time.sleep(chance.uniform(0.1, 0.9) * seconds)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        time.sleep(0.5)  # what was in flight arrives
        work(box.url, Path(place), listed)
        numbers = sorted(int(each["number"]) for each in box.outbox())
        if numbers != list(range(1, len(listed) + 1)):
            sys.exit(f"killed: mailed {numbers}")
        return asked(box) - ideal


def main() -> None:
    """Measure all, print the table, and fail where a budget is missed."""
    listed, over = orders(), False
    total = f"{sum(Decimal(each['expected_total']) for each in listed):.2f}"
    customers = len({each["contact"]["ExternalReference"] for each in listed})

    def line(told: str, found: float, most: float) -> None:
        nonlocal over
        over |= found > most
        print(f"{told:74} {found:9.2f}   (at most {most:.2f})", flush=True)

    with running(requests_per_minute=PER_MINUTE) as box:
        for name, each, calls, payment in (("e-mailed", 3.02, 0.4, None), ("paid and e-mailed", 4.02, 1.5, PAYMENT)):
            box.reset()
            with tempfile.TemporaryDirectory() as place:
                began, Folder.calls = time.monotonic(), 0
                told = work(box.url, Path(place), listed, payment=payment)
                seconds, first = time.monotonic() - began, asked(box)
                if told["TotalInclVat"] != {"DKK": total} or told["created"] != len(listed):
                    sys.exit(f"wrong: {told}")
                line(f"{len(listed)} orders, {name}: requests an invoice", (first - 61) / len(listed), each)
                print(f"    with {customers} contacts {first} requests in {seconds:.0f} s")
                line("calls of the state store an invoice", Folder.calls / len(listed), calls)
                before = len(box.requests())
                again = work(box.url, Path(place), listed, payment=payment)
                line("the same again: requests", asked(box, before), 6)
                if again["unchanged"] != len(listed):
                    sys.exit(f"wrong: {again}")
                if payment is None:
                    ideal, lasted = first, seconds
                    box.seed(invoices=OTHERS)
                    before = len(box.requests())
                    work(box.url, Path(place), listed)
                    line(f"the same again among {OTHERS} others: requests", asked(box, before), 6 + OTHERS / 1000)
        chance = random.Random(20)
        most = 8 + 4 * IN_FLIGHT
        for number in range(KILLS):
            more = killed(box, listed, ideal, lasted, chance)
            line(f"killed at random, try {number + 1}: requests more", more, most)
    sys.exit(over)


if __name__ == "__main__":
    main()
