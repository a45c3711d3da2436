"""A sandbox of Dinero and a real Airflow on this machine, for the demo and the end-to-end tests."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import requests

from airflow_provider_dinero.sandbox.same_origin_middleware import CONTROL

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
# A program that starts on a busy machine takes its time: it is given up if its log says nothing new, or after all this.
SILENT_SECONDS, START_SECONDS = 180.0, 600.0
RUN_SECONDS = 600.0
# How long a process waits while another writes to SQLite: the default of five seconds ends a busy scheduler.
LOCK_SECONDS = 60


def stop_once() -> None:
    """End this program at the first Ctrl-C or SIGTERM, and ignore later ones while it ends what it has started.

    `make` passes a SIGTERM of its own on, and people press Ctrl-C twice.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(128 + number)

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, stop)


def hear_interrupts() -> None:
    """Stop ignoring SIGINT, so that it ends the programs that this one starts.

    A shell makes programs in the background ignore SIGINT, and the programs that they start inherit this.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def started(
    command: list[str],
    log: Path,
    environment: dict[str, str],
    user: str | None = None,
    stop: signal.Signals = signal.SIGINT,
) -> Generator[subprocess.Popen[bytes]]:
    """Run a program for the duration of the `with` block; then stop it as Ctrl-C does, with whatever it leaves behind.

    :param command: list of str
    :param log: Path, receives its output
    :param environment: dict, added to this process's own
    :param user: str, the user who runs it; default None, the user of this process
    :param stop: signal that ends it; default that of Ctrl-C
    """
    hear_interrupts()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=output,
            env={**os.environ, **environment},
            start_new_session=True,
            user=user,
            group=user,
        )
        try:
            yield process
        finally:
            process.send_signal(stop)
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            with suppress(ProcessLookupError):  # children that outlived it are in its session
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def free_port() -> int:
    """Return a free port of 127.0.0.1."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(
    ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, wanted: str = "a sign that it is ready"
) -> None:
    """Wait until a program is ready: three minutes, and up to ten as long as it writes to its log.

    :param ready: callable that tells whether it is
    :param process: the program
    :param log: Path, whose end is shown if the program ends or never gets ready
    :param wanted: str, what `ready` asks for
    """
    begin = heard = time.monotonic()
    size = 0
    while process.poll() is None:
        with suppress(requests.ConnectionError, requests.Timeout):
            if ready():
                return
        time.sleep(0.5)
        now, before = time.monotonic(), size
        size = log.stat().st_size if log.exists() else 0
        heard = now if size != before else heard
        if now - begin > START_SECONDS or now - heard > SILENT_SECONDS:
            break
    name, seconds, code = Path(str(process.args[0])).name, time.monotonic() - begin, process.poll()  # type: ignore[index]
    if code is None:
        told = (
            f"{name} wasn't ready after {seconds:.0f} s of waiting for {wanted}. "
            "If the machine is busy, run the command again when it is less so."
        )
    else:
        told = f"{name} ended with code {code} after {seconds:.0f} s, before it was ready."
    end = log.read_text(errors="replace")[-3000:] if log.exists() else ""
    sys.exit(f"{told}\nIts log is {log}. The end of it:\n\n{end}")


@contextmanager
def sandbox(folder: Path, *options: str) -> Generator[str]:
    """Run a sandbox, and yield its address.

    :param folder: Path, for its log
    :param options: options of `dinero-sandbox serve`
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    log = folder / "sandbox.log"
    with started([str(BIN / "dinero-sandbox"), "serve", "--port", str(port), *options], log, {}) as process:
        wait_for(lambda: requests.get(f"{url}/_sandbox/health", timeout=5).ok, process, log)
        yield url


def connection(url: str, grant: str = "personal_integration") -> str:
    """Return the JSON of AIRFLOW_CONN_DINERO_DEFAULT for a sandbox.

    :param url: str, its address
    :param grant: str
    """
    command = [str(BIN / "dinero-sandbox"), "connection", "--grant", grant, "--url", url]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def as_rest(made: dict[str, Any]) -> dict[str, Any]:
    """Return a connection as the REST API takes it.

    :param made: dict, as in the JSON from `connection`
    """
    return {**made, "extra": json.dumps(made["extra"])}


def copy_examples(folder: Path, data: Path) -> None:
    """Copy the examples, with a folder of their own in place of /data.

    :param folder: Path, which is created
    :param data: Path, which is created, with two receipts
    """
    shutil.copytree(ROOT / "example_dags", folder)
    for example in folder.glob("dinero_*.py"):
        example.write_text(example.read_text().replace('"/data/', f'"{data}/'))
    receipt = (folder / "data" / "receipt.pdf").read_bytes()
    (data / "receipts").mkdir(parents=True)
    for name in ("6000_125.00_Paper.pdf", "6040_99.00_Hosting.pdf"):
        (data / "receipts" / name).write_bytes(receipt + name.encode())  # Dinero recognizes a file by its content


class Airflow:
    """The REST API of a running Airflow.

    :param url: str
    :param environment: dict, to start more of its components with; default empty
    """

    def __init__(self, url: str, environment: dict[str, str] | None = None) -> None:
        self.url = url
        self.environment = environment or {}
        self._session = requests.Session()
        self._stuck = ""

    def healthy(self, *parts: str) -> bool:
        """Tell whether parts of it are up.

        :param parts: str; default scheduler, triggerer, DAG processor and database
        """
        answer = self._session.get(f"{self.url}/api/v2/monitor/health", timeout=10)
        parts = parts or ("metadatabase", "scheduler", "triggerer", "dag_processor")
        return answer.ok and all(answer.json()[part]["status"] == "healthy" for part in parts)

    def call(self, method: str, path: str, **options: Any) -> Any:
        """Call the API and return the decoded answer.

        :param method: str
        :param path: str, after /api/v2
        :param options: as for `requests`
        """
        if "Authorization" not in self._session.headers:
            token = self._session.get(f"{self.url}/auth/token", timeout=30).json()["access_token"]
            self._session.headers["Authorization"] = f"Bearer {token}"
        for number, seconds in enumerate((1, 3, 9, 0)):
            answer = self._session.request(method, f"{self.url}/api/v2{path}", timeout=60, **options)
            if number and answer.status_code == 409:  # the previous response was lost, and the object exists
                return None
            if answer.status_code < 500:
                break
            time.sleep(seconds)  # SQLite is locked while many runs start at once
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def add(self, conn_id: str, given: str) -> None:
        """Create a connection in the database.

        :param conn_id: str
        :param given: str, its JSON, from `connection`
        """
        self.call("POST", "/connections", json={"connection_id": conn_id, **as_rest(json.loads(given))})

    def turn_on(self, *dag_ids: str) -> None:
        """Turn DAGs on, and have their files parsed now: Airflow starts their watchers when it parses them.

        :param dag_ids: str
        """
        for dag_id in dag_ids:
            self.call("PATCH", f"/dags/{dag_id}", json={"is_paused": False})
        for token in {self.call("GET", f"/dags/{dag_id}/details")["file_token"] for dag_id in dag_ids}:
            self.call("PUT", f"/parseDagFile/{token}")

    def trigger(self, dag_id: str, **conf: Any) -> str:
        """Start a run of a DAG and return its id.

        :param dag_id: str
        :param conf: the params of the run
        """
        self.call("PATCH", f"/dags/{dag_id}", json={"is_paused": False})
        run_id = f"manual__{uuid4()}"  # our own, so that no run is started twice
        given = {"dag_run_id": run_id, "logical_date": None, "conf": conf}
        self.call("POST", f"/dags/{dag_id}/dagRuns", json=given)
        return run_id

    def follow(self, dag_id: str, run_id: str) -> Iterator[dict[str, Any]]:
        """Yield each task instance of a run when it ends, until the run is over.

        :param dag_id: str
        :param run_id: str
        """
        told: set[tuple[str, int]] = set()
        for _ in self._until_over(dag_id, run_id):
            for each in self.instances(dag_id, run_id):
                place = (each["task_id"], each["map_index"])
                if each["state"] in {"success", "failed", "upstream_failed", "skipped"} and place not in told:
                    told.add(place)
                    yield each

    def ended(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Wait for the end of a run, and return its task instances.

        :param dag_id: str
        :param run_id: str
        """
        for _ in self._until_over(dag_id, run_id):
            pass
        return self.instances(dag_id, run_id)

    def instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the task instances of a run."""
        found = self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances", params={"limit": 1000})
        return list(found["task_instances"])

    def _until_over(self, dag_id: str, run_id: str) -> Iterator[None]:
        """Yield every second until a run is over, and once more after that."""
        over, end = False, time.monotonic() + RUN_SECONDS
        while not over:
            if self._stuck:  # the next caller needn't wait as long
                raise TimeoutError(self._stuck)
            if time.monotonic() > end:
                self._stuck = f"{dag_id}, {run_id}: not over after {RUN_SECONDS:.0f} s\n{self._ailing()}"
                continue
            over = self.state(dag_id, run_id) in {"success", "failed"}
            yield
            time.sleep(0 if over else 1)

    def _ailing(self) -> str:
        """Return this Airflow's own report: its health, and the end of its log."""
        health = self._session.get(f"{self.url}/api/v2/monitor/health", timeout=60).text
        log = Path(self.environment.get("AIRFLOW_HOME", "."), "airflow.log")
        return f"{health}\n{log.read_text(errors='replace')[-6000:] if log.exists() else ''}"

    def reason(self, instance: dict[str, Any]) -> str:
        """Return the text of the last error in the log of a failed task instance.

        :param instance: dict, from `follow`
        """
        place = f"/dags/{instance['dag_id']}/dagRuns/{instance['dag_run_id']}/taskInstances/{instance['task_id']}"
        log = self.call("GET", f"{place}/logs/{instance['try_number']}", params={"map_index": instance["map_index"]})
        told = [error["exc_value"] for line in log["content"] for error in line.get("error_detail") or ()]
        return str(told[-1]) if told else "see its log"

    def state(self, dag_id: str, run_id: str) -> str:
        """Return the state of a run."""
        return str(self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}")["state"])


@contextmanager
def airflow(folder: Path, dags: Path, url: str = "", **environment: str) -> Generator[Airflow]:
    """Run a real Airflow (scheduler, triggerer, dag processor, API server; SQLite, LocalExecutor).

    :param folder: Path, its AIRFLOW_HOME, which is recreated
    :param dags: Path, its DAGs
    :param url: str, its address; default 127.0.0.1 and a free port
    :param environment: more environment variables, such as connections
    """
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        sys.exit(
            f"{folder} can't be emptied. Perhaps an Airflow that was started before still writes to it. "
            "End it (`pkill --full 'airflow standalone'`), and run the command again."
        )
    url = url or f"http://127.0.0.1:{free_port()}"
    log = folder / "airflow.log"
    given = {**settings(folder, dags, url), **environment}
    with started([str(BIN / "airflow"), "standalone"], log, given) as process:
        running = Airflow(url, given)
        wait_for(running.healthy, process, log, "a healthy scheduler, triggerer and DAG processor")
        yield running


def settings(folder: Path, dags: Path, url: str) -> dict[str, str]:
    """Return the environment of all components of an Airflow.

    :param folder: Path, its AIRFLOW_HOME
    :param dags: Path, its DAGs
    :param url: str, where its API server listens
    """
    return {
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder}/airflow.db?timeout={LOCK_SECONDS}",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__FERNET_KEY": fernet_key(),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(urlsplit(url).port),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(64),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    }


def fernet_key() -> str:
    """Return a key for Airflow's encryption."""
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()


def api_requests(url: str) -> list[dict[str, Any]]:
    """Return the requests to a sandbox so far."""
    found: list[dict[str, Any]] = requests.get(f"{url}/_sandbox/requests", headers=CONTROL, timeout=10).json()
    return found


def outbox(url: str) -> list[dict[str, Any]]:
    """Return the e-mails that a sandbox has sent."""
    found: list[dict[str, Any]] = requests.get(f"{url}/_sandbox/outbox", headers=CONTROL, timeout=10).json()
    return found
