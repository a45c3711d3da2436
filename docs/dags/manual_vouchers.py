"""The guide to manual vouchers, as a DAG that runs."""

# --8<-- [start:voucher]
from airflow.sdk import DAG

from airflow_provider_dinero.operators.manual_vouchers import DineroManualVoucherOperator

DAY = "{{ dag_run.run_after | ds }}"

with DAG("cash_to_bank", schedule=None) as cash_to_bank:
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
