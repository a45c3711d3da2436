"""The bench of the operators, object storage in memory, and rows to transfer."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG

from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.api.lists import changes
from airflow_provider_dinero.api.resources import entries
from airflow_provider_dinero.transfers.object_storage import DineroChangesToObjectStorageOperator
from tests.clock import clock
from tests.conftest import CONTACT, line
from tests.operators.bench import Bench
from tests.operators.conftest import bench, beside, execution_api, hurried

__all__ = ["bench", "beside", "execution_api", "hurried"]

Row = dict[str, Any]


@pytest.fixture
def memory() -> Iterator[Any]:
    """An empty file system `memory://`."""
    from airflow.sdk.io import attach
    from fsspec.implementations.memory import MemoryFileSystem

    system = MemoryFileSystem()
    attach("memory", fs=system)
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def contact(client: DineroClient, name: str) -> str:
    """Make a contact, and return its Guid."""
    return str(client.contacts.create({**CONTACT, "Name": name, "ExternalReference": name})["ContactGuid"])


def draft(client: DineroClient, price: str = "100") -> str:
    """Make a draft invoice, and return its Guid."""
    return str(client.invoices.create({"ProductLines": [line(BaseAmountValue=price)]})["Guid"])


def booked(client: DineroClient) -> None:
    """Book two entries."""
    one = {
        "Amount": "100.00",
        "AccountNumber": 55000,
        "BalancingAccountNumber": 1000,
        "BalancingAccountVatCode": "none",
    }
    lines = [{**one, "Description": "Kontingent"}]
    made = client.manual_vouchers.create({"VoucherDate": "2026-01-02", "Lines": lines})
    client.manual_vouchers.book(made["Guid"], timestamp=made["Timestamp"])


def rows_of(told: Row) -> list[Row]:
    """Return the rows of the files that an operator wrote."""
    return [json.loads(text) for file in told["files"] for text in Path(file["path"]).read_text().splitlines()]


class Lists:
    """The lists that were read, as the sandbox saw them."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._known = 0

    def read(self) -> list[str]:
        """Return those since the last time, such as `invoices` and `invoices deleted`."""
        asked = self._bench.sandbox.requests()
        new, self._known = asked[self._known :], len(asked)
        seen = [each["path"].partition("?") for each in new if each["method"] == "GET"]
        return [path.rpartition("/")[2] + " deleted" * ("deletedOnly" in query) for path, _, query in seen]


@pytest.fixture
def lists(bench: Bench) -> Lists:
    return Lists(bench)


@pytest.fixture
def later(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Move the time ahead, the sandbox's and the reader's."""
    ahead = timedelta()

    def move(**delta: float) -> None:
        nonlocal ahead
        ahead += timedelta(**delta)
        bench.sandbox.forward(**delta)

    for module in (changes, entries):
        monkeypatch.setattr(module, "datetime", clock(lambda tz: datetime.now(tz) + ahead))
    return move


def transfer(bench: Bench, path: Any, resource: str = "contacts", **arguments: Any) -> DAG:
    """Make a DAG of one task that writes the changes of a resource."""
    with bench.dag() as dag:
        DineroChangesToObjectStorageOperator(task_id="it", resource=resource, path=path, **arguments)
    return dag
