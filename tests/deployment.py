"""One real Airflow for a whole run of the tests, in a process of its own; every process of the tests may use it.

    PYTHONPATH=scripts python -m tests.deployment FOLDER

It runs until SIGINT. Then everything that it leaves behind is searched for secrets.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from local import ROOT, Airflow, airflow, copy_examples, free_port, hear_interrupts, sandbox, stop_once
from services import installed, postgres

from airflow_provider_dinero.api import PersonalIntegration
from airflow_provider_dinero.api.auth.grants import token_key
from airflow_provider_dinero.sandbox.seed_data import connection
from tests.leaks import search, tokens, watched

SCARCE = 60  # requests a minute that the connection dinero_scarce has, which share nothing with the others
# Each has a sandbox, so that tests which count objects don't disturb those in other processes.
GROUPS = ("examples", "connections", "waiting", "deploys", "books")
READY, FINDS, LOG = "ready.json", "finds.txt", "deployment.log"
START_SECONDS, END_SECONDS = 300, 120


class Deployment(NamedTuple):
    """A running Airflow, and the sandbox that the connections of a group of tests lead to.

    :param airflow: Airflow
    :param sandbox: str, address
    :param folder: Path, of all that it stores
    """

    airflow: Airflow
    sandbox: str
    folder: Path = Path()

    def run(self, dag_id: str, **conf: Any) -> dict[tuple[str, int], dict[str, Any]]:
        """Run a DAG to its end and return its task instances by (task_id, map_index)."""
        run_id = self.airflow.trigger(dag_id, **conf)
        return self.ended(dag_id, run_id)

    def ended(self, dag_id: str, run_id: str) -> dict[tuple[str, int], dict[str, Any]]:
        """Wait for the end of a run and return its task instances."""
        return {(each["task_id"], each["map_index"]): each for each in self.airflow.ended(dag_id, run_id)}

    def log(self, instance: dict[str, Any]) -> str:
        """Return the log of all tries of a task instance."""
        return "\n".join(json.dumps(told, ensure_ascii=False) for told in self._logs(instance))

    def events(self, instance: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the log of all tries of a task instance, by its lines."""
        return [line for told in self._logs(instance) for line in told["content"]]

    def _logs(self, instance: dict[str, Any]) -> list[dict[str, Any]]:
        place = f"/dags/{instance['dag_id']}/dagRuns/{instance['dag_run_id']}/taskInstances/{instance['task_id']}"
        params = {"map_index": instance["map_index"], "full_content": "true"}
        tries = range(1, instance["try_number"] + 1)
        return [self.airflow.call("GET", f"{place}/logs/{number}", params=params) for number in tries]

    def returned(self, instance: dict[str, Any]) -> Any:
        """Return what a task returned."""
        place = f"/dags/{instance['dag_id']}/dagRuns/{instance['dag_run_id']}/taskInstances/{instance['task_id']}"
        params = {"map_index": instance["map_index"], "deserialize": "true"}
        return self.airflow.call("GET", f"{place}/xcomEntries/return_value", params=params)["value"]


def begin(folder: Path) -> subprocess.Popen[bytes]:
    """Start it; it takes half a minute until `found` finds it."""
    hear_interrupts()
    with (folder / LOG).open("wb") as log:
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'scripts'}"}
        command = [sys.executable, "-m", "tests.deployment", str(folder)]
        return subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=ROOT, start_new_session=True)


def found(folder: Path) -> dict[str, Deployment]:
    """Wait until it runs, and return it, with the sandbox of each group."""
    end = time.monotonic() + START_SECONDS
    while not (folder / READY).exists():
        assert time.monotonic() < end, (folder / LOG).read_text()
        time.sleep(0.2)
    told = json.loads((folder / READY).read_text())
    running = Airflow(told["airflow"], {"AIRFLOW_HOME": str(folder / "home")})
    return {group: Deployment(running, url, folder) for group, url in told["sandboxes"].items()}


def stop(process: subprocess.Popen[bytes]) -> None:
    """Let it stop, without waiting for that."""
    process.send_signal(signal.SIGINT)


def end(process: subprocess.Popen[bytes], folder: Path) -> str:
    """Stop it; return the secrets that were found in what it left behind, or that it failed; empty if all is well."""
    stop(process)
    try:
        failed = process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        for each in [*psutil.Process(process.pid).children(recursive=True), process]:  # of sessions of their own
            each.kill()
        failed = process.wait()
    return (folder / LOG).read_text()[-3000:] if failed else (folder / FINDS).read_text()


def serve(folder: Path) -> None:
    """Run an Airflow and a sandbox for each group until SIGINT, and search everything that they leave behind."""
    dags, state = folder / "dags", {group: folder / f"{group}.db" for group in GROUPS}
    copy_dags(dags, folder)
    with ExitStack() as stack:
        urls = {}
        for group in GROUPS:
            options = ["--requests-per-minute", "10000", "--state", str(state[group])]
            (folder / group).mkdir()
            urls[group] = stack.enter_context(sandbox(folder / group, *options))
        seen = stack.enter_context(watched())
        given = {
            **connections(urls, str(folder / "scarce")),
            "AIRFLOW_CONN_WAREHOUSE": f"sqlite:///{folder}/warehouse.db",
            # The files don't change; to parse them twice a minute takes half a processor.
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
            # A file that is gone, and what Airflow forgets with it, is noticed at once.
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
            "AIRFLOW__SCHEDULER__PARSING_CLEANUP_INTERVAL": "5",
            # Where airflow_local_settings are.
            "PYTHONPATH": os.pathsep.join([os.environ["PYTHONPATH"], str(ROOT / "tests" / "airflow" / "settings")]),
        }
        database = f"sqlite:///{folder}/home/airflow.db"
        if installed("postgres"):  # SQLite takes one writer at a time, and lets others starve on a busy machine
            database = f"postgresql+psycopg2://{stack.enter_context(postgres(folder))}"
            given["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = database
            given["AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_SIZE"] = "50"
        running = stack.enter_context(airflow(folder / "home", dags, **given))
        in_database = {
            "dinero_in_database": "connections",
            "dinero_kept": "deploys",
            "dinero_waiting": "waiting",
            "dinero_books": "books",
        }
        for conn_id, group in in_database.items():
            made = connection(urls[group])
            made["extra"]["requests_per_minute"] = 10000
            running.add(conn_id, json.dumps(made))
        (folder / "told").write_text(json.dumps({"airflow": running.url, "sandboxes": urls}))
        (folder / "told").rename(folder / READY)
        with suppress(KeyboardInterrupt):
            signal.pause()
        secrets = {each: each for each in ("sandbox-secret", "sandbox-api-key")}
        for each in state.values():
            secrets |= {f"{each.stem} {name}": token for name, token in tokens(each).items()}
        finds = search(secrets, [folder / "home"], database, processes=seen)
        (folder / FINDS).write_text("\n".join(map(str, finds)))


def copy_dags(dags: Path, folder: Path) -> None:
    """Copy the examples, the DAGs of the tests and the README's."""
    copy_examples(dags, folder / "data")
    shutil.copytree(ROOT / "tests" / "airflow" / "dags", dags, dirs_exist_ok=True)
    # Watchers poll often; the examples have their own sandbox.
    changed = {"poke_interval=60": "poke_interval=3", '"dinero_visma"': '"dinero_many"'}
    for example in dags.glob("dinero_*.py"):
        text = example.read_text()
        for old, new in changed.items():
            text = text.replace(old, new)
        example.write_text(text)
    readme = re.findall(
        r"```python\n(from airflow\.sdk import DAG\n.*?)```", (ROOT / "README.md").read_text(), re.DOTALL
    )
    (dags / "readme.py").write_text(readme[0], encoding="utf-8")


def connections(urls: dict[str, str], scarce: str) -> dict[str, str]:
    """The connections of the tests, as environment variables: the right ones, and one for each thing wrong."""
    url = urls["connections"]
    personal, visma = connection(url), connection(url, "visma_connect")

    def changed(base: dict[str, Any], extra: dict[str, Any] | None = None, **changes: Any) -> str:
        # All share an allowance, as they should; none has to wait for it.
        return json.dumps({
            **base,
            **changes,
            "extra": {**base["extra"], "requests_per_minute": 10000, **(extra or {})},
        })

    made = {
        "default": changed(connection(urls["examples"])),
        "many": changed(connection(urls["examples"], "visma_connect")),
        "own": changed(personal),
        "visma": changed(visma),
        "wrong_secret": changed(personal, password="wrong"),
        "no_pro": changed(visma, {"organization_id": 100002}),
        "no_api_key": changed(personal, {"api_key": None}),
        "no_organization": changed(visma, {"organization_id": ""}),
        "dead_refresh_token": changed(visma, {"refresh_token": "dead"}),
        "read_only": changed(personal, {"read_only": True}),
        "scarce": changed(connection(urls["waiting"]), {"requests_per_minute": SCARCE, "coordination_url": scarce}),
        "shadowed": changed(personal, {"api_key": "sandbox-api-key-no-pro", "organization_id": 100002}),
        "unreachable": changed(personal, host=f"http://127.0.0.1:{free_port()}"),
    }
    grant = PersonalIntegration(personal["login"], personal["password"], "sandbox-api-key-no-pro", url)
    shadow = token_key(grant, url).upper()
    return {
        f"AIRFLOW_VAR_{shadow}": "not a token",
        **{f"AIRFLOW_CONN_DINERO_{name.upper()}": value for name, value in made.items()},
    }


if __name__ == "__main__":
    stop_once()
    serve(Path(sys.argv[1]))
