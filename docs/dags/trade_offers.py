"""The guide to trade offers, as DAGs that run."""

# --8<-- [start:imports]
from airflow.sdk import DAG

from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.invoices import DineroBookInvoiceOperator
from airflow_provider_dinero.operators.trade_offers import (
    DineroCreateTradeOfferOperator,
    DineroInvoiceTradeOfferOperator,
    DineroSendTradeOfferOperator,
)

CUSTOMER = {
    "ExternalReference": "customer-17",
    "Name": "Ida Holm",
    "CountryKey": "DK",
    "IsPerson": True,
    "Email": "ida@example.dk",
}
REPAIR = {
    "Description": "Repair of a wheel",
    "Quantity": 2,
    "BaseAmountValue": "350.00",
    "Unit": "hours",
    "AccountNumber": 1000,
}
# --8<-- [end:imports]

# --8<-- [start:offer]
with DAG("offer", schedule=None, default_args={"retries": 2}) as offer_alone:
    contact = DineroUpsertContactOperator(task_id="contact", contact=CUSTOMER)
    offer = DineroCreateTradeOfferOperator(
        task_id="offer",
        idempotency_key="quote-88",
        trade_offer={"ContactGuid": contact.output["ContactGuid"], "ProductLines": [REPAIR]},
    )
    DineroSendTradeOfferOperator(task_id="send", trade_offer=offer.output)
# --8<-- [end:offer]

# --8<-- [start:invoice]
with DAG("offer_accepted", schedule=None, default_args={"retries": 2}) as offer_accepted:
    contact = DineroUpsertContactOperator(task_id="contact", contact=CUSTOMER)
    offer = DineroCreateTradeOfferOperator(
        task_id="offer",
        idempotency_key="quote-88",
        trade_offer={"ContactGuid": contact.output["ContactGuid"], "ProductLines": [REPAIR]},
    )
    draft = DineroInvoiceTradeOfferOperator(task_id="invoice", trade_offer=offer.output)
    DineroBookInvoiceOperator(task_id="book", invoice=draft.output)
# --8<-- [end:invoice]
