"""The guide to manual vouchers, as a DAG that runs."""

# --8<-- [start:voucher]
import pendulum
from airflow.sdk import DAG

from airflow_provider_dinero.operators.manual_vouchers import DineroManualVoucherOperator

DAY = "{{ macros.dinero.period_key(dag_run, dag, 'day') }}"
START = pendulum.datetime(2026, 1, 1, tz="Europe/Copenhagen")  # the DAG uses its time zone

with DAG("cash_to_bank", schedule=None, start_date=START) as cash_to_bank:
    DineroManualVoucherOperator(
        task_id="deposit",
        idempotency_key=f"cash-to-bank-{DAY}",
        voucher={
            "VoucherDate": DAY,
            "Lines": [
                {
                    "Description": "Cash taken to the bank",
                    "Amount": "500.00",
                    "AccountNumber": 55000,
                    "BalancingAccountNumber": 55010,
                },
            ],
        },
        book=True,
    )
# --8<-- [end:voucher]
