"""Calls of more than one request: steps that are done once, and changes that are followed."""

from collections.abc import Callable
from typing import Any

from airflow_provider_dinero.api import DineroClient
from tests.api.calls import PDF, SINCE
from tests.contract import GUID, body

CONTACT = {name: value for name, value in body("ContactCreateModel").items() if name != "ContactGuid"}
CREDIT_PAYMENT = "PurchaseVoucherCreditPaymentCreateModel"
REMINDER = {"Id": 1, "Date": "2026-02-01"}

ONCE: dict[str, Callable[[DineroClient], Any]] = {
    "attachments.attach_once": lambda c: c.attachments.attach_once(GUID, PDF, "a.pdf"),
    "contacts.changes": lambda c: list(c.contacts.changes(SINCE)),
    "contacts.upsert": lambda c: c.contacts.upsert(CONTACT),
    "credit_notes.add_payment_once": lambda c: c.credit_notes.add_payment_once(GUID, body("PaymentCreateModel")),
    "credit_notes.email_once": lambda c: c.credit_notes.email_once(GUID),
    "files.upload_once": lambda c: c.files.upload_once(PDF, "a.pdf"),
    "invoices.add_payment_once": lambda c: c.invoices.add_payment_once(GUID, body("PaymentCreateModel")),
    "invoices.book_latest": lambda c: c.invoices.book(GUID),
    "invoices.changes": lambda c: list(c.invoices.changes(SINCE)),
    "invoices.email_once": lambda c: c.invoices.email_once(GUID),
    "invoices.send_e_invoice_once": lambda c: c.invoices.send_e_invoice_once(GUID, body("EInvoiceSendModel")),
    "invoices.update_once": lambda c: c.invoices.update_once(GUID, body("InvoiceUpdateModel")),
    "ledger_items.post_once": lambda c: c.ledger_items.post_once([body("LedgerItemModelV2")], book=True),
    "manual_vouchers.create_once": lambda c: c.manual_vouchers.create_once(body("ManuelVoucherCreateModel")),
    "products.upsert": lambda c: c.products.upsert(body("ProductCreateModel")),
    "purchase_vouchers.add_payment_once": lambda c: c.purchase_vouchers.add_payment_once(GUID, body(CREDIT_PAYMENT)),
    "purchase_vouchers.create_once": lambda c: c.purchase_vouchers.create_once(body("PurchaseVoucherCreateModelV2")),
    "reminders.email_once": lambda c: c.reminders.email_once(GUID, REMINDER, body("ApiMailoutModel")),
    "reminders.pre_remind_once": lambda c: c.reminders.pre_remind_once(GUID, body("ApiMailoutModel")),
    "sms.send_once": lambda c: c.sms.send_once(GUID, body("SmsSendModel")),
    "trade_offers.email_once": lambda c: c.trade_offers.email_once(GUID),
    "trade_offers.generate_invoice_once": lambda c: c.trade_offers.generate_invoice_once(GUID),
}
