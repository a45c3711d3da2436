"""Workers are killed with -9 and connections cut, at every moment of every request: everything is still done once.

    PYTHONPATH=scripts python -m tests.faults.crash [share of the runs, default 1] [seed, default 0] [DAG [run]]

Each task is retried until it ends. The books must then be the same as after an undisturbed run. A task may end in
`DineroOutcomeUnknown`, which must name the request that was hit; after it is cleared, as a person would do, it must
succeed. Waits are a fortieth of the usual. The control has no keys and no lookups.
"""

import json
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from local import connection, sandbox

from airflow_provider_dinero.sandbox.server import Sandbox
from tests.faults.moments import MOMENTS, RANDOM, XCOM, Blow, Worker
from tests.faults.tasks import Tasks, Try, prepare
from tests.faults.work import WORKS, Office
from tests.faults.world import Report, share
from tests.switches import flags

RUNS = 500
FEWEST = CONTROLS = 10
LEAST = 10
FASTER = 40
LATE = 0.4  # seconds after a connection is cut; a minute of looking is 1.5 seconds here
DAGS = Path(__file__).parent / "crash_dags"
# What every request leaves behind.
BESIDE = {"access_tokens", "requests", "refresh_tokens", "sessions"}
# An uploaded file that wasn't attached may remain.
ORPHANS = {"files"}


@dataclass
class Ended:
    """How a run ended.

    :param how: str, success, unknown, or what is wrong
    :param hits: Counter of (operation, moment)
    """

    how: str
    hits: Counter[tuple[str, str]] = field(default_factory=Counter)
    tries: int = 0


class Runs:
    """The runs of one operator.

    :param tasks: Tasks
    :param box: Sandbox
    :param office: Office, which prepares what the operator needs
    :param dag_id: str
    :param seed: int
    """

    def __init__(self, tasks: Tasks, box: Sandbox, office: Office, dag_id: str, seed: int) -> None:
        self._tasks = tasks
        self._box = box
        self._office = office
        self._dag_id = dag_id
        self._seed = seed
        # What a run leaves in the books that nothing hits, the requests that it takes, and the time of a try. The first
        # try takes longer than all others.
        for _ in range(2):
            run_id, before = self._begin()
            began = time.monotonic()
            tries = [tried for tried, _ in self._tried(run_id, iter(()))]
            if tries[-1].state != "success":
                raise RuntimeError(f"{dag_id} fails by itself: {tries}")
        self._seconds = (time.monotonic() - began) / len(tries)
        self._ideal = self._left(before)
        # Where each request is sent: a task that defers takes several tries.
        self._places: dict[str, list[tuple[int, int]]] = {}
        for at, tried in enumerate(tries):
            for request, operation in enumerate(tried.requests):
                self._places.setdefault(operation, []).append((at, request))
        self.cells = [(operation, moment) for operation in self._places for moment in MOMENTS]
        self.cells.append((tries[-1].requests[-1], XCOM))

    def blows(self, number: int) -> list[Blow | None]:
        """Return what hits the tries of a run: first each moment of each request in turn, then by chance.

        :param number: int
        """
        chance = random.Random(f"{self._seed}/{self._dag_id}/{number}")
        turn, index = divmod(number, len(self.cells))
        operation, moment = self.cells[index]
        where = self._places[operation]
        at, request = where[-1 if moment == XCOM else turn % len(where)]
        found: list[Blow | None] = [None] * at
        while True:
            seconds = chance.uniform(0, self._seconds if moment == RANDOM else LATE)
            # What is under way takes no time in half of the cases.
            found.append(Blow(moment, request, seconds if moment != "in flight" or chance.random() < 0.5 else 0.0))
            if chance.random() > 0.6:
                return found
            moment = chance.choice((*MOMENTS, RANDOM))
            _, request = chance.choice([place for places in self._places.values() for place in places])

    def run(self, number: int) -> Ended:
        """Let a run be hit, and follow it to its end.

        :param number: int
        """
        ended = Ended("success")
        run_id, before = self._begin()
        unknown, late = False, 0.0
        for tried, blow in self._tried(run_id, iter(self.blows(number))):
            ended.tries += 1
            if blow and tried.hit:
                late = max(late, time.monotonic() + blow.seconds + 0.1)
                place = blow.request if blow.moment in MOMENTS else -1
                hit = tried.requests[place] if tried.requests else "before the first request"
                ended.hits[hit, blow.moment] += 1
            if tried.state == "failed":
                unknown = True
                wrong = self._false(tried, ended.hits)
                if wrong:
                    ended.how = wrong
                    return ended
        time.sleep(max(0.0, late - time.monotonic()))
        left = self._left(before)
        if unknown and any(left[name] > self._ideal[name] for name in left if name not in ORPHANS):
            ended.how = f"unknown, and too much: {left}"
        elif unknown and left >= self._ideal:
            ended.how = "unknown, although it was done"
        elif unknown:
            self._tasks.clear(self._dag_id, run_id)
            tries = [tried for tried, _ in self._tried(run_id, iter(()))]
            ended.tries += len(tries)
            ended.how = "unknown" if tries[-1].state == "success" else f"unknown, and cleared in vain: {tries[-1]}"
            left = self._left(before)
        differs = {name: left[name] - self._ideal[name] for name in left | self._ideal}
        if any(more and not (name in ORPHANS and more > 0) for name, more in differs.items()):
            ended.how = f"{ended.how}, in the books: { {name: more for name, more in differs.items() if more} }"
        return ended

    def _begin(self) -> tuple[str, Counter[str]]:
        """Make a run, and return its name and what is in the books before it."""
        run_id = str(uuid4())
        conf = WORKS[self._dag_id](self._office, run_id)
        before = Counter(self._box.state())
        self._tasks.new(self._dag_id, run_id, conf)
        return run_id, before

    def _tried(self, run_id: str, blows: Iterator[Blow | None]) -> Iterator[tuple[Try, Blow | None]]:
        """Yield each try of a task, until it ends."""
        while True:
            blow = next(blows, None)
            tried = self._tasks.attempt(self._dag_id, run_id, blow)
            yield tried, blow
            if tried.state == "deferred":
                self._box.forward(seconds=10)
                self._tasks.go_on(self._dag_id, run_id)
            elif tried.state != "up_for_retry":
                return

    def _left(self, before: Counter[str]) -> Counter[str]:
        """Return what has come into the books."""
        now = Counter(self._box.state())
        now.subtract(before)
        return Counter({name: count for name, count in now.items() if count and name not in BESIDE})

    def _false(self, tried: Try, hits: Counter[tuple[str, str]]) -> str:
        """Return what is wrong in the error that ended a task: it must name the request that was hit."""
        name, text = tried.errors[-1] if tried.errors else ("nothing", "")
        if not name.startswith("DineroOutcomeUnknown"):
            return f"failed with {name}: {text}"
        named = "|".join(re.sub(r"{\w+}", "[^/ ]+", operation) for operation, _ in hits)
        if re.match(f"({named}) may or may not have been done", text) or "a try was interrupted" in text:
            return ""
        return f"names another request than {list(hits)}: {text}"


@contextmanager
def careless() -> Generator[None]:
    """Do without keys and look-ups: the control."""
    from airflow_provider_dinero.api.bodies import idempotency
    from airflow_provider_dinero.api.resources.once import Once

    kept = Once._once, Once._settled, idempotency.guid_for
    Once._once = lambda self, name, find, send, **options: (send(), "created")  # type: ignore[method-assign]
    Once._settled = lambda self, send, look, **options: send()  # type: ignore[method-assign]
    idempotency.guid_for = lambda *args, **options: str(uuid4())
    try:
        yield
    finally:
        Once._once, Once._settled, idempotency.guid_for = kept  # type: ignore[method-assign]


def hurry() -> None:
    """Let the client wait a fortieth of the usual, and a ledger hold two lines: the order of events stays the same."""
    from airflow_provider_dinero.api.bodies import ledger
    from airflow_provider_dinero.api.client import DineroClient

    (DineroClient.__init__.__kwdefaults__ or {})["sleep"] = lambda seconds: time.sleep(seconds / FASTER)
    ledger.LARGEST = 2


def table(hits: Counter[tuple[str, str]]) -> None:
    """Print how often each moment of each request was hit."""
    columns = (*MOMENTS, XCOM, RANDOM)
    print("      " + "".join(f"{each:>17}" for each in columns))
    for operation in sorted({operation for operation, _ in hits}):
        counts = "".join(f"{hits[operation, each]:>17}" for each in columns)
        print(f"      {counts}  {operation}", flush=True)


def prove(runs: Runs, name: str, one: int | None, report: Report) -> None:
    """Do the runs of an operator, and its control; or one run."""
    enough = max(RUNS, LEAST * len(runs.cells))
    numbers = range(max(FEWEST, round(enough * share()))) if one is None else range(one, one + 1)
    hits: Counter[tuple[str, str]] = Counter()
    hows: Counter[str] = Counter()
    tries, began = 0, time.monotonic()
    for number in numbers:
        ended = runs.run(number)
        hits += ended.hits
        tries += ended.tries
        hows[ended.how] += 1
        if number % 100 == 99:
            print(f"      {number + 1} runs: {dict(hows)}", flush=True)
        if ended.how not in ("success", "unknown"):
            print(f"      run {number} {runs.blows(number)}: {ended.how}", flush=True)
    seconds = time.monotonic() - began
    table(hits)
    least = min(hits[cell] for cell in runs.cells)
    right = set(hows) <= {"success", "unknown"}
    report.line(name, f"{len(numbers)} runs, {tries} tries, {seconds:.0f} s, {dict(hows)}", right)
    if len(numbers) >= enough:
        report.line(name, f"each moment of each request was hit {least} times or more", least >= LEAST)
    if one is not None:
        return
    with careless():
        wrong = sum(runs.run(number).how not in ("success", "unknown") for number in range(CONTROLS))
    report.line(name, f"without keys and look-ups (control), {wrong} of {CONTROLS} runs are wrong", wrong > 0)


def main() -> None:
    """Do all runs of all operators."""
    report = Report()
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    works = sys.argv[3:4] or list(WORKS)
    one = int(sys.argv[4]) if len(sys.argv) > 4 else None
    with (
        tempfile.TemporaryDirectory() as folder,
        sandbox(Path(folder), "--requests-per-minute", "1000000", *flags()) as url,
    ):
        made: dict[str, Any] = json.loads(connection(url))
        made["extra"]["requests_per_minute"] = 1_000_000
        prepare(Path(folder) / "home", DAGS, AIRFLOW_CONN_DINERO_DEFAULT=json.dumps(made))
        worker = Worker()
        tasks, box = Tasks(DAGS / "crash.py", worker), Sandbox(url)
        worker.install()
        hurry()
        office = Office(url, Path(folder))
        for name in works:
            prove(Runs(tasks, box, office, name, seed), name, one, report)
    report.end()


if __name__ == "__main__":
    main()
