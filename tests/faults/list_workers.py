"""What works through the lists of `lists.py`, and is killed: processes with a client, or tasks of a real Airflow."""

import json
import math
import multiprocessing
import os
import signal
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from local import connection, fernet_key

from airflow_provider_dinero.api import DineroClient, PersonalIntegration
from airflow_provider_dinero.api.auth import tokens
from airflow_provider_dinero.api.batches.notes import Notes
from airflow_provider_dinero.api.bodies import idempotency
from airflow_provider_dinero.api.errors import DineroError
from airflow_provider_dinero.api.ports import MemoryTokenStore, ProcessBudget
from airflow_provider_dinero.coordination.factory import coordination
from tests.faults.crash import FASTER, careless, hurry
from tests.faults.orders import LISTS, PAYMENT, listed

KILLED = "killed"
DAGS = Path(__file__).parent / "list_dags"
# How long a lock in Redis outlives its holder, and how often a holder renews it; elsewhere, 10 and 2 seconds.
LEASE_SECONDS, RENEW_SECONDS = 1.5, 0.3


class Workers(Protocol):
    """Works through lists."""

    def attempt(self, folder: Path, prefix: str, kills: Mapping[int, float]) -> dict[int, str]:
        """Work through lists at once, each in a worker of its own.

        :param folder: Path, of the round
        :param prefix: str, for the keys of the round
        :param kills: dict of the seconds after which the worker of a list is killed; infinite: it isn't
        :return: dict of how it ended: nothing, KILLED or an error
        """


class Folder:
    """A state store in a folder: a file for each value, replaced as a whole.

    :param path: Path
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.mkdir(exist_ok=True)

    def get(self, key: str) -> Any:
        """Return the stored value, or None."""
        try:
            return json.loads((self._path / key).read_text())
        except FileNotFoundError:
            return None

    def set(self, key: str, value: Any) -> None:
        """Store a value."""
        beside = self._path / f"{key}.{os.getpid()}"
        beside.write_text(json.dumps(value))
        beside.replace(self._path / key)


def client_of(url: str, place: str) -> DineroClient:
    """A client as a new process has it.

    :param url: str, of the sandbox
    :param place: str, where its locks are
    """
    return DineroClient(
        100001,
        PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", url),
        base_url=url,
        requests_per_minute=1_000_000,
        token_store=MemoryTokenStore(),
        budget=ProcessBudget(),
        lock=coordination(place)[0],
        sleep=lambda seconds: time.sleep(seconds / FASTER),
    )


class Processes:
    """Processes with a client, whose notes are in the folder of the round.

    :param url: str, of the sandbox
    :param place: str, where the locks are; default the folder of the round
    """

    def __init__(self, url: str, place: str = "") -> None:
        self._url = url
        self._place = place

    def attempt(self, folder: Path, prefix: str, kills: Mapping[int, float]) -> dict[int, str]:
        """Work through lists at once."""
        pids = {self._begin(folder, prefix, at): at for at in kills}
        ends = {pid: time.monotonic() + kills[at] for pid, at in pids.items()}
        found = {}
        for pid, at in pids.items():
            while (status := os.waitpid(pid, os.WNOHANG))[0] == 0:
                if time.monotonic() > ends[pid]:
                    os.kill(pid, signal.SIGKILL)
                    status = os.waitpid(pid, 0)
                    break
                time.sleep(0.005)
            code = os.waitstatus_to_exitcode(status[1])
            told = folder / f"error-{pid}"
            found[at] = KILLED if code == -signal.SIGKILL else told.read_text() if code else ""
        return found

    def _begin(self, folder: Path, prefix: str, at: int) -> int:
        pid = os.fork()
        if pid:
            return pid
        try:
            client = client_of(self._url, self._place or str(folder / "locks"))
            batches = client.batches(Folder(folder / "store"))
            batches.invoices(listed(at, prefix), book=True, send="email", payment=PAYMENT)
        except DineroError as error:
            (folder / f"error-{os.getpid()}").write_text(f"{type(error).__name__}: {error}")
            os._exit(1)
        os._exit(0)


class AirflowTasks:
    """Tasks of a real Airflow: each list has a process, which is supervisor and Execution API to the tasks.

    :param pipes: list of the pipes to these processes
    """

    def __init__(self, pipes: list[Any]) -> None:
        self._pipes = pipes
        self.control = False  # whether the tasks do without keys and look-ups

    def attempt(self, folder: Path, prefix: str, kills: Mapping[int, float]) -> dict[int, str]:
        """Work through lists at once."""
        for at, seconds in kills.items():
            self._pipes[at].send((at, prefix, seconds, self.control))
        return {at: self._pipes[at].recv() for at in kills}


@contextmanager
def airflow_tasks(url: str, place: str, home: Path) -> Generator[AirflowTasks]:
    """Have tasks for the length of the `with`.

    :param url: str, of the sandbox
    :param place: str, where the locks are
    :param home: Path, of an Airflow
    """
    spawn = multiprocessing.get_context("spawn")
    made = json.loads(connection(url))
    made["extra"] |= {"requests_per_minute": 1_000_000, "coordination_url": place}
    environment = {"AIRFLOW_CONN_DINERO_DEFAULT": json.dumps(made), "AIRFLOW__CORE__FERNET_KEY": fernet_key()}
    pipes, processes = [], []
    try:
        for _ in LISTS:
            ours, theirs = spawn.Pipe()
            process = spawn.Process(target=_serve, args=(theirs, home, environment))
            process.start()
            pipes.append(ours)
            processes.append(process)
            ours.recv()  # the first one makes the database
        yield AirflowTasks(pipes)
    finally:
        for process in processes:
            process.kill()
            process.join()


def _serve(pipe: Any, home: Path, environment: dict[str, str]) -> None:
    """Run tries of tasks, as the other end of a pipe asks for them."""
    from tests.faults.moments import RANDOM, Blow, Worker
    from tests.faults.tasks import Tasks, prepare

    prepare(home, DAGS, **environment)
    tasks = Tasks(DAGS / "orders.py", Worker())
    hurry()
    shorten_leases()
    tokens.MOST_REJECTIONS = 1_000_000  # each round resets the sandbox, which forgets the token
    runs: dict[str, str] = {}
    pipe.send("ready")
    while True:
        at, prefix, seconds, control = pipe.recv()
        if prefix not in runs:
            runs[prefix] = str(uuid4())
            tasks.new("orders", runs[prefix], {"list": at, "prefix": prefix})
        blow = None if math.isinf(seconds) else Blow(RANDOM, seconds=seconds)
        with without() if control else nullcontext():
            tried = tasks.attempt("orders", runs[prefix], blow)
        how = "" if tried.state == "success" else f"{tried.state}: {tried.errors[-1:]}"
        pipe.send(KILLED if tried.hit else how)


def shorten_leases() -> None:
    """Let a lock in Redis whose holder was killed be free again soon."""
    from airflow_provider_dinero.coordination import redis

    redis.LEASE_SECONDS, redis.RENEW_SECONDS = LEASE_SECONDS, RENEW_SECONDS


@contextmanager
def without() -> Generator[None]:
    """Do without keys and look-ups: the control. A key has another Guid in each process."""
    kept = Notes.load
    with careless():
        idempotency.guid_for = cache(lambda *args: str(uuid4()))  # type: ignore[assignment]
        Notes.load = lambda self, guids: None  # type: ignore[method-assign]
        try:
            yield
        finally:
            Notes.load = kept  # type: ignore[method-assign]
