"""Five mirrors start at once in an empty database, as in the documented example: each first try succeeds.

    PYTHONPATH=scripts python -m tests.faults.mirror_started [share of the 100 starts of each database, default 1]

The five are separate processes. Between finding no table and creating it, each lets the others catch up. The control
creates the tables without checking again if another was faster.
"""

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from airflow.sdk import BaseHook
from local import sandbox

from airflow_provider_dinero.transfers import mirror as mirrors
from airflow_provider_dinero.transfers.databases import engine_of
from airflow_provider_dinero.transfers.mirror import Mirror
from airflow_provider_dinero.transfers.sql import sync
from tests.faults.mirror_killed import LOCK, client_of, databases
from tests.faults.world import Report, share

STARTS, CONTROLS = 100, 10
LAG_SECONDS = 0.05
RESOURCES = ("invoices", "contacts", "products", "credit_notes", "entries")


@sa.event.listens_for(sa.Table, "before_create")
def lag(*_: Any, **__: Any) -> None:
    """Wait before a table is created."""
    time.sleep(LAG_SECONDS)


def engine(database: str) -> sa.Engine:
    """Return the engine of a connection."""
    os.environ["AIRFLOW_CONN_BOOKS"] = database
    return engine_of(BaseHook.get_connection("books"))


def child(url: str, database: str, resource: str, gate: int) -> None:
    """Wait for the others, and sync."""
    client = client_of(url)
    next(iter(client.contacts.list()), None)  # the token, and what is imported
    os.read(gate, 1)
    sync(client, resource, Mirror(engine(database), resource, 100001, resource, lock=lambda: LOCK.hold(resource)))


def start(url: str, database: str) -> int:
    """Start five mirrors in an empty database, and return how many failed."""
    made = engine(database)
    for name in (*RESOURCES, "dinero_marks"):
        with made.begin() as connection:
            connection.execute(sa.text(f"DROP TABLE IF EXISTS {name}"))
    made.dispose()
    gate, opens = os.pipe()
    children = []
    for resource in RESOURCES:
        if (pid := os.fork()) == 0:
            status = 1
            try:
                child(url, database, resource, gate)
                status = 0
            finally:
                os._exit(status)
        children.append(pid)
    os.write(opens, b"-" * len(children))
    failed = sum(os.waitpid(pid, 0)[1] != 0 for pid in children)
    os.close(gate)
    os.close(opens)
    return failed


def main() -> None:
    """Start them again and again."""
    report, starts = Report(), max(3, round(STARTS * share()))
    with (
        tempfile.TemporaryDirectory() as folder,
        sandbox(Path(folder), "--requests-per-minute", "10000000") as url,
        databases(Path(folder)) as found,
    ):
        os.chmod(folder, 0o755)
        client_of(url).contacts.create({"Name": "Ida Holm", "CountryKey": "DK", "IsPerson": True})
        for name in ("sqlite", "postgres", "pgbouncer", "innodb", "aria", "duckdb"):
            count = starts if name != "duckdb" else max(3, starts // 5)
            failed = sum(start(url, found[name]) for _ in range(count))
            report.line(f"{name}: {count} starts of {len(RESOURCES)} mirrors", f"{failed} tries failed", not failed)
        mirrors.ATTEMPTS = 1
        controls = sum(start(url, found[name]) for name in ("postgres", "innodb") for _ in range(CONTROLS))
        tries = 2 * CONTROLS * len(RESOURCES)
        report.line("without looking again (control)", f"{controls} of {tries} tries failed", controls > 0)
    report.end()


if __name__ == "__main__":
    main()
