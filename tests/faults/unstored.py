"""Storing a rotated token fails: one process continues, the others send no request, and the token is stored later.

python -m tests.faults.unstored [share of the rounds, default 1]
"""

import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.api.auth import tokens
from airflow_provider_dinero.api.ports import Held, Lock, Token
from airflow_provider_dinero.coordination.factory import coordination
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
    token_requests,
)

ROUNDS = 20
FOLLOWERS = 7
# The half minute after which a process tries to store its token again, in these rounds.
SOON = 0.3
clients: list[DineroClient] = []


class Failing(FileStore):
    """A store that fails when a renewal was written ahead.

    :param folder: Path
    :param how: str, down: can't be written; away: nor read
    """

    def __init__(self, folder: Path, how: str) -> None:
        super().__init__(folder)
        self._how: str | None = how

    def save(self, key: str, token: Token) -> None:
        """Store a token, and fail from then on."""
        super().save(key, token)
        if self._how:
            (self._folder / self._how).touch()
            self._how = None


class Silent:
    """The control: a lock without notes.

    :param lock: Lock
    """

    def __init__(self, lock: Lock) -> None:
        self._lock = lock

    @contextmanager
    def hold(self, name: str) -> Generator[Held]:
        """Hold the lock."""
        with self._lock.hold(name) as held:
            held.leave = lambda note: None  # type: ignore[method-assign]
            yield held


def begin(url: str, folder: Path, place: str, how: str, silent: bool) -> None:
    """Renew the token, and keep the client."""
    tokens.STORE_AGAIN_SECONDS = SOON
    lock = coordination(place)[0]
    clients[:] = [make_client(url, Failing(folder, how), Silent(lock) if silent else lock)]
    clients[0].organizations.subscriptions()


def go_on() -> None:
    """Send one more request with the client that was kept."""
    clients[0].organizations.subscriptions()


def once(box: Sandbox, all_of_them: Crew, place: str, how: str) -> bool:
    """Let it happen, and tell whether everything was right."""
    one, others = slice(1), slice(1, None)
    box.reset()
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder)
        all_of_them.do(request, box.url, store, place, who=one)
        expire(store)
        ((began, log),) = all_of_them.do(begin, box.url, store, place, how, False, who=one)
        meanwhile = [each for each, _ in all_of_them.do(request, box.url, store, place, who=others)]
        went_on = []
        for _ in range(3):
            time.sleep(SOON / 2)
            went_on += all_of_them.do(go_on, who=one)
        (store / how).unlink()  # from here on it could be stored, and isn't yet
        held_back = [each for each, _ in all_of_them.do(request, box.url, store, place, who=others)]
        time.sleep(SOON * 1.5)
        went_on += all_of_them.do(go_on, who=one)
        after = [each for each, _ in all_of_them.do(request, box.url, store, place, who=others)]
    statuses = token_requests(box)
    said = "used by process" if how == "down" else "could not be stored"
    right = (
        began == OK
        and "the old one is used up" in log
        and "airflow dinero authorize" in log
        and all(said in each for each in meanwhile)
        and all("used by process" in each for each in held_back)
        and all(each == OK for each, _ in went_on)
        and after == [OK] * FOLLOWERS
        and statuses == [200, 200]
    )
    if not right:
        print(how, began, log, meanwhile, held_back, went_on, after, statuses, sep="\n  ", flush=True)
    return right


def control(box: Sandbox, all_of_them: Crew, place: str) -> list[int]:
    """Return the token requests if no process learns that the refresh token was used."""
    box.reset()
    with tempfile.TemporaryDirectory() as folder:
        all_of_them.do(request, box.url, Path(folder), place, who=slice(1))
        expire(Path(folder))
        all_of_them.do(begin, box.url, Path(folder), place, "down", True, who=slice(1))
        (Path(folder) / "down").unlink()
        all_of_them.do(request, box.url, Path(folder), place, who=slice(1, None))
    return token_requests(box)


def main() -> None:
    """Run all rounds, and the control."""
    report, count = Report(), max(1, round(ROUNDS * share()))
    with (
        running(refresh_tokens="one-time", grace_seconds=0, requests_per_minute=10**6) as box,
        crew(1 + FOLLOWERS) as all_of_them,
        places() as found,
    ):
        for name, place in found.items():
            for how, told in (("down", "can't be written"), ("away", "can't be reached")):
                right = sum(once(box, all_of_them, place, how) for _ in range(count))
                report.line(f"{name}, the store {told} after a rotation", f"{right} of {count} rounds", right == count)
        statuses = control(box, all_of_them, found["files"])
        report.line("no note is left (control)", f"token requests {statuses}", 400 in statuses)
    report.end()


if __name__ == "__main__":
    main()
