"""DAGs that run when something changed, and sensors that wait for it in the triggerer."""

from typing import Any

from airflow.sdk import DAG, Asset, AssetWatcher, Param, task

from airflow_provider_dinero.api import eq
from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.sensors.changes import DineroChangesSensor
from airflow_provider_dinero.triggers.changes import DineroChangesTrigger

CONN_ID = "dinero_waiting"


def watched(name: str, **wanted: Any) -> Asset:
    trigger = DineroChangesTrigger(
        resource="contacts", dinero_conn_id=CONN_ID, poke_interval=3, consumer=name, **wanted
    )
    return Asset(name, watchers=[AssetWatcher(name=name, trigger=trigger)])


ASSET = watched("all_contacts")
with DAG("on_any_contact", schedule=[ASSET], max_active_runs=1):

    @task
    def told(triggering_asset_events: Any = None) -> list[dict[str, Any]]:
        return [event.extra["payload"] for event in triggering_asset_events[ASSET]]

    # It changes what it watches. The second time there is nothing to change, so it stops.
    told() >> DineroUpsertContactOperator(
        task_id="write",
        dinero_conn_id=CONN_ID,
        contact={"Name": "Seen ApS", "CountryKey": "DK", "IsPerson": False, "ExternalReference": "seen"},
    )

with DAG("on_one_contact", schedule=[watched("one_contact", filters=[eq("Name", "only this one")])]):

    @task
    def one() -> None: ...

    one()

with DAG("many_wait", schedule=None, params={"since": Param(type="string")}):
    DineroChangesSensor.partial(
        task_id="wait",
        resource="contacts",
        dinero_conn_id=CONN_ID,
        changes_since="{{ params.since }}",
        poke_interval=3,
        timeout=600,
        deferrable=True,
        retries=1,
    ).expand(limit=list(range(1, 9)))
