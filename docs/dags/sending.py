"""The guide to sending, as DAGs that run."""

# --8<-- [start:imports]
from airflow.sdk import DAG

from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator
from airflow_provider_dinero.operators.invoices import DineroSendInvoiceOperator

CUSTOMER = {
    "ExternalReference": "customer-17",
    "Name": "Ida Holm",
    "CountryKey": "DK",
    "IsPerson": True,
    "Email": "ida@example.dk",
    "Phone": "20304050",
}
BELL = {
    "Description": "Bicycle bell",
    "Quantity": 1,
    "BaseAmountValue": "80.00",
    "Unit": "parts",
    "AccountNumber": 1000,
}
# --8<-- [end:imports]

# --8<-- [start:email]
with DAG("send_by_email", schedule=None, params={"resend": 0}) as by_email:
    contact = DineroUpsertContactOperator(task_id="contact", contact=CUSTOMER)
    invoice = DineroInvoiceOperator(
        task_id="invoice",
        idempotency_key="order-4761",
        invoice={"ContactGuid": contact.output["ContactGuid"], "ProductLines": [BELL]},
        book=True,
    )
    DineroSendInvoiceOperator(
        task_id="email",
        invoice=invoice.output,
        mailout={
            "Subject": "Your invoice for order 4761",
            "Message": "Thank you for your order: [link-to-pdf]",
            "AddVoucherAsPdfAttachment": True,
        },
        resend="{{ params.resend }}",
    )
# --8<-- [end:email]

# --8<-- [start:sms]
with DAG("send_by_sms", schedule=None) as by_sms:
    contact = DineroUpsertContactOperator(task_id="contact", contact=CUSTOMER)
    invoice = DineroInvoiceOperator(
        task_id="invoice",
        idempotency_key="order-4763",
        invoice={"ContactGuid": contact.output["ContactGuid"], "ProductLines": [BELL]},
        book=True,
    )
    DineroSendInvoiceOperator(
        task_id="text",
        invoice=invoice.output,
        channel="sms",
        mailout={"Message": "Your invoice for order 4763: [link-to-pdf]"},
    )
# --8<-- [end:sms]

# --8<-- [start:public]
with DAG("send_to_the_public_sector", schedule=None) as to_the_public_sector:
    contact = DineroUpsertContactOperator(
        task_id="contact",
        contact={
            "ExternalReference": "school-3",
            "Name": "Ry Skole",
            "CountryKey": "DK",
            "IsPerson": False,
            "EanNumber": "5798000420007",
            "AttPerson": "Bo Friis",
        },
    )
    DineroInvoiceOperator(
        task_id="invoice",
        idempotency_key="order-4762",
        invoice={"ContactGuid": contact.output["ContactGuid"], "ProductLines": [BELL]},
        book=True,
        send="einvoice",
        mailout={"OrderReference": "PO-2291"},
    )
# --8<-- [end:public]
