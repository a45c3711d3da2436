"""The guide to the status sensors, as DAGs that run."""

# --8<-- [start:imports]
from datetime import timedelta

import pendulum
from airflow.sdk import DAG

from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator
from airflow_provider_dinero.operators.ledger import DineroPostLedgerItemsOperator
from airflow_provider_dinero.sensors.states import DineroInvoiceStatusSensor, DineroLedgerBookedSensor

CONTACT = {"ExternalReference": "customer-22", "Name": "Ida Holm", "CountryKey": "DK", "IsPerson": True}
LINE = {"Description": "Bell", "Quantity": 1, "BaseAmountValue": "80.00", "Unit": "parts", "AccountNumber": 1000}
DAY = "{{ macros.dinero.period_key(dag_run, dag, 'day') }}"
START = pendulum.datetime(2026, 1, 1, tz="Europe/Copenhagen")  # the DAG uses its time zone
FEES = [
    {
        "VoucherDate": DAY,
        "Description": "Fee",
        "Amount": "300.00",
        "AccountNumber": 55000,
        "BalancingAccountNumber": 1000,
        "BalancingAccountVatCode": "none",
    }
]

# --8<-- [end:imports]

# A customer who has paid, and a bookkeeper who has booked: then nobody has to wait.
with DAG("others", schedule=None, start_date=START) as others:
    contact = DineroUpsertContactOperator(task_id="contact", contact=CONTACT)
    DineroInvoiceOperator(
        task_id="invoice",
        idempotency_key="order-4716",
        invoice={"ContactGuid": contact.output["ContactGuid"], "ProductLines": [LINE]},
        book=True,
        payment={"DepositAccountNumber": 55000, "Amount": "100.00", "RemainderIsFee": False, "Description": "Bank"},
    )
    DineroPostLedgerItemsOperator(task_id="fees", idempotency_key=f"card-fees-{DAY}", lines=FEES, book=True)

# --8<-- [start:paid]
with DAG("deliver_when_paid", schedule=None) as deliver_when_paid:
    contact = DineroUpsertContactOperator(task_id="contact", contact=CONTACT)
    invoice = DineroInvoiceOperator(
        task_id="invoice",
        idempotency_key="order-4716",
        invoice={"ContactGuid": contact.output["ContactGuid"], "ProductLines": [LINE]},
        book=True,
    )
    DineroInvoiceStatusSensor(
        task_id="paid",
        invoices=invoice.output,
        until="Paid",
        poke_interval=600,
        timeout=timedelta(days=30),
        deferrable=True,
    )
# --8<-- [end:paid]

# --8<-- [start:booked]
with DAG("fees_for_the_bookkeeper", schedule=None, start_date=START) as fees_for_the_bookkeeper:
    fees = DineroPostLedgerItemsOperator(task_id="fees", idempotency_key=f"card-fees-{DAY}", lines=FEES)
    DineroLedgerBookedSensor(
        task_id="booked", items=fees.output, poke_interval=600, timeout=timedelta(days=7), deferrable=True
    )
# --8<-- [end:booked]
