"""The guide to ledger items, as DAGs that run."""

# --8<-- [start:payout]
import pendulum
from airflow.sdk import DAG, task

from airflow_provider_dinero.operators.ledger import DineroPostLedgerItemsOperator

DAY = "{{ macros.dinero.period_key(dag_run, dag, 'day') }}"
START = pendulum.datetime(2026, 1, 1, tz="Europe/Copenhagen")  # the DAG uses its time zone

with DAG("payout", schedule=None, start_date=START) as payout:
    DineroPostLedgerItemsOperator(
        task_id="payout",
        idempotency_key=f"payout-{DAY}",
        lines=[
            {
                "VoucherDate": DAY,
                "Lines": [
                    {"Description": "From the payment provider", "Amount": "-1000.00", "AccountNumber": 55020},
                    {"Description": "Fee", "Amount": "25.00", "AccountNumber": 6300, "AccountVatCode": "none"},
                    {"Description": "Bank", "Amount": "975.00", "AccountNumber": 55000},
                ],
            },
        ],
        book=True,
    )
# --8<-- [end:payout]

# --8<-- [start:lines]
with DAG("membership_fees", schedule=None, start_date=START) as membership_fees:

    @task
    def lines(day: str) -> list[dict[str, object]]:
        fees = {"Ida Holm": "300.00", "Bo Lund": "150.00"}  # such as the rows of a query
        return [
            {
                "VoucherDate": day,
                "Description": f"Fee, {name}",
                "Amount": amount,
                "AccountNumber": 55000,
                "BalancingAccountNumber": 1000,
                "BalancingAccountVatCode": "none",
            }
            for name, amount in fees.items()
        ]

    DineroPostLedgerItemsOperator(task_id="fees", idempotency_key=f"fees-{DAY}", lines=lines(DAY))
# --8<-- [end:lines]
