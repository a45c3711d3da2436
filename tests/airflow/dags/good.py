"""The organization from the connection, as argument, templated and mapped; the sensor in its three modes; tokens."""

from typing import Any

from airflow.sdk import DAG, Param, task

from airflow_provider_dinero.hooks.dinero import DineroHook
from airflow_provider_dinero.operators.call import DineroOperator
from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.sensors.changes import DineroChangesSensor

CONTACT = {"Name": "Good Input", "CountryKey": "DK", "IsPerson": True}
MODES: dict[str, dict[str, Any]] = {
    "poke": {"mode": "poke"},
    "reschedule": {"mode": "reschedule"},
    "deferrable": {"deferrable": True},
}

with DAG("organizations", schedule=None, params={"organization": Param(100001)}):
    DineroUpsertContactOperator(
        task_id="of_connection", dinero_conn_id="dinero_own", contact={**CONTACT, "ExternalReference": "of_connection"}
    )
    DineroUpsertContactOperator(
        task_id="as_argument",
        dinero_conn_id="dinero_own",
        organization_id=100001,
        contact={**CONTACT, "ExternalReference": "as_argument"},
    )
    DineroUpsertContactOperator(
        task_id="templated",
        dinero_conn_id="dinero_visma",
        organization_id="{{ params.organization }}",
        contact={**CONTACT, "ExternalReference": "templated-{{ params.organization }}"},
    )
    DineroUpsertContactOperator.partial(
        task_id="mapped",
        dinero_conn_id="dinero_visma",
        contact={**CONTACT, "ExternalReference": "mapped"},
    ).expand(organization_id=[100001, 100002])

with DAG("any_connection", schedule=None, params={"connection": Param(type="string")}):
    DineroOperator(task_id="organizations", operation="organizations.list", dinero_conn_id="{{ params.connection }}")

for mode, options in MODES.items():
    with DAG(f"sensor_{mode}", schedule=None, params={"since": Param(type="string")}):
        DineroChangesSensor(
            task_id="it",
            dinero_conn_id="dinero_in_database",
            resource="contacts",
            changes_since="{{ params.since }}",
            poke_interval=3,
            timeout=120,
            retries=2,
            retry_delay=1,
            **options,
        )

# Not in the first seconds: Airflow can fail a task whose trigger fires then, and try it again.
with DAG("sensor_timeout", schedule=None):
    DineroChangesSensor(
        task_id="it", changes_since="2099-01-01T00:00:00Z", poke_interval=4, timeout=12, deferrable=True, retries=2
    )

with DAG("tokens", schedule=None):

    @task
    def reads(number: int) -> int:
        return len(list(DineroHook("dinero_visma").get_conn().contacts.list(fields=["Name"])))

    reads.expand(number=list(range(8)))
