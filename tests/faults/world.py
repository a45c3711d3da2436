"""What these programs share: a store like Airflow's Variables, processes that wait for work, Redis, a report."""

import json
import logging
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from services import redis

from airflow_provider_dinero.api import DineroClient, VismaConnect
from airflow_provider_dinero.api.auth import tokens
from airflow_provider_dinero.api.errors import DineroError, DineroUnavailable
from airflow_provider_dinero.api.ports import Lock, ProcessBudget, Token
from airflow_provider_dinero.coordination.factory import coordination
from airflow_provider_dinero.sandbox.server import Sandbox

COMMAND = "Run `airflow dinero authorize dinero_default`."
OK = "ok"
Outcome = tuple[str, str]


class FileStore:
    """A TokenStore that behaves as Airflow's Variable does: some milliseconds away, and the last writer wins.

    :param folder: Path; a file `down` in it keeps it from being written, `away` from being read too
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, key: str) -> Token | None:
        """Return the stored token, or None."""
        time.sleep(random.uniform(0.001, 0.005))
        self._ask("away")
        try:
            return Token.from_dict(json.loads((self._folder / key).read_text()))
        except FileNotFoundError:
            return None

    def save(self, key: str, token: Token) -> None:
        """Store a token."""
        time.sleep(random.uniform(0.001, 0.005))
        self._ask("away", "down")
        made = self._folder / f"{os.getpid()}.new"
        made.write_text(json.dumps(token.as_dict()))
        self.between()
        made.rename(self._folder / key)

    def is_pending(self, key: str) -> bool:
        """Tell whether this process has a token that it could not store: it would not find it."""
        return False

    def between(self) -> None:
        """The step between writing a token and its arrival in the store: nothing."""

    def _ask(self, *reasons: str) -> None:
        if any((self._folder / each).exists() for each in reasons):
            raise DineroUnavailable("The token could not be stored.", "Is the API server up?")


def grant(url: str) -> VismaConnect:
    """Return the grant that all share."""
    return VismaConnect("isv_sandbox", "sandbox-secret", "sandbox-refresh-token", url, advice=COMMAND)


def make_client(url: str, store: FileStore, lock: Lock) -> DineroClient:
    """Return a client as a process has it that has just started; the allowance plays no part here."""
    return DineroClient(
        100001,
        grant(url),
        base_url=url,
        token_store=store,
        lock=lock,
        budget=ProcessBudget(),
        requests_per_minute=10**6,
    )


def request(url: str, folder: Path, place: str) -> None:
    """Send one request with a new client, under the lock that a URL names."""
    client = make_client(url, FileStore(folder), coordination(place)[0])
    client.organizations.subscriptions()
    client.close()


def expire(folder: Path) -> None:
    """Let the access tokens of a store be at their end."""
    for path in folder.glob("dinero_token__*"):
        token = replace(Token.from_dict(json.loads(path.read_text())), expires_at=time.time())
        path.write_text(json.dumps(token.as_dict()))


def token_requests(box: Sandbox) -> list[int]:
    """Return the HTTP status of each token request so far."""
    return [int(each["status"]) for each in box.requests() if each["path"].endswith("/token")]


class Crew:
    """Running processes that do the same thing at once.

    :param size: int
    :param settle: float, the seconds within which hosts that start at once see each other; default 0: all are on one
        host
    """

    def __init__(self, size: int, settle: float = 0.0) -> None:
        spawn = multiprocessing.get_context("spawn")  # nothing is inherited, as between hosts
        self._barriers = {count: spawn.Barrier(count) for count in {1, size - 1, size} if count}
        self._pipes, self._processes = [], []
        for _ in range(size):
            ours, theirs = spawn.Pipe()
            self._pipes.append(ours)
            self._processes.append(spawn.Process(target=_work, args=(theirs, self._barriers, settle), daemon=True))
        for process in self._processes:
            process.start()

    def do(self, work: Callable[..., None], *arguments: Any, who: slice = slice(None)) -> list[Outcome]:
        """Let all or some of them do something at once, and return the results and their logs.

        :param work: callable of a module
        :param arguments: for it
        :param who: slice of them: all, the first, or all but the first
        :return: list of ("ok" or the error, the log)
        """
        pipes = self._pipes[who]
        for pipe in pipes:
            pipe.send((len(pipes), work, arguments))
        return [pipe.recv() for pipe in pipes]

    def end(self) -> None:
        """End them."""
        for process in self._processes:
            process.kill()
            process.join()


@contextmanager
def crew(size: int, settle: float = 0.0) -> Generator[Crew]:
    """Have processes for the length of the `with`; the parameters are those of Crew."""
    made = Crew(size, settle)
    try:
        yield made
    finally:
        made.end()


class _Log(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(record.getMessage())


def _work(pipe: Any, barriers: Any, settle: float) -> None:
    tokens.FIRST_SECONDS = settle
    log = _Log()
    logging.getLogger("airflow_provider_dinero").addHandler(log)
    while True:
        count, work, arguments = pipe.recv()
        log.told.clear()
        barriers[count].wait()
        try:
            work(*arguments)
            outcome = OK
        except DineroError as error:
            outcome = f"{type(error).__name__}: {error}"
        pipe.send((outcome, "\n".join(log.told)))


@contextmanager
def places() -> Generator[dict[str, str]]:
    """Give a URL of each kind of coordination, by its name."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as logs, redis(Path(logs)) as url:
        yield {"files": folder, "redis": f"{url}/0"}


class Report:
    """Lines with numbers, each with its expected value."""

    def __init__(self) -> None:
        self._failed = False

    def line(self, name: str, found: Any, right: bool) -> None:
        """Print what was found, and record whether it is right."""
        self._failed |= not right
        print(f"{'ok   ' if right else 'WRONG'} {name}: {found}", flush=True)

    def end(self) -> None:
        """End the program, with exit code 1 if a line was wrong."""
        sys.exit(self._failed)


def tally(outcomes: list[str]) -> dict[str, int]:
    """Count outcomes by their first word: ok, or the class of the error."""
    return dict(Counter(each.partition(":")[0] for each in outcomes))


def share() -> float:
    """Return which share of the rounds is wanted, from the command line; default all."""
    return float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
