"""Two hosts with separate lock folders, so no common lock: one renews, and the other one says why it doesn't.

The one that may not renew says which setting to change; neither ends the consent, even if both start at the same time.

    PYTHONPATH=scripts python -m tests.faults.hosts [share of the rounds, default 1]
"""

import multiprocessing
import random
import tempfile
import time
from pathlib import Path

from airflow_provider_dinero.api.auth import tokens
from airflow_provider_dinero.api.ports import Token
from airflow_provider_dinero.coordination.factory import coordination
from airflow_provider_dinero.sandbox.server import Sandbox, running
from tests.faults.world import (
    OK,
    Crew,
    FileStore,
    Outcome,
    Report,
    crew,
    expire,
    make_client,
    request,
    share,
    tally,
    token_requests,
)

ROUNDS = 20
CONTROLS = 5
PROCESSES = 8
# How far apart two hosts begin, in seconds, where nothing is stored yet.
APART = (0.0, 0.01, 0.1, 0.5)
TOKEN_SECONDS = 0.3


class Slow(FileStore):
    """A store as an API server is one that has much to do: some writes take longer than others."""

    def save(self, key: str, token: Token) -> None:
        """Store a token."""
        time.sleep(random.uniform(0, 0.2))
        super().save(key, token)


def ask(url: str, store: Path, hosts: list[str], apart: float) -> None:
    """Send one request from one of the hosts: every second process is on the other one, which is later."""
    number = int(multiprocessing.current_process().name.rpartition("-")[2]) % 2
    time.sleep(number * apart)
    make_client(url, Slow(store), coordination(hosts[number])[0]).organizations.subscriptions()


def rounds(box: Sandbox, all_of_them: Crew, delays: list[float], first: bool) -> tuple[int, list[Outcome]]:
    """Return in how many rounds the consent was ended, and all outcomes."""
    ended, found = 0, []
    for apart in delays:
        box.reset()
        box.fault("delay", path="/connect/token", seconds=TOKEN_SECONDS)
        with tempfile.TemporaryDirectory() as folder:
            store, hosts = Path(folder, "store"), [f"{folder}/one", f"{folder}/two"]
            store.mkdir()
            if not first:
                all_of_them.do(request, box.url, store, hosts[0], who=slice(1))
                expire(store)
            found += all_of_them.do(ask, box.url, store, hosts, apart)
        statuses = token_requests(box)
        ended += set(statuses) != {200}  # what is refused was presented twice
    return ended, found


def main() -> None:
    """Run all rounds."""
    report, count = Report(), max(4, round(ROUNDS * share()))
    delays = [APART[number % len(APART)] for number in range(count)]
    with crew(PROCESSES, tokens.FIRST_SECONDS) as all_of_them:
        for kind in ("one-time", "reuse"):
            with running(refresh_tokens=kind, grace_seconds=0, requests_per_minute=10**6) as box:
                for first, name in ((True, "nothing stored"), (False, "one host has renewed before")):
                    ended, found = rounds(box, all_of_them, delays, first)
                    told = tally([each for each, _ in found])
                    errors = {each for each, _ in found if each != OK}
                    right = not ended and all(
                        "under two different locks" in each and "coordination_url" in each for each in errors
                    )
                    report.line(f"{kind}, {name}", f"{count} rounds, {ended} consents ended, {told}", right)
    with (
        crew(PROCESSES) as all_of_them,
        running(refresh_tokens="one-time", grace_seconds=0, requests_per_minute=10**6) as box,
    ):
        ended, _ = rounds(box, all_of_them, [0.0] * CONTROLS, first=True)
        report.line("one-time, nothing stored, nobody waits (control)", f"{ended} of {CONTROLS} ended", ended > 0)
    report.end()


if __name__ == "__main__":
    main()
