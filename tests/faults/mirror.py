"""A mirror in SQL stays right whatever happens: 1,000 histories, each from its own seed.

    PYTHONPATH=scripts python -m tests.faults.mirror [share of the seeds, default 1] [first seed]

Contacts and invoices are created, changed and deleted at random, many at the same instant, and between two pages of a
list that is being read. The reader's clock is up to five minutes off. Syncs end in mid-transaction and are repeated. In
the end the mirror has what Dinero has. The control moves the watermark to the end of the read, without the overlap.
"""

import random
import sys
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from airflow_provider_dinero.api import DineroClient, PersonalIntegration
from airflow_provider_dinero.api.lists import changes, paging
from airflow_provider_dinero.api.ports import MemoryTokenStore, ProcessBudget
from airflow_provider_dinero.api.resources import entries
from airflow_provider_dinero.sandbox.server import Sandbox, running
from airflow_provider_dinero.transfers.mirror import Mirror
from airflow_provider_dinero.transfers.sql import sync
from tests.clock import clock
from tests.faults.world import Report, share
from tests.switches import changed

SEEDS, CONTROLS = 1000, 40
START = datetime(2026, 11, 20, 12, tzinfo=UTC)
PAGE = 5
LINE = {"Description": "Plader", "BaseAmountValue": "1", "Quantity": 1, "AccountNumber": 1000, "Unit": "parts"}


class Crash(Exception):
    """A sync that ends in its middle."""


class World:
    """A sandbox, the clocks, and somebody who works in Dinero."""

    def __init__(self) -> None:
        self.now = START
        self.skew = timedelta()
        self.rng = random.Random()
        self.living: dict[str, list[str]] = {}
        self.drifts = False

    def client(self, box: Sandbox) -> DineroClient:
        grant = PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", box.url)
        options: dict[str, Any] = {"token_store": MemoryTokenStore(), "budget": ProcessBudget()}
        return DineroClient(100001, grant, base_url=box.url, requests_per_minute=10_000_000, **options)

    def work(self, client: DineroClient, steps: int) -> None:
        """Create, change and delete; sometimes the time stops."""
        for _ in range(steps):
            self.now += timedelta(seconds=self.rng.choice([0, 0, 0, 0.001, 1, 30, 200]))
            kind = self.rng.choice(["contacts", "invoices"])
            living = self.living[kind]
            act = self.rng.random()
            if act < 0.5 or not living:
                living.append(self._make(client, kind))
            elif act < 0.8:
                self._change(client, kind, self.rng.choice(living))
            else:
                getattr(client, kind).delete(living.pop(self.rng.randrange(len(living))))

    def _make(self, client: DineroClient, kind: str) -> str:
        name = str(self.rng.random())
        if kind == "contacts":
            return str(client.contacts.create({"Name": name, "CountryKey": "DK", "IsPerson": True})["ContactGuid"])
        return str(client.invoices.create({"ExternalReference": name, "ProductLines": [LINE]})["Guid"])

    def _change(self, client: DineroClient, kind: str, guid: str) -> None:
        name = str(self.rng.random())
        if kind == "contacts":
            client.contacts.update(guid, {"Name": name, "CountryKey": "DK", "IsPerson": True})
        else:
            client.invoices.update(guid, {"ExternalReference": name, "ProductLines": [LINE]})


@contextmanager
def crashing(world: World, engine: sa.Engine) -> Generator[None]:
    """Let a statement of a sync fail, perhaps, as a database that goes away does."""
    left = world.rng.choice([None, 0, 1, 2, 3, 5])

    def before(*_: Any) -> None:
        nonlocal left
        if left is not None:
            left -= 1
            if left < 0:
                raise Crash

    sa.event.listen(engine, "before_cursor_execute", before)
    try:
        yield
    finally:
        sa.event.remove(engine, "before_cursor_execute", before)


def differs(client: DineroClient, engine: sa.Engine, kind: str, key: str) -> str:
    """Return how mirror and Dinero differ; empty if they don't."""
    mark = "Name" if kind == "contacts" else "ExternalReference"
    there = {row[key]: row[mark] for row in getattr(client, kind).list(fields=[key, mark])}
    table = sa.Table(kind, sa.MetaData(), autoload_with=engine)
    with engine.connect() as connection:
        rows = connection.execute(sa.select(table)).mappings().all()
    ours = {row[key]: row[mark] for row in rows if row["DeletedAt"] is None}
    return "" if ours == there else f"{kind}: {len(set(there.items()) ^ set(ours.items()))} rows differ"


def history(seed: int, world: World, box: Sandbox) -> str:
    """Live one history, and return what is wrong in the end."""
    box.reset()
    world.now, world.rng, world.living = START, random.Random(seed), {"contacts": [], "invoices": []}
    worker, reader = world.client(box), world.client(box)
    # A connection for each sync, as a task has it: temporary tables go with it. One more keeps the database.
    engine = sa.create_engine("sqlite:///file:mirror?mode=memory&cache=shared&uri=true", poolclass=sa.NullPool)
    keeper = engine.connect()
    keys = {"contacts": "ContactGuid", "invoices": "Guid"}
    mirrors = {kind: Mirror(engine, kind, 100001, kind, lock=nullcontext) for kind in keys}
    transport = reader.session.transport
    perform = transport.perform

    def drifting(*args: Any) -> Any:
        answer = perform(*args)
        if world.drifts and world.rng.random() < 0.3:
            world.work(worker, 1)
        return answer

    transport.perform = drifting  # type: ignore[method-assign]
    world.work(worker, world.rng.randrange(12))
    for _ in range(world.rng.randrange(2, 6)):
        world.skew = timedelta(seconds=world.rng.uniform(-300, 300))
        world.drifts = world.rng.random() < 0.5
        for kind, mirror in mirrors.items():
            try:
                with crashing(world, engine):
                    sync(reader, kind, mirror, deletes_every=world.rng.choice([1, 1, 2]))
            except Crash:
                continue
        world.drifts = False
        world.work(worker, world.rng.randrange(8))
    for kind, mirror in mirrors.items():
        sync(reader, kind, mirror)
    wrong = [each for kind, key in keys.items() if (each := differs(worker, engine, kind, key))]
    keeper.close()
    engine.dispose()
    worker.close()
    reader.close()
    return "; ".join(wrong)


def main() -> None:
    """Live all histories, and some without the overlap."""
    report, world = Report(), World()
    seeds, first = max(50, round(SEEDS * share())), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    told = clock(lambda tz: (world.now + world.skew).astimezone(tz))
    for module in (changes, entries):
        module.datetime = told  # type: ignore[attr-defined]
    paging.PAGE_SIZE = PAGE
    given: dict[str, Any] = {"clock": lambda: world.now, "requests_per_minute": 10_000_000}
    # Without a Date header, the watermark comes from the reader's own clock.
    given |= changed()
    with running(**given) as box, running(**{**given, "date_header": False}) as dateless:
        wrong = {}
        for seed in range(first, first + seeds):
            if found := history(seed, world, dateless if seed % 2 else box):
                wrong[seed] = found
                print(f"seed {seed}: {found}", flush=True)
        report.line(f"{seeds} histories", f"{len(wrong)} wrong", not wrong)
        changes.OVERLAP = timedelta()
        controls = sum(bool(history(seed, world, dateless)) for seed in range(CONTROLS))
        report.line(f"without the overlap (control), {CONTROLS} histories", f"{controls} wrong", controls > 0)
    report.end()


if __name__ == "__main__":
    main()
