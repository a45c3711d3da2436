"""The guide to files in object storage, as DAGs that run."""

# --8<-- [start:imports]
from airflow.sdk import DAG

from airflow_provider_dinero.sensors.changes import DineroChangesSensor
from airflow_provider_dinero.transfers.object_storage import (
    DineroChangesToObjectStorageOperator,
    DineroEntriesToObjectStorageOperator,
)

# --8<-- [end:imports]
# isort: split
from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator

CONTACT = {"ExternalReference": "customer-24", "Name": "Ida Holm", "CountryKey": "DK", "IsPerson": True}
LINE = {"Description": "Bell", "Quantity": 1, "BaseAmountValue": "80.00", "Unit": "parts", "AccountNumber": 1000}

with DAG("an_invoice_to_store", schedule=None) as an_invoice:
    contact = DineroUpsertContactOperator(task_id="contact", contact=CONTACT)
    DineroInvoiceOperator(
        task_id="invoice",
        idempotency_key="order-4718",
        invoice={"ContactGuid": contact.output["ContactGuid"], "ProductLines": [LINE]},
        book=True,
    )

# --8<-- [start:files]
with DAG("lake", schedule=None, default_args={"retries": 3}) as lake:
    DineroChangesToObjectStorageOperator(task_id="invoices", resource="invoices", path="/data/lake")
    DineroEntriesToObjectStorageOperator(task_id="entries", path="/data/lake", format="parquet")
# --8<-- [end:files]

# --8<-- [start:window]
with DAG("invoices_of_a_window", schedule=None, max_active_runs=1) as invoices_of_a_window:
    changes = DineroChangesSensor(
        task_id="changes",
        resource="invoices",
        initial_since="{{ macros.ds_add(macros.dinero.period_key(dag_run, dag, 'day'), -7) }}",
        deferrable=True,
    )
    DineroChangesToObjectStorageOperator(
        task_id="store", resource="invoices", path="/data/windows", changes=changes.output
    )
# --8<-- [end:window]
