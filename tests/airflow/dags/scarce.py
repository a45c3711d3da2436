"""A task whose allowance others have used up."""

from airflow.sdk import DAG

from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator

with DAG("scarce", schedule=None, default_args={"retries": 1, "retry_delay": 5}):
    DineroUpsertContactOperator(
        task_id="it",
        dinero_conn_id="dinero_scarce",
        contact={"Name": "Scarce", "CountryKey": "DK", "IsPerson": True, "ExternalReference": "scarce"},
    )
