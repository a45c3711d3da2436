"""A public institution gets its invoice as an e-invoice (NemHandel), addressed to its EAN number.

Before you use this DAG, change the customer, the order (the params of the run), the account that the sale is booked to,
and the connection `dinero_default`. Ask the institution for its EAN number and a contact person. Usually, it also has
an order number of its own, which belongs on the invoice.

The DAG checks the EAN number and the contact person while the invoice is still a draft. For each order, it creates,
books and sends the invoice only once.
"""

from airflow.sdk import DAG, Param

from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator

SALES_ACCOUNT = 1000  # sales with VAT, in Dinero's standard chart of accounts

with DAG(
    "dinero_public_einvoice",
    description="Public institution → invoice → booked → e-invoice",
    doc_md=__doc__,
    schedule=None,
    params={
        "order": Param("E-1", type="string", title="Our order number (each order is invoiced only once)"),
        "their_order": Param("4500012345", type="string", title="The institution's order number"),
        "price": Param("4000.00", type="string", pattern=r"^\d+\.\d{2}$", title="Price without VAT (DKK)"),
    },
    default_args={"retries": 2, "retry_delay": 5},
    tags=["dinero", "example"],
) as dag:
    contact = DineroUpsertContactOperator(
        task_id="contact",
        contact={
            "ExternalReference": "municipality-1",
            "Name": "Testby Kommune",
            "CountryKey": "DK",
            "IsPerson": False,
            "EanNumber": "5798000420007",
            "AttPerson": "Bo Jensen",
        },
    )
    DineroInvoiceOperator(
        task_id="invoice",
        idempotency_key="{{ params.order }}",
        invoice={
            "ContactGuid": contact.output["ContactGuid"],
            "ExternalReference": "{{ params.order }}",
            "ProductLines": [
                {
                    "Description": "Course",
                    "Quantity": 1,
                    "BaseAmountValue": "{{ params.price }}",
                    "Unit": "parts",
                    "AccountNumber": SALES_ACCOUNT,
                },
            ],
        },
        book=True,
        send="einvoice",
        mailout={"OrderReference": "{{ params.their_order }}"},
    )
