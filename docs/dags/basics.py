"""What the guide "What all operators share" shows."""

# --8<-- [start:dry_run]
from airflow.sdk import DAG

from airflow_provider_dinero.operators.ledger import DineroPostLedgerItemsOperator
from airflow_provider_dinero.operators.purchases import DineroPurchaseVoucherOperator

with DAG("bills_and_payouts", schedule=None, default_args={"dry_run": True}) as bills_and_payouts:
    DineroPurchaseVoucherOperator(
        task_id="expense",
        idempotency_key="bill-7",
        receipt="/data/bill-7.pdf",
        voucher={
            "PurchaseType": "cash",
            "DepositAccountNumber": 55000,
            "RegionKey": "DK",
            "Lines": [{"Description": "Paper", "Amount": "125.00", "AccountNumber": 6000}],  # with VAT
        },
        book=True,
    )
    # Lines with the same number are one voucher, and must balance.
    day = {"VoucherNumber": 9001, "VoucherDate": "2026-01-02"}
    DineroPostLedgerItemsOperator(
        task_id="payout",
        idempotency_key="payout-2026-01-02",
        lines=[
            {**day, "Description": "From the payment provider", "Amount": "-1000.00", "AccountNumber": 55020},
            {**day, "Description": "Fee", "Amount": "25.00", "AccountNumber": 6300, "AccountVatCode": "none"},
            {**day, "Description": "Bank", "Amount": "975.00", "AccountNumber": 55000},
        ],
        book=True,
    )
# --8<-- [end:dry_run]
