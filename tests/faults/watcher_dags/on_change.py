"""A DAG that runs on each change, and handles each contact once: it writes a file with the contact's name."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, Asset, AssetWatcher, task

from airflow_provider_dinero.triggers.changes import DineroChangesTrigger

trigger = DineroChangesTrigger(resource="contacts", dinero_conn_id="dinero_default", poke_interval=1)
ASSET = Asset("changed_contacts", watchers=[AssetWatcher(name="watcher", trigger=trigger)])

# On a busy machine a task can time out while it asks Airflow's own server; that is not what is tried here.
with DAG("on_change", schedule=[ASSET], default_args={"retries": 3, "retry_delay": timedelta(seconds=1)}):

    @task
    def note(triggering_asset_events: Any = None) -> int:
        events = triggering_asset_events[ASSET]
        for guid in [each for event in events for each in event.extra["payload"]["created"]]:
            made = Path(os.environ["NOTES"], guid)
            made.touch(exist_ok=True)
        return len(events)

    note()
