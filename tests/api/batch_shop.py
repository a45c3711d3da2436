"""A company that processes lists of orders: fixtures and orders for the files that import them."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient, PersonalIntegration
from airflow_provider_dinero.api.ports import MemoryStateStore, MemoryTokenStore, ProcessBudget
from airflow_provider_dinero.coordination.factory import coordination
from airflow_provider_dinero.sandbox.server import Sandbox
from tests.conftest import line

LIFE: dict[str, Any] = {"book": True, "send": "email"}
PAYMENT = {"DepositAccountNumber": 55000, "Description": "Card"}
CUSTOMERS = 3


class Shop:
    """A company that processes lists, each time in a new process.

    :param box: Sandbox
    :param folder: Path, where its processes lock each other out
    """

    def __init__(self, box: Sandbox, folder: Path) -> None:
        self.box = box
        self.store = MemoryStateStore()
        self.folder = folder  # another folder is another host, without a lock that it shares with this one
        self._asked = 0
        self.rows: list[dict[str, Any]] = []
        self.beside = self.client()

    def client(self) -> DineroClient:
        """A client as a new process has it."""
        lock, _ = coordination(str(self.folder))
        grant = PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", self.box.url)
        return DineroClient(
            100001,
            grant,
            base_url=self.box.url,
            requests_per_minute=10_000,
            token_store=MemoryTokenStore(),
            budget=ProcessBudget(),
            lock=lock,
            sleep=lambda seconds: None,
        )

    def run(self, orders: Any, **options: Any) -> dict[str, Any]:
        """Work through a list, and keep the rows of its report."""
        self.rows, self._asked = [], len(self.box.requests())
        client = self.client()
        try:
            return client.batches(self.store).invoices(orders, report=self.rows.append, **{**LIFE, **options})
        finally:
            client.close()

    def asked(self) -> Counter[str]:
        """The requests of the last run, without the parts that identify a document."""
        found: Counter[str] = Counter()
        for each in self.box.requests()[self._asked :]:
            parts = each["path"].partition("?")[0].split("/")
            if "token" not in each["path"]:
                found[f"{each['method']} {'/'.join(part for part in parts[3:] if len(part) != 36)}"] += 1
        return found

    def mailed(self) -> list[int]:
        """The numbers of the invoices that were mailed."""
        return sorted(int(each["number"]) for each in self.box.outbox())


@pytest.fixture
def shop(unlimited_sandbox: Sandbox, tmp_path: Path) -> Iterator[Shop]:
    unlimited_sandbox.reset()
    made = Shop(unlimited_sandbox, tmp_path / "coordination")
    yield made
    made.beside.close()


def order(number: int, *, contact: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """An order of one of three customers, 125 DKK with VAT for each."""
    customer = number % CUSTOMERS
    return {
        "idempotency_key": f"order-{number}",
        "contact": {
            "ExternalReference": f"customer-{customer}",
            "Name": f"Customer {customer}",
            "CountryKey": "DK",
            "IsPerson": True,
            "Email": f"customer-{customer}@example.dk",
            **(contact or {}),
        },
        "invoice": {"ProductLines": [line()], "Comment": f"Order {number}", **changes.pop("invoice", {})},
        **changes,
    }


def orders(count: int, **changes: Any) -> list[dict[str, Any]]:
    return [order(number, **changes) for number in range(count)]
