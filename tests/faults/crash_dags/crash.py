"""A DAG of one task for each operator whose worker is killed."""

from airflow.sdk import DAG

from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator
from airflow_provider_dinero.operators.invoices import DineroSendInvoiceOperator
from airflow_provider_dinero.operators.ledger import DineroPostLedgerItemsOperator
from airflow_provider_dinero.operators.purchases import DineroPurchaseVoucherOperator

RETRIES = 20
KEY = "{{ dag_run.conf['key'] }}"
CONTACT = "{{ dag_run.conf['contact'] }}"

with DAG("invoice", schedule=None):
    DineroInvoiceOperator(
        task_id="it",
        idempotency_key=KEY,
        invoice={
            "ContactGuid": CONTACT,
            "ProductLines": [
                {
                    "Description": "Bell",
                    "Quantity": 3,
                    "BaseAmountValue": "80.35",
                    "Unit": "parts",
                    "AccountNumber": 1000,
                },
            ],
        },
        book=True,
        send="email",
        payment={"DepositAccountNumber": 55000, "Description": "Bank"},
        retries=RETRIES,
    )

with DAG("expense", schedule=None):
    DineroPurchaseVoucherOperator(
        task_id="it",
        idempotency_key=KEY,
        receipt="{{ dag_run.conf['receipt'] }}",
        voucher={
            "PurchaseType": "credit",
            "VoucherDate": "{{ dag_run.conf['date'] }}",
            "PaymentDate": "{{ dag_run.conf['date'] }}",
            "ContactGuid": CONTACT,
            "CurrencyKey": "DKK",
            "Lines": [{"Description": "Saddles", "AccountNumber": 2000, "Amount": "312.50"}],
        },
        book=True,
        payment={"DepositAccountNumber": 55000, "Amount": "312.50", "Description": "Bank"},
        retries=RETRIES,
    )

LINE = {
    "Description": "Repair",
    "Amount": "125.00",
    "AccountNumber": 6020,
    "BalancingAccountNumber": 55000,
}

with DAG("ledger", schedule=None):
    DineroPostLedgerItemsOperator(
        task_id="it",
        idempotency_key=KEY,
        # Two groups: `crash.py` lets a ledger hold two lines.
        lines=[
            {"VoucherDate": "{{ dag_run.conf['date'] }}", "Lines": [LINE, LINE]},
            {"VoucherDate": "{{ dag_run.conf['date'] }}", **LINE},
        ],
        book=True,
        retries=RETRIES,
    )

with DAG("send", schedule=None):
    DineroSendInvoiceOperator(task_id="it", invoice="{{ dag_run.conf['invoice'] }}", retries=RETRIES)
