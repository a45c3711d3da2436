"""Receipts in a folder or a bucket become purchase vouchers in Dinero, as drafts for the bookkeeper.

What to change: the folder (a param of the run: a local path, or one of object storage such as
s3://aws_default@bucket/receipts), how the account and the amount are found (`expense_of`: here from the file's name,
6000_125.00_Paper.pdf), and the connection `dinero_default`. With `book=True` the vouchers are booked too.

Run it as often as you like: a receipt that already exists is found by its name. A file whose name can't be parsed is
skipped, and named in the log.
"""

import logging
from typing import Any

from airflow.sdk import DAG, ObjectStoragePath, Param, task

from airflow_provider_dinero.operators.purchases import DineroPurchaseVoucherOperator

BANK_ACCOUNT = 55000  # what the receipts were paid from, in Dinero's standard chart of accounts


def expense_of(receipt: ObjectStoragePath) -> dict[str, Any]:
    """Return the arguments of the operator for a receipt."""
    account, amount, text = receipt.stem.split("_", 2)
    voucher = {
        "PurchaseType": "cash",
        "DepositAccountNumber": BANK_ACCOUNT,
        "RegionKey": "DK",
        "Lines": [{"Description": text, "Amount": amount, "AccountNumber": int(account)}],  # with VAT
    }
    return {"receipt": str(receipt), "voucher": voucher, "idempotency_key": f"receipt-{receipt.name}"}


with DAG(
    "dinero_receipts",
    description="Receipts → file archive → purchase vouchers",
    doc_md=__doc__,
    schedule=None,
    params={"folder": Param("/data/receipts", type="string", title="Where the receipts are")},
    default_args={"retries": 2, "retry_delay": 5},
    tags=["dinero", "example"],
) as dag:

    @task
    def receipts(params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return the expense of each receipt in the folder."""
        assert params
        found = []
        for receipt in sorted(ObjectStoragePath(params["folder"]).iterdir(), key=str):
            try:
                found.append(expense_of(receipt))
            except ValueError:
                logging.getLogger(__name__).warning("%s is left out: name it account_amount_text.pdf", receipt.name)
        return found

    DineroPurchaseVoucherOperator.partial(
        task_id="expense", map_index_template="{{ task.idempotency_key }}"
    ).expand_kwargs(receipts())
