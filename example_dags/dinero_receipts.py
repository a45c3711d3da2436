"""Receipts in a folder or a bucket become purchase vouchers in Dinero, as drafts for the bookkeeper.

Before you use this DAG, change the folder (a param of the run: a local path, or an address in object storage such as
s3://aws_default@bucket/receipts), how it finds the account and the amount of a receipt (`expense_of`), and the
connection `dinero_default`. In this example, account and amount are in the name of the file, such as
6000_125.00_Paper.pdf. With `book=True`, the DAG books the vouchers too.

You can run the DAG as often as you like, because it recognizes an existing voucher by the name of the receipt's file.
If it can't parse the name of a file, it skips the file, and names it in the log.
"""

import logging
from typing import Any

from airflow.sdk import DAG, ObjectStoragePath, Param, task
from airflow.sdk.exceptions import AirflowFailException

from airflow_provider_dinero.operators.purchases import DineroPurchaseVoucherOperator

BANK_ACCOUNT = 55000  # the receipts were paid from this account of Dinero's standard chart


def expense_of(receipt: ObjectStoragePath) -> dict[str, Any]:
    """Return the operator's arguments for a receipt."""
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
        folder, found = ObjectStoragePath(params["folder"]), []
        if not folder.is_dir():
            raise AirflowFailException(f"There is no folder {folder}: trigger the DAG with another value of `folder`.")
        for receipt in sorted(folder.iterdir(), key=str):
            try:
                found.append(expense_of(receipt))
            except ValueError:
                logging.getLogger(__name__).warning("%s is left out: name it account_amount_text.pdf", receipt.name)
        return found

    DineroPurchaseVoucherOperator.partial(
        task_id="expense", map_index_template="{{ task.idempotency_key }}"
    ).expand_kwargs(receipts())
