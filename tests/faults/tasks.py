"""Tasks that really run: supervisor, Execution API and metadata database are in this process, which forks each worker.

It does what the scheduler does for one task: queues it, starts it again for each retry, and resumes a deferred one.
"""

import os
import signal
import subprocess
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local import BIN, settings

BUNDLE = "dags-folder"
LONGEST = 120.0  # seconds that a try may take


@dataclass
class Try:
    """A try of a task, and its result: its state, the errors in its log by class, and the steps that it reported."""

    state: str
    errors: list[tuple[str, str]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    hit: bool = False


class Log:
    """Takes what a worker logs, and keeps the errors."""

    def __init__(self) -> None:
        self.errors: list[tuple[str, str]] = []

    def __call__(self, logger: Any, name: str, event: dict[str, Any]) -> dict[str, Any]:
        """Take an event, as a processor of structlog does."""
        import structlog

        self.errors += [(told["exc_type"], told["exc_value"]) for told in event.get("error_detail") or ()]
        raise structlog.DropEvent


class Tasks:
    """The tasks of the DAGs of one file.

    :param dags: Path, the file
    :param worker: Worker
    """

    def __init__(self, dags: Path, worker: Any) -> None:
        import structlog
        from airflow.dag_processing.bundles.manager import DagBundlesManager
        from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
        from airflow.sdk.execution_time import supervisor
        from airflow.serialization.serialized_objects import DagSerialization

        self._file = dags
        self._worker = worker
        DagBundlesManager().sync_bundles_to_db()
        self._bag = BundleDagBag(dag_folder=str(dags), bundle_path=dags.parent, bundle_name=BUNDLE)
        if self._bag.import_errors:
            raise RuntimeError(self._bag.import_errors)
        sync_bag_to_db(self._bag, BUNDLE, None)
        self._scheduled = {
            name: DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
            for name, dag in self._bag.dags.items()
        }
        # The supervisor may miss the end of its worker, and looks again only when it has to send a heartbeat.
        supervisor.MIN_HEARTBEAT_INTERVAL = 0.1  # type: ignore[assignment]
        supervisor.log = structlog.wrap_logger(None, processors=[Log()])  # it logs each killed worker
        self._client = supervisor.InProcessTestSupervisor._api_client(next(iter(self._bag.dags.values())))
        self._log, worker.log = os.pipe()
        os.set_blocking(self._log, False)

    def new(self, dag_id: str, run_id: str, conf: dict[str, Any]) -> None:
        """Make a run of a DAG.

        :param dag_id: str
        :param run_id: str
        :param conf: dict, JSON
        """
        from airflow.sdk import timezone
        from airflow.utils.session import create_session
        from airflow.utils.state import DagRunState
        from airflow.utils.types import DagRunTriggeredByType, DagRunType

        now = timezone.utcnow()
        with create_session() as session:
            self._scheduled[dag_id].create_dagrun(
                run_id=run_id,
                run_after=now,
                start_date=now,
                conf=conf,
                run_type=DagRunType.MANUAL,
                triggered_by=DagRunTriggeredByType.TEST,
                state=DagRunState.RUNNING,
                session=session,
            )

    def attempt(self, dag_id: str, run_id: str, blow: Any = None) -> Try:
        """Run a try of the DAG's only task to its end, in a separate worker.

        :param dag_id: str
        :param run_id: str
        :param blow: Blow or None, what hits it
        """
        import structlog
        from airflow.sdk.api.datamodels._generated import BundleInfo, TaskInstance
        from airflow.sdk.execution_time.supervisor import ActivitySubprocess

        with _instance(dag_id, run_id) as row:
            row.try_number += row.state != "scheduled"  # a deferred task continues the same try
            row.state = "queued"
            names = ("id", "task_id", "dag_id", "run_id", "try_number", "map_index", "dag_version_id")
            what = TaskInstance(**{name: getattr(row, name) for name in names})
        log = Log()
        self._worker.blow = blow
        process = ActivitySubprocess.start(
            what=what,
            dag_rel_path=self._file.name,
            bundle_info=BundleInfo(name=BUNDLE),
            client=self._client,
            logger=structlog.wrap_logger(None, processors=[log]),
            subprocess_logs_to_stdout=False,
        )
        random = blow is not None and blow.moment == "at random"
        timer = threading.Timer(blow.seconds if random else LONGEST, _kill, [process.pid])
        timer.start()
        code = process.wait()
        timer.cancel()
        told = self._told()
        hit = "!" in told or (random and code == -signal.SIGKILL)
        with _instance(dag_id, run_id) as row:
            if row.state == "running":  # killed: the scheduler hears from the executor that the process is gone
                row.task = self._scheduled[dag_id].get_task(row.task_id)
                row.handle_failure(error=None)
            return Try(str(row.state), log.errors, [each for each in told if each != "!"], hit)

    def clear(self, dag_id: str, run_id: str) -> None:
        """Clear the task, as a person does.

        :param dag_id: str
        :param run_id: str
        """
        from airflow.models.taskinstance import clear_task_instances
        from sqlalchemy.orm import object_session

        with _instance(dag_id, run_id) as row:
            clear_task_instances([row], session=object_session(row))

    def go_on(self, dag_id: str, run_id: str) -> None:
        """Let the trigger of a deferred task fire.

        :param dag_id: str
        :param run_id: str
        """
        from airflow.models.trigger import Trigger
        from airflow.triggers.base import TriggerEvent

        with _instance(dag_id, run_id) as row:
            trigger = row.trigger_id
        Trigger.submit_event(trigger, TriggerEvent(None))

    def _told(self) -> list[str]:
        """Return what the worker said that it did."""
        try:
            return os.read(self._log, 1 << 16).decode().splitlines()
        except BlockingIOError:
            return []


@contextmanager
def _instance(dag_id: str, run_id: str) -> Generator[Any]:
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        yield session.scalars(select(TaskInstance).filter_by(dag_id=dag_id, run_id=run_id)).one()


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def prepare(home: Path, dags: Path, **environment: str) -> None:
    """Make a metadata database, unless it is there; nothing of Airflow may be imported before.

    :param home: Path, AIRFLOW_HOME
    :param dags: Path, the folder of the DAGs
    :param environment: more environment variables, such as connections
    """
    os.environ.update(settings(home, dags, "http://127.0.0.1:1"), AIRFLOW__LOGGING__LOGGING_LEVEL="WARNING")
    os.environ.update(environment)
    if not (home / "airflow.db").exists():
        subprocess.run([str(BIN / "airflow"), "db", "migrate"], check=True, stdout=subprocess.DEVNULL)
