"""The guide to payments, as DAGs that run."""

# --8<-- [start:imports]
from airflow.sdk import DAG

from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.credit_notes import DineroCreateCreditNoteOperator
from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator
from airflow_provider_dinero.operators.payments import DineroAddPaymentOperator

CUSTOMER = {
    "ExternalReference": "customer-17",
    "Name": "Ida Holm",
    "CountryKey": "DK",
    "IsPerson": True,
    "Email": "ida@example.dk",
}
BELL = {
    "Description": "Bicycle bell",
    "Quantity": 1,
    "BaseAmountValue": "80.00",
    "Unit": "parts",
    "AccountNumber": 1000,
}
# --8<-- [end:imports]

# --8<-- [start:payment]
with DAG("payment_from_the_bank", schedule=None, default_args={"retries": 2}) as from_the_bank:
    contact = DineroUpsertContactOperator(task_id="contact", contact=CUSTOMER)
    invoice = DineroInvoiceOperator(
        task_id="invoice",
        idempotency_key="order-4741",
        invoice={"ContactGuid": contact.output["ContactGuid"], "ProductLines": [BELL]},
        book=True,
    )
    DineroAddPaymentOperator(
        task_id="payment",
        invoice=invoice.output,
        idempotency_key="bank-2291",
        payment={"DepositAccountNumber": 55000, "Amount": "100.00", "Description": "Bank transfer"},
    )
# --8<-- [end:payment]

# --8<-- [start:paid]
with DAG("paid_in_the_shop", schedule=None, default_args={"retries": 2}) as paid_in_the_shop:
    contact = DineroUpsertContactOperator(task_id="contact", contact=CUSTOMER)
    DineroInvoiceOperator(
        task_id="invoice",
        idempotency_key="order-4742",
        invoice={"ContactGuid": contact.output["ContactGuid"], "ProductLines": [BELL]},
        book=True,
        payment={"DepositAccountNumber": 55000, "Description": "Card"},
    )
# --8<-- [end:paid]

# --8<-- [start:refund]
with DAG("refund", schedule=None, default_args={"retries": 2}) as refund:
    contact = DineroUpsertContactOperator(task_id="contact", contact=CUSTOMER)
    invoice = DineroInvoiceOperator(
        task_id="invoice",
        idempotency_key="order-4743",
        invoice={"ContactGuid": contact.output["ContactGuid"], "ProductLines": [BELL]},
        book=True,
        payment={"DepositAccountNumber": 55000, "Description": "Card"},
    )
    credit_note = DineroCreateCreditNoteOperator(
        task_id="credit_note",
        invoice=invoice.output,
        idempotency_key="return-of-order-4743",
        book=True,
    )
    pay_back = DineroAddPaymentOperator(
        task_id="pay_back",
        invoice=invoice.output,
        idempotency_key="refund-of-order-4743",
        payment={"DepositAccountNumber": 55000, "Amount": "-100.00", "Description": "Refund"},
    )
    credit_note >> pay_back
# --8<-- [end:refund]
