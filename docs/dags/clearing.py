"""What a run that is repeated makes, as DAGs that run."""

# --8<-- [start:month]
import pendulum
from airflow.sdk import DAG, Param

from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator

MONTH = "{{ macros.dinero.period_key(dag_run, dag, 'month') }}"  # the same in all runs of a month, also by hand

with DAG(
    "monthly_fee",
    schedule="@monthly",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Copenhagen"),  # its time zone is the DAG's
    params={"generation": Param(0, type="integer")},
) as monthly_fee:
    contact = DineroUpsertContactOperator(
        task_id="contact",
        contact={"ExternalReference": "customer-17", "Name": "Ida Holm", "CountryKey": "DK", "IsPerson": True},
    )
    DineroInvoiceOperator(
        task_id="invoice",
        idempotency_key=f"fee/customer-17/{MONTH}",
        generation="{{ params.generation }}",
        invoice={
            "ContactGuid": contact.output["ContactGuid"],
            "ProductLines": [
                {
                    "Description": "Fee",
                    "Quantity": 1,
                    "BaseAmountValue": "200.00",
                    "Unit": "month",
                    "AccountNumber": 1000,
                },
            ],
        },
    )
# --8<-- [end:month]
