"""An asset that only this file refers to: a test removes the file and puts it back, as a deployment does."""

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Asset, AssetWatcher, task

from airflow_provider_dinero.sensors.changes import DineroChangesSensor
from airflow_provider_dinero.triggers.changes import DineroChangesTrigger

CONN_ID = "dinero_kept"
ASSET = Asset(
    "kept",
    watchers=[
        AssetWatcher(
            name="kept",
            trigger=DineroChangesTrigger(resource="contacts", dinero_conn_id=CONN_ID, poke_interval=2, consumer="kept"),
        )
    ],
)
# On a busy machine, Airflow fails a task whose start it can't report in time.
AGAIN = {"retries": 3, "retry_delay": timedelta(seconds=3)}
with DAG("kept", schedule=[ASSET], default_args=AGAIN):

    @task
    def told(triggering_asset_events: Any = None) -> list[str]:
        return [guid for event in triggering_asset_events[ASSET] for guid in event.extra["payload"]["created"]]

    told()

with DAG("kept_sensor", schedule=None, default_args=AGAIN):
    DineroChangesSensor(
        task_id="wait",
        resource="contacts",
        dinero_conn_id=CONN_ID,
        initial_since="2020-01-01T00:00:00Z",
        poke_interval=2,
    )
