"""A sync into a SQL mirror is killed with -9 while it writes: table and mark agree, each time.

    PYTHONPATH=scripts python -m tests.faults.mirror_killed [share of the 100 kills, default 1]

Half of the kills are with SQLite, half with a Postgres. The control writes the mark in a transaction of its own.
"""

import hashlib
import os
import random
import select
import signal
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa
from local import sandbox
from services import postgres

from airflow_provider_dinero.api import DineroClient, PersonalIntegration
from airflow_provider_dinero.api.ports import MemoryTokenStore, ProcessBudget
from airflow_provider_dinero.transfers.mirror import Mirror
from airflow_provider_dinero.transfers.sql import sync
from tests.faults.world import Report, share

KILLS, CONTROLS, ROWS = 100, 6, 1200
CONTACT = {"CountryKey": "DK", "IsPerson": True}


def client_of(url: str) -> DineroClient:
    """A client of its own for each process."""
    grant = PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", url)
    options: dict[str, Any] = {"token_store": MemoryTokenStore(), "budget": ProcessBudget()}
    return DineroClient(100001, grant, base_url=url, requests_per_minute=10_000_000, **options)


def state(database: str) -> tuple[str, str]:
    """Return what tells the table and its mark from what they were."""
    engine = sa.create_engine(database)
    found = []
    for name in ("contacts", "dinero_marks"):
        table = sa.Table(name, sa.MetaData(), autoload_with=engine)
        with engine.connect() as connection:
            rows = sorted(map(str, connection.execute(sa.select(table)).all()))
        found.append(hashlib.sha256("\n".join(rows).encode()).hexdigest())
    engine.dispose()
    return found[0], found[1]


class Apart(Mirror):
    """A mirror whose mark is written before its rows, in a transaction of its own."""

    def write(self, found: Any, rows: Any, done: Any) -> None:
        """Write the mark, then the rows."""
        with self._engine.begin() as connection:
            self._move(connection, found, done)
        with patch.object(Mirror, "_move", lambda *_: None):
            super().write(found, rows, done)


def child(url: str, database: str, pipe: int, kind: type[Mirror]) -> None:
    """Sync, and tell when the writing begins, and when all is done."""
    write = kind.write

    def told(self: Mirror, *arguments: Any) -> None:
        os.write(pipe, b"w")
        write(self, *arguments)
        os.write(pipe, b"d")

    with patch.object(kind, "write", told):
        sync(client_of(url), "contacts", kind(sa.create_engine(database), "contacts", 100001, "contacts"))


def killed(url: str, database: str, seconds: float, kind: type[Mirror] = Mirror) -> float:
    """Kill a sync so many seconds after it began to write, and return how long it wrote."""
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
    client, engine = client_of(url), sa.create_engine(database)
    guids = [row["ContactGuid"] for row in client.contacts.list(fields=["ContactGuid"])]
    mirror = Mirror(engine, "contacts", 100001, "contacts")
    sync(client, "contacts", mirror)
    length, wrong, old, new = 1.0, 0, 0, 0
    for number in range(kills):
        before = state(database)
        for guid in rng.sample(guids, 5):
            client.contacts.update(guid, {**CONTACT, "Name": f"{name} {number} {rng.random()}"})
        with engine.begin() as connection:  # so that a sync has all rows to write
            connection.execute(sa.text("UPDATE dinero_marks SET mark = '2020-01-01T00:00:00Z', seen = '{}'"))
        before = (before[0], state(database)[1])
        length = max(0.05, killed(url, database, rng.uniform(0, length * 1.2)) if number else killed(url, database, 9))
        after = state(database)
        same = after[0] == before[0], after[1] == before[1]
        wrong += same[0] != same[1]
        old, new = old + same[1], new + (not same[1])
        sync(client, "contacts", mirror)
        there = {row["ContactGuid"]: row["Name"] for row in client.contacts.list(fields=["ContactGuid", "Name"])}
        with engine.connect() as connection:
            rows = connection.execute(sa.select(mirror.table.c.ContactGuid, mirror.table.c.Name)).all()
        wrong += {row[0]: row[1] for row in rows} != there
    report.line(f"{name}: killed {kills} times", f"{wrong} wrong, {old} before and {new} after the commit", not wrong)
    controls = 0
    for _ in range(CONTROLS):
        for guid in guids[:5]:
            client.contacts.update(guid, {**CONTACT, "Name": str(rng.random())})
        before = state(database)
        killed(url, database, length / 2, Apart)
        after = state(database)
        controls += (after[0] == before[0]) != (after[1] == before[1])
        sync(client, "contacts", mirror)
    report.line(f"{name}: a mark of its own (control)", f"{controls} of {CONTROLS} disagree", controls > 0)
    engine.dispose()


def main() -> None:
    """Kill syncs into both databases."""
    report, kills, rng = Report(), max(4, round(KILLS * share() / 2)), random.Random(11)
    with tempfile.TemporaryDirectory() as folder, sandbox(Path(folder), "--requests-per-minute", "10000000") as url:
        client = client_of(url)
        for number in range(ROWS):
            client.contacts.create({**CONTACT, "Name": str(number)})
        rounds(report, "sqlite", url, f"sqlite:///{folder}/books.db", kills, rng)
        with postgres(Path(folder)) as address:
            rounds(report, "postgres", url, f"postgresql+psycopg2://{address}", kills, rng)
    report.end()


if __name__ == "__main__":
    main()
