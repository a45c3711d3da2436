"""Tasks that wait for each other, and then all send a request at once; tasks that leave traces; and a leak."""

import os
import time
from base64 import b64encode
from pathlib import Path

from airflow.sdk import DAG, Param, get_current_context, task

from airflow_provider_dinero.hooks.dinero import DineroHook
from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.sensors.changes import DineroChangesSensor

TASKS = 16
CONTACT = {"ExternalReference": "traces", "Name": "Traces", "CountryKey": "DK", "IsPerson": True}

with DAG("at_once", schedule=None, max_active_tasks=TASKS):

    @task(retries=0)
    def ask(number: int) -> int:
        client = DineroHook("dinero_shared").get_conn()
        here = Path(os.environ["AIRFLOW_HOME"], "here", str(get_current_context()["run_id"]))
        here.mkdir(parents=True, exist_ok=True)
        (here / str(number)).touch()
        end = time.monotonic() + 300
        while len(list(here.iterdir())) < TASKS and time.monotonic() < end:
            time.sleep(0.005)
        assert time.monotonic() < end, "the others did not come"
        return len(list(client.contacts.list()))

    ask.expand(number=list(range(TASKS)))

with DAG("traces", schedule=None, params={"since": Param("2026-01-01T00:00:00Z")}):
    DineroUpsertContactOperator(
        task_id="operator", dinero_conn_id="dinero_shared", contact=CONTACT
    ) >> DineroChangesSensor(
        task_id="sensor",
        dinero_conn_id="dinero_shared",
        resource="contacts",
        changes_since="2099-01-01T00:00:00Z",
        deferrable=True,
        soft_fail=True,
        poke_interval=2,
        timeout=5,
    )

with DAG("leak", schedule=None):

    @task
    def leak() -> str:
        token = DineroHook("dinero_shared").get_conn().tokens.access()
        print("The token ends with", token[-20:])
        return b64encode(f"Bearer {token}".encode()).decode()

    leak()
