"""An expense, ledger items, an invoice with a sensor, a mirror and an archive: the same twice."""

from pathlib import Path

from airflow.sdk import DAG, Param

from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator
from airflow_provider_dinero.operators.ledger import DineroPostLedgerItemsOperator
from airflow_provider_dinero.operators.purchases import DineroPurchaseVoucherOperator
from airflow_provider_dinero.sensors.states import DineroInvoiceStatusSensor, DineroLedgerBookedSensor
from airflow_provider_dinero.transfers.archive import DineroArchiveOperator
from airflow_provider_dinero.transfers.object_storage import DineroChangesToObjectStorageOperator
from airflow_provider_dinero.transfers.sql import DineroToSqlOperator

LINE = {
    "VoucherNumber": 9001,
    "VoucherDate": "2026-01-02",
    "Description": "Payout",
    "Amount": "975.00",
    "AccountNumber": 55000,
    "BalancingAccountNumber": 1000,
    "BalancingAccountVatCode": "none",
}

with DAG(
    "books",
    schedule=None,
    params={"folder": Param(type="string")},
    default_args={"dinero_conn_id": "dinero_books", "retries": 1, "retry_delay": 1},
):
    expense = DineroPurchaseVoucherOperator(
        task_id="expense",
        idempotency_key="books-bill-1",
        receipt=str(Path(__file__).parent / "data" / "receipt.pdf"),
        voucher={
            "PurchaseType": "cash",
            "DepositAccountNumber": 55000,
            "RegionKey": "DK",
            "Lines": [{"Description": "Papir", "Amount": "125.00", "AccountNumber": 4000}],
        },
        book=True,
    )
    posted = DineroPostLedgerItemsOperator(task_id="post", lines=[LINE], idempotency_key="books-2026-01", book=True)
    DineroLedgerBookedSensor(task_id="booked", items=posted.output, poke_interval=3, timeout=60)
    contact = DineroUpsertContactOperator(
        task_id="contact",
        contact={"Name": "Books", "CountryKey": "DK", "IsPerson": True, "ExternalReference": "books"},
    )
    invoice = DineroInvoiceOperator(
        task_id="invoice",
        idempotency_key="books-order-1",
        book=True,
        payment={"DepositAccountNumber": 55000, "Amount": "125.00", "RemainderIsFee": False, "Description": "Bank"},
        invoice={
            "ContactGuid": contact.output["ContactGuid"],
            "ProductLines": [
                {
                    "Description": "Bell",
                    "Quantity": 1,
                    "BaseAmountValue": "100.00",
                    "Unit": "parts",
                    "AccountNumber": 1000,
                }
            ],
        },
    )
    paid = DineroInvoiceStatusSensor(
        task_id="paid", invoices=invoice.output, until="Paid", poke_interval=3, timeout=60, deferrable=True
    )
    mirror = DineroToSqlOperator(task_id="mirror", resource="invoices", conn_id="books", table="invoices")
    archive = DineroArchiveOperator(task_id="archive", path="{{ params.folder }}/archive")
    changes = DineroChangesToObjectStorageOperator(
        task_id="changes", resource="contacts", path="{{ params.folder }}/changes"
    )
    [expense, paid] >> mirror >> archive >> changes
