"""A process is killed with -9 while it renews a one-time refresh token; what happens to the processes after it.

    PYTHONPATH=scripts python -m tests.faults.killed [share of the rounds, default 1]

If it is killed before the rotation, or after the token is in use, all others continue. If it is killed between rotation
and store, they continue if a used token has a grace period; otherwise one more token request is refused, and from then
on all say what to do, and none sends another request. The controls leave out the safeguards.
"""

import os
import random
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path

from airflow_provider_dinero.api.ports import Token
from airflow_provider_dinero.coordination.factory import coordination
from airflow_provider_dinero.coordination.redis import LEASE_SECONDS
from airflow_provider_dinero.sandbox.server import Sandbox, running
from tests.faults.world import (
    COMMAND,
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

ROUNDS = 100
REDIS_ROUNDS = 3
FOLLOWERS = 4
# Where a victim may die. The first save is written ahead of the rotation, the second one stores what came of it.
BEFORE_ROTATION = ("ahead",)
BEFORE_STORE = ("answered", "storing")
BEFORE_USE = ("stored", "asking")


class Victim(FileStore):
    """A store in which a process dies.

    :param folder: Path
    :param where: str, ahead, answered, storing, stored
    :param delay: float, seconds
    """

    def __init__(self, folder: Path, where: str, delay: float) -> None:
        super().__init__(folder)
        self._where = where
        self._delay = delay
        self._number = 0

    def save(self, key: str, token: Token) -> None:
        """Store a token, or die before or after that."""
        self._number += 1
        if self._number == 2:
            self.reached("answered")
        super().save(key, token)
        self.reached("ahead" if self._number == 1 else "stored")

    def between(self) -> None:
        """Die while the token is being stored."""
        if self._number == 2:
            self.reached("storing")

    def reached(self, where: str) -> None:
        """Die here, if it is the place."""
        if where == self._where:
            time.sleep(self._delay)
            os.kill(os.getpid(), signal.SIGKILL)


class Forgetful(FileStore):
    """The control: no process records that a refresh token was refused."""

    def save(self, key: str, token: Token) -> None:
        """Store a token that was not refused."""
        if not token.refused:
            super().save(key, token)


def die(url: str, folder: Path, place: str, where: str, delay: float) -> None:
    """Let a process renew the token, and kill it there."""
    lock = coordination(place)[0]
    child = os.fork()
    if child == 0:
        store = Victim(folder, where, delay)
        client = make_client(url, store, lock)
        client.tokens.access()
        store.reached("asking")
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, (where, status)


def forgetful(url: str, folder: Path, place: str) -> None:
    """Send one request, and remember no refusal."""
    make_client(url, Forgetful(folder), coordination(place)[0]).organizations.subscriptions()


def follow(box: Sandbox, all_of_them: Crew, place: str, seed: int, spots: tuple[str, ...]) -> tuple[list[int], str]:
    """Kill one, let the others come, twice, and return the token requests and how it went for them."""
    chance = random.Random(f"{spots} {seed}")
    where, delay = chance.choice(spots), chance.uniform(0, 0.02)
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder)
        box.reset()
        if chance.random() < 0.5:  # the token of the connection, or one that came of it
            all_of_them.do(request, box.url, store, place, who=slice(1))
            expire(store)
        before = len(token_requests(box))
        (victim,) = all_of_them.do(die, box.url, store, place, where, delay, who=slice(1))
        assert victim[0] == OK, victim
        found = [all_of_them.do(request, box.url, store, place, who=slice(1, None)) for _ in range(2)]
        outcomes = [outcome for each in found for outcome, _ in each]
    told = {tally([each]).popitem()[0] + (" with the command" if COMMAND in each else "") for each in outcomes}
    return token_requests(box)[before:], " and ".join(sorted(told))


def rounds(box: Sandbox, all_of_them: Crew, place: str, count: int, spots: tuple[str, ...]) -> Counter[str]:
    """Return how often what happened."""
    found: Counter[str] = Counter()
    for seed in range(count):
        statuses, told = follow(box, all_of_them, place, seed, spots)
        found[f"token requests {statuses}, then {told}"] += 1
    return found


def controls(box: Sandbox, all_of_them: Crew, place: str, report: Report) -> None:
    """Without what is remembered of a refusal, each that comes asks again."""
    with tempfile.TemporaryDirectory() as folder:
        box.reset()
        all_of_them.do(die, box.url, Path(folder), place, "answered", 0.0, who=slice(1))
        all_of_them.do(forgetful, box.url, Path(folder), place, who=slice(1, None))
    statuses = token_requests(box)
    report.line("no grace, refusals not remembered (control)", f"token requests {statuses}", statuses.count(400) > 1)


def leases(box: Sandbox, all_of_them: Crew, url: str, count: int, report: Report) -> None:
    """Killed while it holds the lock of a Redis: the next one gets it when the lease ends."""
    longest = 0.0
    for _ in range(count):
        with tempfile.TemporaryDirectory() as folder:
            box.reset()
            all_of_them.do(die, box.url, Path(folder), url, "storing", 0.0, who=slice(1))
            began = time.monotonic()
            outcomes = [each for each, _ in all_of_them.do(request, box.url, Path(folder), url, who=slice(1, None))]
            longest = max(longest, time.monotonic() - began)
        assert token_requests(box) == [200, 200], token_requests(box)
        assert outcomes == [OK] * FOLLOWERS, outcomes
    report.line(
        f"redis, holder killed {count} times", f"the next ones after {longest:.1f} s", longest < LEASE_SECONDS + 1
    )


def main() -> None:
    """Kill at every place, with and without grace."""
    part, report = share(), Report()
    count = max(2, round(ROUNDS * part))
    again, dead = "then ok", "then DineroReauthorizationRequired with the command"
    with crew(1 + FOLLOWERS) as all_of_them, places() as found:
        for grace in (60, 0):
            with running(refresh_tokens="one-time", grace_seconds=grace, requests_per_minute=10**6) as box:
                for name, spots, must in (
                    ("before rotation", BEFORE_ROTATION, f"token requests [200], {again}"),
                    (
                        "between rotation and store",
                        BEFORE_STORE,
                        f"token requests [200, 200], {again}" if grace else f"token requests [200, 400], {dead}",
                    ),
                    ("between store and use", BEFORE_USE, f"token requests [200], {again}"),
                ):
                    seen = rounds(box, all_of_them, found["files"], count, spots)
                    told = "; ".join(f"{times} times {what}" for what, times in seen.items())
                    report.line(f"grace {grace:2} s, killed {name}", told, seen == Counter({must: count}))
                if grace:
                    leases(box, all_of_them, found["redis"], max(1, round(REDIS_ROUNDS * part)), report)
                else:
                    controls(box, all_of_them, found["files"], report)
    report.end()


if __name__ == "__main__":
    main()
