"""The guide to the changes sensor, as DAGs that run."""

# --8<-- [start:imports]
from airflow.sdk import DAG, task

from airflow_provider_dinero.hooks.dinero import DineroHook
from airflow_provider_dinero.operators.commit_changes import DineroCommitChangesOperator
from airflow_provider_dinero.sensors.changes import DineroChangesSensor

# --8<-- [end:imports]
# isort: split
from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator

# Something has to have changed.
with DAG("somebody_else", schedule=None) as somebody_else:
    DineroUpsertContactOperator(
        task_id="contact",
        contact={"ExternalReference": "customer-21", "Name": "Ida Holm", "CountryKey": "DK", "IsPerson": True},
    )

# --8<-- [start:committed]
with DAG("contacts_to_crm", schedule=None, max_active_runs=1) as contacts_to_crm:
    changes = DineroChangesSensor(
        task_id="changes",
        resource="contacts",
        initial_since="{{ macros.ds_add(macros.dinero.period_key(dag_run, dag, 'day'), -30) }}",
        commit="by_operator",
        poke_interval=60,
        timeout=3600,
        deferrable=True,
    )

    @task
    def use(window: dict) -> None:
        contacts = DineroHook().get_conn().contacts
        for guid in [*window["created"], *window["updated"]]:
            print(contacts.get(guid)["Name"])  # write it to your CRM here, by its Guid

    commit = DineroCommitChangesOperator(task_id="commit", changes=changes.output, resource="contacts")
    use(changes.output) >> commit
# --8<-- [end:committed]

# --8<-- [start:since]
with DAG("contacts_of_a_week", schedule=None) as contacts_of_a_week:
    DineroChangesSensor(
        task_id="changes",
        resource="contacts",
        changes_since="{{ macros.ds_add(macros.dinero.period_key(dag_run, dag, 'day'), -7) }}",
        include_deleted=False,
        timeout=3600,
        deferrable=True,
    )
# --8<-- [end:since]
