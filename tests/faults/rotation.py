"""32 processes at once, an expired one-time refresh token, no grace: one token request, and all succeed.

    PYTHONPATH=scripts python -m tests.faults.rotation [share of the rounds, default 1] [--without-lock]

The control, without the lock, is part of each run: it must fail.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from airflow_provider_dinero.api.ports import ProcessLock
from airflow_provider_dinero.sandbox.server import Sandbox, running
from tests.faults.world import (
    OK,
    Crew,
    FileStore,
    Report,
    crew,
    expire,
    make_client,
    places,
    request,
    share,
    tally,
    token_requests,
)

PROCESSES = 32
ROUNDS = 200
FRESH = 3
CONTROLS = 5


def unlocked(url: str, folder: Path) -> None:
    """Send one request with a lock that excludes no other process."""
    make_client(url, FileStore(folder), ProcessLock()).organizations.subscriptions()


def warm(box: Sandbox, all_of_them: Crew, name: str, place: str, rounds: int, report: Report) -> None:
    """Rounds of processes that already run: they start in the same millisecond."""
    wrong, seen, began = 0, 0, time.monotonic()
    with tempfile.TemporaryDirectory() as store:
        for number in range(rounds):
            if number % 2:
                box.forward(hours=2)  # it has expired at Dinero, which no process knows before the request
            else:
                expire(Path(store))
            before = len(token_requests(box))
            outcomes = [each for each, _ in all_of_them.do(request, box.url, Path(store), place)]
            statuses = token_requests(box)[before:]
            seen += len(statuses)
            if statuses != [200] or outcomes != [OK] * PROCESSES:
                wrong += 1
                print(name, statuses, tally(outcomes), flush=True)
    took = (time.monotonic() - began) / rounds
    told = f"{rounds} rounds of {PROCESSES}, {seen} token requests, {wrong} rounds wrong, {took:.2f} s a round"
    report.line(f"{name}, processes that wait", told, not wrong and seen == rounds)


def fresh(box: Sandbox, name: str, place: str, rounds: int, report: Report) -> None:
    """Rounds of processes that really start at once."""
    wrong = 0
    with tempfile.TemporaryDirectory() as store:
        for _ in range(rounds):
            expire(Path(store))
            before = len(token_requests(box))
            command = [sys.executable, "-m", "tests.faults.rotation", "one", box.url, store, place]
            started = [subprocess.Popen(command) for _ in range(PROCESSES)]
            codes = [each.wait() for each in started]
            wrong += token_requests(box)[before:] != [200] or any(codes)
    report.line(f"{name}, processes that start", f"{rounds} rounds of {PROCESSES}, {wrong} wrong", not wrong)


def without_lock(box: Sandbox, all_of_them: Crew, rounds: int) -> int:
    """Return how many rounds go wrong if no process waits for another."""
    wrong = 0
    for _ in range(rounds):
        box.reset()
        with tempfile.TemporaryDirectory() as store:
            outcomes = [each for each, _ in all_of_them.do(unlocked, box.url, Path(store))]
        statuses = token_requests(box)
        print(f"without lock: {len(statuses)} token requests, {statuses.count(400)} refused, {tally(outcomes)}")
        wrong += statuses != [200]
    return wrong


def main() -> None:
    """Run all rounds, and the control."""
    control = "--without-lock" in sys.argv
    part = 1.0 if control else share()
    report = Report()
    with (
        running(refresh_tokens="one-time", grace_seconds=0, requests_per_minute=10**6) as box,
        crew(PROCESSES) as all_of_them,
    ):
        if control:
            sys.exit(without_lock(box, all_of_them, CONTROLS) > 0)
        with places() as found:
            for name, place in found.items():
                box.reset()
                warm(box, all_of_them, name, place, max(1, round(ROUNDS * part)), report)
                box.reset()
                fresh(box, name, place, max(1, round(FRESH * part)), report)
        wrong = without_lock(box, all_of_them, CONTROLS)
        report.line("without lock (control)", f"{wrong} of {CONTROLS} rounds wrong", wrong > 0)
    report.end()


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        request(sys.argv[2], Path(sys.argv[3]), sys.argv[4])
    else:
        main()
