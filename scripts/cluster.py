"""Airflow as on several machines: CeleryExecutor with two workers, Postgres, Redis, and a sandbox (`make cluster`)."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from demo import console, stay
from local import (
    BIN,
    ROOT,
    Airflow,
    connection,
    copy_examples,
    free_port,
    sandbox,
    settings,
    started,
    stop_once,
    wait_for,
)
from services import postgres, redis

WORKERS = ("worker-1", "worker-2")
CONCURRENCY = 8  # concurrent tasks per worker


class Cluster(NamedTuple):
    """A running cluster.

    :param airflow: Airflow, its REST API
    :param sandbox: str, address of the sandbox
    :param redis: str, address of Redis, without a database number
    :param database: str, address of the metadata database, for SQLAlchemy
    """

    airflow: Airflow
    sandbox: str
    redis: str
    database: str

    def connect(self, conn_id: str, grant: str) -> None:
        """Create a connection to the sandbox in the metadata database.

        :param conn_id: str
        :param grant: str
        """
        given = json.loads(connection(self.sandbox, grant))
        made = {"connection_id": conn_id, **given, "extra": json.dumps(given["extra"])}
        self.airflow.call("POST", "/connections", json=made)


@contextmanager
def cluster(folder: Path, dags: Path, *options: str, **environment: str) -> Generator[Cluster]:
    """Run a sandbox and an Airflow with many processes, as on several machines.

    :param folder: Path, recreated: the AIRFLOW_HOME, and the log of each process
    :param dags: Path, its DAGs
    :param options: options of `dinero-sandbox serve`
    :param environment: more environment variables of all components
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with ExitStack() as stack:
        database = f"postgresql+psycopg2://{stack.enter_context(postgres(folder))}"
        broker = stack.enter_context(redis(folder))
        url = f"http://127.0.0.1:{free_port()}"
        dinero = stack.enter_context(sandbox(folder, "--redirect-uri", f"{url}/dinero/callback", *options))
        given = {
            **settings(folder, dags, url),
            "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
            "AIRFLOW__CORE__PARALLELISM": "32",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
            # The API server blocks for 30 s if more tasks start at once than it has connections.
            "AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_SIZE": "50",
            "AIRFLOW__CELERY__BROKER_URL": f"{broker}/0",
            "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{database}",
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(folder / "logs"),
            "AIRFLOW__DINERO__COORDINATION_URL": f"{broker}/1",
            **environment,
        }
        migrate = [str(BIN / "airflow"), "db", "migrate"]
        with (folder / "migrate.log").open("wb") as output:
            subprocess.run(migrate, check=True, env={**os.environ, **given}, stdout=output, stderr=output)
        running = Airflow(url)
        parts = {each: [each] for each in ("api-server", "scheduler", "dag-processor")}
        parts["triggerer"] = ["triggerer", "--skip-serve-logs"]  # all logs are in one folder
        for worker in WORKERS:
            parts[worker] = ["celery", "worker", "--celery-hostname", worker, "--concurrency", str(CONCURRENCY)]
            parts[worker] += ["--skip-serve-logs", "--without-mingle", "--without-gossip"]
        processes = {}
        for name, command in parts.items():
            own = {**given, "DINERO_CLUSTER_PART": name}
            if name in WORKERS:  # neither sees the other's home, as on two hosts
                own["AIRFLOW_HOME"] = str(folder / name)
            processes[name] = stack.enter_context(
                started([str(BIN / "airflow"), *command], folder / f"{name}.log", own)
            )
        wait_for(
            running.healthy,
            processes["api-server"],
            folder / "api-server.log",
            "a healthy scheduler, triggerer and DAG processor",
        )
        for worker in WORKERS:
            log = folder / f"{worker}.log"
            wait_for(partial(ready, worker, log), processes[worker], log)
        for process in processes.values():  # all are signalled at once, then awaited one by one
            stack.callback(process.send_signal, signal.SIGINT)
        yield Cluster(running, dinero, broker, database)


def ready(worker: str, log: Path) -> bool:
    """Tell whether a worker accepts tasks."""
    return f"{worker} ready." in log.read_text(errors="replace")


def main() -> None:
    """Run a cluster with the example DAGs until Ctrl-C."""
    stop_once()
    begin = time.monotonic()
    console.print("The cluster starts (about 20 s)")
    folder, examples = ROOT / ".airflow" / "cluster", ROOT / ".airflow" / "cluster-examples"
    shutil.rmtree(examples, ignore_errors=True)
    copy_examples(examples / "dags", examples / "data")
    environment = {"AIRFLOW_CONN_WAREHOUSE": f"sqlite:///{examples}/data/warehouse.db"}
    with cluster(folder, examples / "dags", "--refresh-tokens", "one-time", **environment) as running:
        for conn_id in ("dinero_default", "dinero_visma"):
            running.connect(conn_id, "visma_connect")
        console.print(f"{len(WORKERS)} workers for {CONCURRENCY} tasks each, after {time.monotonic() - begin:.0f} s\n")
        console.print(f"Airflow: {running.airflow.url}   Sandbox: {running.sandbox}   Redis: {running.redis}")
        console.print("Its logs are in .airflow/cluster. Ctrl-C ends everything.")
        stay()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
