"""The guide to all other calls, as DAGs that run."""

# --8<-- [start:read]
from airflow.sdk import DAG

from airflow_provider_dinero.operators.call import DineroOperator
from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator

with DAG("balances", schedule=None) as balances:
    DineroOperator(task_id="accounts", operation="accounts.deposit")
    DineroOperator(
        task_id="saldo",
        operation="reports.saldo",
        arguments={"year": "{{ macros.dinero.period_key(dag_run, dag, 'year') }}"},
    )
# --8<-- [end:read]

# --8<-- [start:write]
CONTACT = {"ExternalReference": "customer-19", "Name": "Ida Holm", "CountryKey": "DK", "IsPerson": True}

with DAG("note_on_a_contact", schedule=None) as note_on_a_contact:
    contact = DineroUpsertContactOperator(task_id="contact", contact=CONTACT)
    DineroOperator(
        task_id="note",
        operation="contact_notes.create",
        arguments={"contact_guid": contact.output["ContactGuid"], "text": "Called about the delivery."},
    )
# --8<-- [end:write]
