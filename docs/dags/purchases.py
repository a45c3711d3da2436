"""The guide to purchases, as DAGs that run."""

# --8<-- [start:imports]
import pendulum
from airflow.sdk import DAG

from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.purchase_credit_notes import DineroPurchaseCreditNoteOperator
from airflow_provider_dinero.operators.purchases import DineroPurchaseVoucherOperator

# --8<-- [end:imports]

# --8<-- [start:cash]
with DAG("cash_purchase", schedule=None) as cash_purchase:
    DineroPurchaseVoucherOperator(
        task_id="paper",
        idempotency_key="bill-7",
        receipt="/data/bill-7.pdf",
        voucher={
            "PurchaseType": "cash",
            "DepositAccountNumber": 55000,
            "RegionKey": "DK",
            "Lines": [{"Description": "Paper", "Amount": "125.00", "AccountNumber": 6000}],
        },
        book=True,
    )
# --8<-- [end:cash]

# --8<-- [start:credit]
SUPPLIER = {"ExternalReference": "supplier-3", "Name": "Hosting ApS", "CountryKey": "DK", "IsPerson": False}
MONTH = "{{ macros.dinero.period_key(dag_run, dag, 'month') }}"
START = pendulum.datetime(2026, 1, 1, tz="Europe/Copenhagen")  # the DAG uses its time zone

with DAG("credit_purchase", schedule="@monthly", start_date=START) as credit_purchase:
    supplier = DineroUpsertContactOperator(task_id="supplier", contact=SUPPLIER)
    bill = DineroPurchaseVoucherOperator(
        task_id="bill",
        idempotency_key=f"hosting-{MONTH}",
        receipt="/data/receipts/bill-8.pdf",  # the bill of the month
        voucher={
            "PurchaseType": "credit",
            "ContactGuid": supplier.output["ContactGuid"],
            "VoucherDate": f"{MONTH}-01",
            "PaymentDate": f"{MONTH}-28",
            "Lines": [{"Description": "Hosting", "Amount": "500.00", "AccountNumber": 6040}],
        },
        book=True,
    )
# --8<-- [end:credit]

# --8<-- [start:credit_note]
with DAG("supplier_pays_back", schedule=None, start_date=START) as supplier_pays_back:
    supplier = DineroUpsertContactOperator(task_id="supplier", contact=SUPPLIER)
    DineroPurchaseCreditNoteOperator(
        task_id="credit_note",
        idempotency_key=f"hosting-outage-{MONTH}",
        credit_note={
            "ContactGuid": supplier.output["ContactGuid"],
            "Lines": [{"Description": "Outage", "Amount": "50.00", "AccountNumber": 6040}],
        },
        book=True,
    )
# --8<-- [end:credit_note]
