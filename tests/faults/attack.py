"""A proxy truncates responses at every byte, empties them, or responds itself, while workers are killed: 5,000 runs.

    PYTHONPATH=scripts python -m tests.faults.attack [share of the runs, default 1] [first seed]

A run is one write for one key (or a renewal of a token). One to four workers do it at once, over http or TLS; some are
killed with -9 at one of its requests; responses are damaged, whether or not the request was passed on. Then the first
worker and another one try again, undisturbed. The results that they returned are compared with what exists. The control
reads responses as older builds did. Lookups after a lost response come at once, and after 50 ms.
"""

import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.api.errors import DineroError
from airflow_provider_dinero.api.http import connection
from airflow_provider_dinero.api.operations import Repeat
from airflow_provider_dinero.api.ports import ProcessBudget
from tests.cutting import PAGE, Spoil
from tests.faults.attack_needs import Work
from tests.faults.attack_world import World, nap, world
from tests.faults.attacked import WORKS
from tests.faults.world import FileStore, Report, expire, grant, share

RUNS, CONTROLS, ERA, TOLD = 5000, 60, 80, 5
JSON = (("Content-Type", "application/json"),)
# Kinds of damaged responses, and how often each comes.
KINDS = {"head": 10, "rest": 3, "empty": 2, "204": 2, "page": 2, "refused": 2, "shape": 1, "framing": 1}
REFUSED = (303, 401, 403, 404, 429, 502, 503)


@dataclass
class Found:
    """What was found.

    :param wrong: by kind: the runs
    :param named: by write, how often an empty success was believed where "What is not promised" says so
    :param heads: where status lines and headers were cut, counted from their begin
    :param tails: the same, counted from their end
    :param shortest: int, how long the shortest was
    """

    wrong: dict[str, list[str]] = field(default_factory=dict)
    named: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    cut: set[str] = field(default_factory=set)
    heads: set[int] = field(default_factory=set)
    tails: set[int] = field(default_factory=set)
    shortest: int = 1000

    def add(self, kind: str, run: str) -> None:
        """Record what is wrong, and print the first few."""
        self.wrong.setdefault(kind, []).append(run)
        if len(self.wrong[kind]) <= TOLD:
            print(f"{kind}: {run}", flush=True)


def as_before() -> None:
    """Read answers as it was done before: where the connection ends, the answer does; what is empty, is nothing."""
    import msgspec
    import requests

    def read(response: Any, operation: Any, request: Any) -> connection.Response:
        content = response.raw.read(decode_content=True)
        answer = connection.Response(response.status_code, response.headers, content, request.host)
        try:
            value = msgspec.json.decode(content) if content and answer.status < 300 else None
        except msgspec.DecodeError:
            value = None
        empty = {"page": {"Collection": []}, "array": []}.get(operation.shape[0])
        return answer._replace(value=empty if value is None else value)

    connection._read = read  # type: ignore[assignment]
    connection.adapter = lambda connection: requests.adapters.HTTPAdapter()  # type: ignore[attr-defined]


def spoilt(rng: random.Random, number: int, places: list[str]) -> tuple[str, list[Spoil]]:
    """Return what happens to the responses of a run; each byte of a head is hit in turn, from its start or end."""
    kind = rng.choices(list(KINDS), list(KINDS.values()))[0]
    options: dict[str, Any] = {
        "head": {"head": number * rng.choice([1, -1])},
        "rest": {"rest": rng.randrange(200), "framing": rng.choice(["length", "chunked", "close", "1.0"])},
        "empty": {"status": 200, "body": b"", "framing": rng.choice(["length", "chunked", "close"])},
        "204": {"status": 204},
        "page": {"status": 200, "body": PAGE, "headers": (("Content-Type", "text/html"),)},
        "refused": {"status": rng.choice(REFUSED), "body": PAGE, "headers": (("Retry-After", "1"),)},
        "shape": {"status": 200, "body": rng.choice([b"[]", b"{}", b"1", b'"done"', b"null"]), "headers": JSON},
        "framing": {"framing": rng.choice(["chunked", "close", "1.0"])},
    }[kind]
    place = rng.choice(places)
    passed = 1 if kind == "framing" or rng.random() < 0.6 else 0
    return f"{kind} {options} {place} passed {passed}", [
        Spoil(place, times=rng.choice([1, 1, 1, 2, 5]), passed=passed, **options)
    ]


def worked(world: World, url: str, worker: str, work: Work, it: Any, key: str, death: tuple[str, int] | None) -> int:
    """Fork a worker, and return the descriptor from which to read how it went; it may die at one of its writes."""
    ours, theirs = os.pipe()
    if os.fork():
        os.close(theirs)
        return ours
    try:
        attempt, writes = connection.Connection.attempt, 0

        def attempted(*args: Any, **options: Any) -> Any:
            nonlocal writes
            writes += args[1].repeat is not Repeat.READ
            if death == ("before", writes):
                os.kill(os.getpid(), signal.SIGKILL)
            answer = attempt(*args, **options)
            if death == ("after", writes):
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        connection.Connection.attempt = attempted  # type: ignore[method-assign]
        try:
            result = work.do(world.client(url, worker), it, key)
            change = result.get("Change", "done") if isinstance(result, dict) else "done"
            told = change if work.says(result) else "not done"
        except DineroError as error:
            told = f"error {type(error).__name__}: {error}"
        except Exception as error:  # ruff: ignore[blind-except] - whatever it is, it is no DineroError
            told = f"raw {type(error).__name__}: {error}"
        os.write(theirs, told.encode()[:4000])
    finally:
        os._exit(0)


def heard(descriptors: list[int]) -> list[str]:
    """Return how it went for workers; "killed" of those that say nothing."""
    told = []
    for each in descriptors:
        with os.fdopen(each) as stream:
            told.append(stream.read() or "killed")
    for _ in descriptors:
        os.wait()
    return told


def run(world: World, seed: int, number: int, name: str, found: Found, places: tuple[str, ...] = ()) -> None:
    """Do one write under attack, and check the result; hit its own requests, all of them, or its lookups."""
    work, rng = WORKS[name], random.Random(seed)
    key = f"k-{seed}"
    it = work.prepare(world.beside, key)
    url = world.urls[2 if rng.random() < 0.25 else 1]
    kind, orders = spoilt(rng, number, [*places] or [work.place, work.place, "*", "GET *"])
    world.order(*orders)
    several = range(rng.choice([1, 1, 2, 3, 4]) if work.once else 1)
    deaths = [(rng.choice(["before", "after"]), 1) if work.once and rng.random() < 0.2 else None for _ in several]
    told = heard([worked(world, url, f"{key}-{i}", work, it, key, death) for i, death in enumerate(deaths)])
    there = [work.count(world.beside, it, key)]
    emptied = False  # an empty success with whole headers went out, or what looks like it
    for end, head in world.order():
        found.cut.add(name)
        emptied |= end == head
        if end < head:
            found.heads.add(end)
            found.tails.add(head - end)
            found.shortest = min(found.shortest, head)
    if work.once:
        told += heard([worked(world, url, f"{key}-0", work, it, key, None)])
        told += heard([worked(world, url, f"{key}-after", work, it, key, None)])
        there.append(work.count(world.beside, it, key))
    summary = f"{name}, seed {seed}: {kind}, deaths {deaths}: {told}, there {there}"
    found.outcomes.update(each.partition(":")[0] for each in told)
    emptied |= kind.split()[0] == "shape"
    judge(work, name, told, there, summary, found, emptied=emptied)


def judge(work: Work, name: str, told: list[str], there: list[int], run: str, found: Found, *, emptied: bool) -> None:
    """Compare the reported results with what exists."""
    said = [each for each in told if each.partition(" ")[0] in {"created", "updated", "unchanged", "done"}]
    during = said[: len(said) - 2] if work.once else said
    if max(there) > 1:
        found.add("doubled", run)
    if any(each.startswith("raw") for each in told):
        found.add("raw exceptions", run)
    if during and there[0] == 0:
        if work.named and emptied:
            found.named[name] += 1
        else:
            found.add("said to be done, and wasn't", run)
    if sum(each == "created" for each in told) > 1:
        found.add("said to be created twice", run)
    if work.once and not there[-1] and not (work.unsure and "DineroOutcomeUnknown" in told[-1]):
        found.add("lost", run)
    if work.once and not work.unsure and told[-1].startswith(("error", "not")):
        found.add("never done", run)


def renewal(folder: Callable[[], Path]) -> Work:
    """Return the renewal of a one-time token as a Work: it must continue whatever happens to its responses."""

    def do(client: DineroClient, it: Any, key: str) -> None:
        visma = grant(client.base_url)
        DineroClient(
            100001,
            visma,
            base_url=client.base_url,
            token_store=FileStore(folder()),
            lock=client.lock,
            budget=ProcessBudget(),
            requests_per_minute=10**6,
            sleep=nap,
        ).tokens.access()

    return Work("POST *token", lambda client, key: expire(folder()), do, lambda client, it, key: 1)


def main() -> None:
    """Attack all writes, and then those that read as it was done before."""
    part, report, first = share(), Report(), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    runs, names = max(2 * len(WORKS) + 2, round(RUNS * part)), [*WORKS, "tokens.access"]
    with world() as place:
        WORKS["tokens.access"] = renewal(lambda: place.folder)
        found = Found()
        for number in range(runs):
            if number % ERA == 0:
                place.renew()
                if number % (5 * ERA) == 0:
                    wrong = {kind: len(told) for kind, told in found.wrong.items()}
                    print(f"{number} runs: {dict(found.outcomes.most_common(3))}, {wrong}", flush=True)
            run(place, first + number, number // len(names) * 7 + number, names[number % len(names)], found)
        every, shortest = len(found.cut) == len(names), found.shortest
        report.line("writes whose answers were cut", f"{len(found.cut)} of {len(names)}", part < 1 or every)
        missed = set(range(shortest)) - found.heads | set(range(1, shortest + 1)) - found.tails
        told = f"{len(found.heads)} places, {len(missed)} of the shortest {shortest} not at all"
        report.line("bytes of status lines and headers after which the connection ended", told, part < 1 or not missed)
        for kind in ("doubled", "lost", "never done", "raw exceptions", "said to be done, and wasn't"):
            report.line(f"{runs} runs, {kind}", len(found.wrong.get(kind, ())), kind not in found.wrong)
        report.line("said to be created twice", len(found.wrong.get("said to be created twice", ())), True)
        print("how it went:", dict(found.outcomes.most_common()))
        print("an empty success believed, as docs/exactly-once.md says:", dict(found.named))
        as_before()
        before = Found()
        bare = ["invoices.email_once", "files.upload_once", "purchase_vouchers.add_payment_once", "products.upsert"]
        enough, doubled = max(1, round(CONTROLS * part)), 0
        for number in range(5 * CONTROLS):  # a share of the runs continues until one write is duplicated
            if number >= enough and doubled:
                break
            run(place, first + number, number * 3, bare[number % len(bare)], before, ("GET *",))
            doubled = len(before.wrong.get("doubled", ()))
        report.line("read as before (control), doubled", doubled, doubled > 0)
    report.end()


if __name__ == "__main__":
    main()
