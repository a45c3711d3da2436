"""A sync into a SQL mirror is killed with -9 while it writes: the next one is right, each time.

    PYTHONPATH=scripts python -m tests.faults.mirror_killed [share of the 100 kills of each database, default 1]

SQLite, DuckDB, Postgres behind a pgbouncer, MariaDB with InnoDB, and with Aria, which has no transactions. Table and
watermark agree after each kill, except in Aria, where the watermark may be behind. The control writes the watermark
before the rows.
"""

import hashlib
import json
import os
import random
import select
import signal
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from airflow.sdk import BaseHook
from local import sandbox
from services import mariadb, pgbouncer, postgres

from airflow_provider_dinero.api import DineroClient, PersonalIntegration
from airflow_provider_dinero.api.ports import MemoryTokenStore, ProcessBudget, ProcessLock
from airflow_provider_dinero.transfers import mirror_loading
from airflow_provider_dinero.transfers.databases import engine_of
from airflow_provider_dinero.transfers.mirror import Mirror, MirrorState
from airflow_provider_dinero.transfers.sql import sync
from tests.faults.world import Report, share

KILLS, CONTROLS, ROWS = 100, 6, 1200
BATCH = 300  # rows at a time, so that a kill may fall between two
LOCK = ProcessLock()
CONTACT = {"CountryKey": "DK", "IsPerson": True}


def client_of(url: str) -> DineroClient:
    """A separate client for each process."""
    grant = PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", url)
    options: dict[str, Any] = {"token_store": MemoryTokenStore(), "budget": ProcessBudget()}
    return DineroClient(100001, grant, base_url=url, requests_per_minute=10_000_000, **options)


def mirror_of(database: str, kind: type[Mirror] = Mirror) -> Mirror:
    """Return the mirror of the contacts, by the engine that the operator takes.

    :param database: str, the JSON of an Airflow connection
    :param kind: class
    """
    os.environ["AIRFLOW_CONN_BOOKS"] = database
    engine = engine_of(BaseHook.get_connection("books"))
    return kind(engine, "contacts", 100001, "contacts", lock=lambda: LOCK.hold("mirror"))


def state(database: str) -> tuple[str, str]:
    """Return the rows and the watermark in a comparable form; instants as text."""
    mirror = mirror_of(database)
    found = []
    counted = {"syncs"}  # without a transaction, it moves before the rows
    for table in (mirror.table, mirror.marks):
        columns = [sa.cast(each, sa.Text()) for each in table.columns if each.name not in counted]
        with mirror.engine.connect() as connection:
            rows = sorted(map(str, connection.execute(sa.select(*columns)).all()))
        found.append(hashlib.sha256("\n".join(rows).encode()).hexdigest())
    return found[0], found[1]


class Before(Mirror):
    """A mirror whose watermark is written before its rows, in a separate transaction."""

    def write(self, state: MirrorState, lines: Any, done: Any, step: Any = None) -> None:
        """Write the mark, then the rows."""
        with self.engine.begin() as connection:
            self._claim(connection, state)
            self._move(connection, state, done)
        with self.engine.begin() as connection:
            self._load(self._loading(connection, lambda count: None, rolls_back=False), state, lines)


def child(url: str, database: str, pipe: int, kind: type[Mirror]) -> None:
    """Sync, and report when the writing starts, and when everything is done."""

    class Told(kind):  # type: ignore[misc, valid-type]
        def write(self, *arguments: Any) -> None:
            os.write(pipe, b"w")
            super().write(*arguments)
            os.write(pipe, b"d")

    sync(client_of(url), "contacts", mirror_of(database, Told))


def killed(url: str, database: str, seconds: float, kind: type[Mirror] = Mirror) -> float:
    """Kill a sync this many seconds after it started to write, and return how long it wrote."""
    read, pipe = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            child(url, database, pipe, kind)
        finally:
            os._exit(0)
    os.close(pipe)
    os.read(read, 1)
    began = time.monotonic()
    select.select([read], [], [], seconds)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(read)
    return time.monotonic() - began


def rounds(report: Report, name: str, url: str, database: str, kills: int, rng: random.Random) -> None:
    """Kill again and again, and look each time."""
    client, agrees = client_of(url), name != "aria"
    guids = [row["ContactGuid"] for row in client.contacts.list(fields=["ContactGuid"])]
    mirror = mirror_of(database)
    sync(client, "contacts", mirror)
    length, wrong, old, new, between = 1.0, 0, 0, 0, 0

    def change(label: str) -> tuple[str, str]:
        for guid in rng.sample(guids, 5):
            client.contacts.update(guid, {**CONTACT, "Name": f"{label} {rng.random()}"})
        with mirror.engine.begin() as connection:  # so that a sync has all rows to write
            connection.execute(sa.update(mirror.marks).values(mark="2020-01-01T00:00:00Z", seen="{}"))
        return state(database)

    def is_right() -> bool:
        there = {row["ContactGuid"]: row["Name"] for row in client.contacts.list(fields=["ContactGuid", "Name"])}
        with mirror.engine.connect() as connection:
            rows = connection.execute(sa.select(mirror.table.c.ContactGuid, mirror.table.c.Name)).all()
        return {row[0]: row[1] for row in rows} == there and len(rows) == len(there)

    for number in range(kills):
        before = change(f"{name} {number}")
        lasted = killed(url, database, rng.uniform(0, length * 1.2) if number else 9)
        length = length if number else max(0.05, lasted)  # the first one is undisturbed
        after = state(database)
        same = after[0] == before[0], after[1] == before[1]
        between += not same[0] and same[1]
        wrong += same[0] != same[1] if agrees else same[0] and not same[1]
        old, new = old + same[1], new + (not same[1])
        sync(client, "contacts", mirror)
        wrong += not is_right()
    told = f"{wrong} wrong, the mark moved {new} times and stayed {old}, in {between} of these with rows written"
    report.line(f"{name}: killed {kills} times", told, not wrong)
    controls = tried = 0
    while tried < CONTROLS or (not controls and tried < 5 * CONTROLS):  # the kill has to come at the right moment
        tried += 1
        before = change("control")
        killed(url, database, rng.uniform(0, length), Before)
        after = state(database)
        sync(client, "contacts", mirror)
        controls += (after[0] == before[0]) != (after[1] == before[1]) or not is_right()
        change("healed")
        sync(client, "contacts", mirror)
    report.line(f"{name}: the mark before the rows (control)", f"{controls} of {tried} wrong", controls > 0)
    mirror.engine.dispose()


@contextmanager
def databases(folder: Path) -> Generator[dict[str, str]]:
    """Start the databases, and give the JSON of a connection for each."""

    def network(address: str, conn_type: str) -> str:
        user, _, place = address.partition("@")
        host, _, rest = place.partition(":")
        port, _, name = rest.partition("/")
        found = {"conn_type": conn_type, "login": user, "host": host, "port": int(port), "schema": name}
        return json.dumps(found)

    folders = {name: folder / name for name in ("innodb", "aria")}
    for each in folders.values():
        each.mkdir()
    with (
        postgres(folder) as direct,
        pgbouncer(folder, direct) as pooled,
        mariadb(folders["innodb"]) as innodb,
        mariadb(folders["aria"], "--default-storage-engine=Aria") as aria,
    ):
        yield {
            "sqlite": json.dumps({"conn_type": "sqlite", "host": str(folder / "books.db")}),
            "duckdb": json.dumps({"conn_type": "duckdb", "host": str(folder / "books.duckdb")}),
            "postgres": network(direct, "postgres"),
            "pgbouncer": network(pooled, "postgres"),
            "innodb": network(innodb, "mysql"),
            "aria": network(aria, "mysql"),
        }


def main() -> None:
    """Kill syncs into each database."""
    report, kills, rng = Report(), max(4, round(KILLS * share())), random.Random(11)
    mirror_loading.BATCH_ROWS = BATCH
    with (
        tempfile.TemporaryDirectory() as folder,
        sandbox(Path(folder), "--requests-per-minute", "10000000") as url,
        databases(Path(folder)) as found,
    ):
        os.chmod(folder, 0o755)
        client = client_of(url)
        for number in range(ROWS):
            client.contacts.create({**CONTACT, "Name": str(number)})
        for name, database in found.items():
            if name != "postgres":
                rounds(report, name, url, database, kills, rng)
    report.end()


if __name__ == "__main__":
    main()
