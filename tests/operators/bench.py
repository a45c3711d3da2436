"""A bench for operators: DAGs run in this process, by Airflow's own task runner, Execution API and state store."""

import asyncio
import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from airflow_provider_dinero.sandbox.server import Sandbox

if TYPE_CHECKING:
    from airflow.sdk import DAG

BUNDLE = "bench"


@dataclass
class Instance:
    """What became of a task instance."""

    state: str | None = None
    returned: Any = None
    link: str | None = None  # where its button leads
    errors: list[BaseException] = field(default_factory=list)  # of each try that failed
    delays: list[timedelta] = field(default_factory=list)  # before each further try; they aren't waited for
    deferrals: list[dict[str, Any]] = field(default_factory=list)  # what the task keeps; these aren't waited for
    log: str = ""

    @property
    def error(self) -> str:
        """What the last error says."""
        return str(self.errors[-1])


@dataclass
class Run:
    """What became of a run of a DAG: its task instances by task_id, mapped ones by (task_id, map_index)."""

    dag: "DAG"
    run_id: str
    serialized: Any
    state: str = "running"
    tasks: dict[str | tuple[str, int], Instance] = field(default_factory=dict)

    def __getitem__(self, place: str | tuple[str, int]) -> Instance:
        return self.tasks[place]

    @cached_property
    def scheduled(self) -> Any:
        """The DAG as the scheduler has it."""
        from airflow.serialization.serialized_objects import DagSerialization

        return DagSerialization.from_dict(self.serialized.data)


class Bench:
    """Runs DAGs against a sandbox.

    :param sandbox: Sandbox, which the connection `dinero_default` leads to
    :param capsys: the fixture
    """

    def __init__(self, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
        self.sandbox = sandbox
        self._capsys = capsys
        self._dags = 0
        # What kind of run `run` begins, and when; None is now.
        self.run_type = "manual"
        self.run_after: datetime | None = None
        # What happens while a task is deferred.
        self.while_deferred: Callable[[], None] = lambda: None
        # What a person chooses, by task_id and map_index; None lets the time pass until the default answers.
        self.choose: Callable[[str, int], str | None] = lambda task_id, map_index: "Approve"

    def dag(self, *, schedule: Any = None, **options: Any) -> "DAG":
        """Create a DAG with a new id, for a `with` block.

        :param schedule: as DAG takes it
        :param options: as DAG takes them
        """
        from airflow.sdk import DAG

        self._dags += 1
        return DAG(f"bench_{self._dags}", schedule=schedule, **options)

    def one(self, operator: Any, **arguments: Any) -> Instance:
        """Run a DAG of one task, and return its result.

        The result is only stored as a whole, not also by key, since no test reads that.

        :param operator: the class
        :param arguments: as the operator takes them, without the task_id
        """
        with self.dag() as dag:
            operator(task_id="it", **{"multiple_outputs": False, **arguments})
        return self.run(dag)["it"]

    def run(self, dag: "DAG", **conf: Any) -> Run:
        """Run a DAG to its end, all tries of all tasks.

        :param dag: DAG
        :param conf: the params of the run
        """
        from airflow.sdk import timezone
        from airflow.utils.session import create_session
        from airflow.utils.types import DagRunTriggeredByType, DagRunType

        dag.validate()
        now = timezone.utcnow()
        run = Run(dag, f"{self.run_type}__{now.isoformat()}", serialized(dag))
        with create_session() as session:
            self._store(run.serialized, session)
        with create_session() as session:
            run.scheduled.create_dagrun(
                run_id=run.run_id,
                run_after=self.run_after or now,
                start_date=now,
                conf=conf or None,
                run_type=DagRunType(self.run_type),
                triggered_by=DagRunTriggeredByType.TEST,
                state="running",
                session=session,
            )
        return self._finish(run)

    def again(self, run: Run) -> Run:
        """Clear all tasks of a run, as a person does, and run it to its end.

        :param run: Run, which has ended
        """
        from airflow.models.taskinstance import clear_task_instances
        from airflow.utils.session import create_session

        with create_session() as session:
            row = row_of(run, session)
            clear_task_instances(row.get_task_instances(session=session), session=session)
            session.flush()
            row.state = "running"
        return self._finish(Run(run.dag, run.run_id, run.serialized))

    def fire(self, row: Any) -> Any:
        """Return the event of a trigger. If it waits for a time, the sandbox's passes; ours run, each alone."""
        from airflow.sdk import timezone
        from airflow.triggers.base import TriggerEvent

        if not row.classpath.startswith("airflow_provider_dinero."):
            self.sandbox.forward(seconds=(row.kwargs["moment"] - timezone.utcnow()).total_seconds())
            return TriggerEvent(None)
        module, _, name = row.classpath.rpartition(".")
        trigger = getattr(importlib.import_module(module), name)(**row.kwargs)

        async def first() -> Any:
            async for event in trigger.run():
                return event

        return asyncio.run(first())

    def _store(self, dag: Any, session: Any) -> None:
        from airflow.dag_processing.collection import update_dag_parsing_results_in_db
        from airflow.models.dagbundle import DagBundleModel

        if session.get(DagBundleModel, BUNDLE) is None:
            session.add(DagBundleModel(name=BUNDLE))
            session.flush()
        errors: dict[tuple[str, str], str] = {}
        update_dag_parsing_results_in_db(BUNDLE, None, [dag], errors, None, set(), session)
        assert not errors

    def _finish(self, run: Run) -> Run:
        """Do what scheduler and triggerer do: schedule, run, fire triggers, until the run is over."""
        from airflow.utils.session import create_session

        with create_session() as session:
            row = row_of(run, session)
            before = None
            while row.state == "running":
                ready, _ = row.update_state(session=session)
                row.schedule_tis(ready, session=session)
                session.commit()
                session.expire_all()
                for each in row.get_task_instances(session=session):
                    task_id, index = each.task_id, each.map_index
                    told = run.tasks.setdefault(task_id if index < 0 else (task_id, index), Instance())
                    if each.state == "scheduled":
                        self._try(run.dag, each, told, session)
                        # A task that is tried again is another row.
                        each = row.get_task_instance(task_id, map_index=index, session=session)
                    told.state = each.state and str(each.state)
                    self._go_on(row.dag, each, told, session)
                session.commit()
                now = {place: (each.state, len(each.deferrals), len(each.errors)) for place, each in run.tasks.items()}
                assert row.state != "running" or now != before, now
                before = now
            run.state = str(row.state)
        return run

    def _try(self, dag: "DAG", row: Any, told: Instance, session: Any) -> None:
        """Run a task instance as a worker does."""
        from airflow.models.xcom import XComModel
        from airflow.sdk.api.datamodels._generated import TaskInstance
        from airflow.sdk.execution_time.supervisor import run_task_in_process

        place = {name: getattr(row, name) for name in ("dag_id", "run_id", "task_id", "map_index")}
        row.set_state("queued", session=session)
        session.commit()
        names = ("id", "task_id", "dag_id", "run_id", "try_number", "map_index", "dag_version_id")
        self._capsys.readouterr()
        result = run_task_in_process(
            ti=TaskInstance(**{name: getattr(row, name) for name in names}), task=dag.get_task(place["task_id"])
        )
        session.expire_all()
        told.log += self._capsys.readouterr().out
        if result.error is not None:
            told.errors.append(result.error)
        found = {
            each.key: XComModel.deserialize_value(each)
            for each in session.scalars(select(XComModel).filter_by(**place))
        }
        told.returned, told.link = found.get("return_value"), found.get("_link_DineroLink")

    def _go_on(self, dag: Any, row: Any, told: Instance, session: Any) -> None:
        """Let no time pass until the next try, or until a trigger fires."""
        from airflow.models.trigger import Trigger

        if row.state == "deferred":
            told.deferrals.append(row.next_kwargs)
            self.while_deferred()
            event = self.fire(session.get(Trigger, row.trigger_id))
            session.expire_all()
            Trigger.submit_event(row.trigger_id, event, session=session)
        elif row.state == "awaiting_input":
            self._answer(row, session)
        elif row.state == "up_for_retry":
            row.task = dag.get_task(row.task_id)
            told.delays.append(row.next_retry_datetime() - row.end_date)
            row.state = None

    def _answer(self, row: Any, session: Any) -> None:
        """Answer as a person does, or as the scheduler does in the end."""
        from airflow.models.hitl import HITLDetail
        from airflow.models.trigger import handle_event_submit
        from airflow.sdk import timezone
        from airflow.triggers.base import TriggerEvent

        asked, chosen = session.get(HITLDetail, row.id), self.choose(row.task_id, row.map_index)
        asked.chosen_options, asked.responded_at = [chosen] if chosen else asked.defaults, timezone.utcnow()
        asked.responded_by = {"id": "bo", "name": "Bo"} if chosen else None
        handle_event_submit(TriggerEvent(asked.as_resume_event_payload()), task_instance=row, session=session)


def serialized(dag: "DAG") -> Any:
    """The DAG as Airflow stores it."""
    from airflow.serialization.serialized_objects import LazyDeserializedDAG

    return LazyDeserializedDAG.from_dag(dag)


def row_of(run: Run, session: Any) -> Any:
    """The row of a run, with what the scheduler adds to it."""
    from airflow.models import DagRun

    row = session.scalars(select(DagRun).filter_by(dag_id=run.dag.dag_id, run_id=run.run_id)).one()
    row.dag = run.scheduled
    return row
