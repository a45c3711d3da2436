"""Puts deferred tasks into Airflow's database directly: this measures the triggerer, not the scheduler.

python waiting_rows.py ours|peer SENSORS WATCHERS INTERVAL LAG_FILE
"""

import sys
import time
from datetime import timedelta
from typing import Any

RESOURCES = ("contacts", "invoices", "products")


def trigger(kind: str, number: int, interval: float) -> Any:
    """Return the trigger of one sensor."""
    if kind == "peer":
        from airflow.providers.http.triggers.http import HttpSensorTrigger

        return HttpSensorTrigger(endpoint="v1/nothing-here", http_conn_id="peer", poke_interval=interval)
    from airflow_provider_dinero.triggers.changes import DineroChangesTrigger

    return DineroChangesTrigger(
        resource=RESOURCES[number % 3],
        # Each its own filter and mark.
        filters=[["Name" if number % 3 != 1 else "Description", "contains", f"nobody is called {number}"]],
        changes_since=f"2026-01-01T00:{number % 60:02}:00Z" if number < 3 else "2099-01-01T00:00:00Z",
        poke_interval=interval,
        end_time=time.time() + 3600,
    )


def store(dag: Any, session: Any) -> None:
    """Store a DAG as the DAG processor does."""
    from airflow.dag_processing.collection import update_dag_parsing_results_in_db
    from airflow.models.dagbundle import DagBundleModel
    from airflow.serialization.serialized_objects import LazyDeserializedDAG

    if session.get(DagBundleModel, "waiting") is None:
        session.add(DagBundleModel(name="waiting"))
        session.flush()
    errors: dict[Any, str] = {}
    update_dag_parsing_results_in_db("waiting", None, [LazyDeserializedDAG.from_dag(dag)], errors, None, set(), session)
    assert not errors, errors


def main(kind: str, sensors: int, watchers: int, interval: float, lag_file: str) -> None:
    """Create the rows."""
    from airflow.models import TaskInstance
    from airflow.models.trigger import Trigger
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG, Asset, AssetWatcher, timezone
    from airflow.serialization.serialized_objects import DagSerialization
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType
    from waiting_lag import LagTrigger

    with DAG("waiting", schedule=None) as dag:
        EmptyOperator(task_id="wait")
    now = timezone.utcnow()
    with create_session() as session:
        store(dag, session)
    with create_session() as session:
        known = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
        run = known.create_dagrun(
            run_id="waiting",
            run_after=now,
            start_date=now,
            run_type=DagRunType.MANUAL,
            triggered_by=DagRunTriggeredByType.TEST,
            state=DagRunState.RUNNING,
            session=session,
        )
        session.flush()
        (first,) = run.get_task_instances(session=session)
        version = first.dag_version_id
        for number in range(sensors + 1):
            made = LagTrigger(lag_file) if number == sensors else trigger(kind, number, interval)
            row = Trigger.from_object(made)
            session.add(row)
            session.flush()
            each = TaskInstance(known.get_task("wait"), run_id="waiting", map_index=number, dag_version_id=version)
            each.state, each.trigger_id = "deferred", row.id
            each.trigger_timeout, each.next_method, each.next_kwargs = now + timedelta(hours=1), "execute_complete", {}
            session.add(each)
    for number in range(watchers):
        from airflow_provider_dinero.triggers.changes import DineroChangesTrigger

        watched = DineroChangesTrigger(
            resource=RESOURCES[number % 3], poke_interval=interval, consumer=f"watcher {number}", filters=[]
        )
        asset = Asset(f"watched_{number}", watchers=[AssetWatcher(name=f"watcher_{number}", trigger=watched)])
        with DAG(f"on_{number}", schedule=[asset], is_paused_upon_creation=False) as dag:
            EmptyOperator(task_id="it")
        for _ in range(2):  # an asset is active the second time
            with create_session() as session:
                store(dag, session)
    with create_session() as session:
        print(session.query(Trigger).count(), "triggers")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), sys.argv[5])
