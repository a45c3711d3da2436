"""A call of each operation with all its arguments: `python -m tests.api.calls` makes all calls, or those named."""

import sys
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from airflow_provider_dinero.api import DineroClient, PersonalIntegration, eq
from airflow_provider_dinero.api.__main__ import operations
from airflow_provider_dinero.api.ports import MemoryTokenStore
from tests.contract import GUID, body, serving

DAY = date(2026, 2, 1)
SINCE = "2026-02-01T10:00:00Z"
STAMP = "00000000020A5EA8"
PDF = b"%PDF-1.4 receipt"
SALES: dict[str, Any] = {
    "filters": eq("ExternalReference", "o'1"),
    "status": ["Paid", "Overdue"],
    "text": "x",
    "start_date": DAY,
    "end_date": DAY,
    "changes_since": SINCE,
    "deleted_only": True,
    "sort": "VoucherDate",
    "sort_order": "ascending",
}
REPORT: dict[str, Any] = {
    "zero_accounts": True,
    "account_numbers": True,
    "summary_accounts": False,
    "vat_types": True,
}
PERIOD: dict[str, Any] = {"from_date": DAY, "to_date": DAY, "hide_closed": True}

CALLS: dict[str, Callable[[DineroClient], Any]] = {
    "accounting_years.list": lambda c: c.accounting_years.list(),
    "accounts.create": lambda c: c.accounts.create(body("AccountCreateModel")),
    "accounts.create_deposit": lambda c: c.accounts.create_deposit(body("DepositCreateModel")),
    "accounts.deposit": lambda c: c.accounts.deposit(),
    "accounts.list": lambda c: c.accounts.list(category="Turnover"),
    "accounts.purchase": lambda c: c.accounts.purchase(),
    "attachments.attach": lambda c: c.attachments.attach(GUID, GUID, "æ b.pdf"),
    "attachments.bind_default": lambda c: c.attachments.bind_default(GUID, "Invoice"),
    "attachments.detach": lambda c: c.attachments.detach(GUID, GUID),
    "attachments.list": lambda c: c.attachments.list(GUID),
    "contact_notes.create": lambda c: c.contact_notes.create(GUID, "text"),
    "contact_notes.delete": lambda c: c.contact_notes.delete(GUID, GUID),
    "contact_notes.get": lambda c: c.contact_notes.get(GUID, GUID),
    "contact_notes.list": lambda c: c.contact_notes.list(GUID, deleted_only=True),
    "contact_notes.update": lambda c: c.contact_notes.update(GUID, GUID, "text"),
    "contacts.create": lambda c: c.contacts.create(body("ContactCreateModel")),
    "contacts.delete": lambda c: c.contacts.delete(GUID),
    "contacts.get": lambda c: c.contacts.get(GUID),
    "contacts.list": lambda c: c.contacts.list(filters=eq("Name", "x"), changes_since=SINCE, deleted_only=True),
    "contacts.list_all": lambda c: c.contacts.list_all(filters=eq("Name", "x"), changes_since=SINCE),
    "contacts.restore": lambda c: c.contacts.restore(GUID),
    "contacts.update": lambda c: c.contacts.update(GUID, body("ContactUpdateModel")),
    "countries.list": lambda c: c.countries.list(),
    "credit_notes.add_payment": lambda c: c.credit_notes.add_payment(GUID, body("PaymentCreateModel")),
    "credit_notes.book": lambda c: c.credit_notes.book(GUID, timestamp=STAMP, number=1),
    "credit_notes.create": lambda c: c.credit_notes.create(body("SalesCreditNoteCreateModel")),
    "credit_notes.delete": lambda c: c.credit_notes.delete(GUID, timestamp=STAMP),
    "credit_notes.delete_payment": lambda c: c.credit_notes.delete_payment(GUID, GUID, timestamp=STAMP),
    "credit_notes.email": lambda c: c.credit_notes.email(GUID, body("ApiMailoutModel")),
    "credit_notes.email_template": lambda c: c.credit_notes.email_template(GUID),
    "credit_notes.fetch": lambda c: c.credit_notes.fetch(body("SalesCreditNoteCreateFetchModel")),
    "credit_notes.get": lambda c: c.credit_notes.get(GUID),
    "credit_notes.list": lambda c: c.credit_notes.list(**SALES),
    "credit_notes.mailouts": lambda c: c.credit_notes.mailouts(GUID, changes_since=SINCE),
    "credit_notes.payments": lambda c: c.credit_notes.payments(GUID),
    "credit_notes.pdf": lambda c: c.credit_notes.pdf(GUID),
    "credit_notes.send_e_credit_note": lambda c: c.credit_notes.send_e_credit_note(GUID, body("EInvoiceSendModel")),
    "credit_notes.update": lambda c: c.credit_notes.update(GUID, body("SalesCreditNoteUpdateModel"), timestamp=STAMP),
    "entries.between": lambda c: c.entries.between(DAY, DAY, include_primo=False),
    "entries.changes": lambda c: c.entries.changes(SINCE, "2026-02-02", include_primo=False),
    "files.get": lambda c: c.files.get(GUID),
    "files.list": lambda c: c.files.list(
        extensions=["pdf", "png"], status="Used", uploaded_after=DAY, uploaded_before=DAY
    ),
    "files.upload": lambda c: c.files.upload(PDF, "a.pdf"),
    "files.upload_attachment": lambda c: c.files.upload_attachment(PDF, "a.pdf"),
    "invoices.add_payment": lambda c: c.invoices.add_payment(GUID, body("PaymentCreateModel")),
    "invoices.book": lambda c: c.invoices.book(GUID, timestamp=STAMP, number=1),
    "invoices.create": lambda c: c.invoices.create(body("InvoiceCreateModel")),
    "invoices.delete": lambda c: c.invoices.delete(GUID, timestamp=STAMP),
    "invoices.delete_payment": lambda c: c.invoices.delete_payment(GUID, GUID, timestamp=STAMP),
    "invoices.email": lambda c: c.invoices.email(GUID, body("ApiMailoutModel")),
    "invoices.email_pre_reminder": lambda c: c.invoices.email_pre_reminder(GUID, body("ApiMailoutModel")),
    "invoices.email_template": lambda c: c.invoices.email_template(GUID),
    "invoices.fetch": lambda c: c.invoices.fetch(body("InvoiceCreateFetchModel")),
    "invoices.generate_credit_note": lambda c: c.invoices.generate_credit_note(GUID, timestamp=STAMP),
    "invoices.get": lambda c: c.invoices.get(GUID),
    "invoices.list": lambda c: c.invoices.list(**SALES),
    "invoices.mailouts": lambda c: c.invoices.mailouts(GUID, changes_since=SINCE, include_sms=False),
    "invoices.payments": lambda c: c.invoices.payments(GUID),
    "invoices.pre_reminder_template": lambda c: c.invoices.pre_reminder_template(GUID),
    "invoices.send_e_invoice": lambda c: c.invoices.send_e_invoice(GUID, body("EInvoiceSendModel")),
    "invoices.templates": lambda c: c.invoices.templates(),
    "invoices.update": lambda c: c.invoices.update(GUID, body("InvoiceUpdateModel")),
    "ledger_items.book": lambda c: c.ledger_items.book([body("LedgerItemModel")]),
    "ledger_items.create": lambda c: c.ledger_items.create([body("LedgerItemModelV2")]),
    "ledger_items.delete": lambda c: c.ledger_items.delete([body("LedgerItemModel")]),
    "ledger_items.get": lambda c: c.ledger_items.get([GUID]),
    "ledger_items.status": lambda c: c.ledger_items.status([GUID]),
    "ledger_items.update": lambda c: c.ledger_items.update([body("LedgerItemModelV2")]),
    "manual_vouchers.book": lambda c: c.manual_vouchers.book(GUID, timestamp=STAMP, number=1),
    "manual_vouchers.create": lambda c: c.manual_vouchers.create(body("ManuelVoucherCreateModel")),
    "manual_vouchers.delete": lambda c: c.manual_vouchers.delete(GUID, timestamp=STAMP),
    "manual_vouchers.get": lambda c: c.manual_vouchers.get(GUID),
    "manual_vouchers.update": lambda c: c.manual_vouchers.update(GUID, body("ManuelVoucherUpdateModel")),
    "organizations.list": lambda c: c.organizations.list(fields=["name", "id"]),
    "organizations.subscriptions": lambda c: c.organizations.subscriptions(),
    "products.create": lambda c: c.products.create(body("ProductCreateModel")),
    "products.delete": lambda c: c.products.delete(GUID),
    "products.get": lambda c: c.products.get(GUID),
    "products.list": lambda c: c.products.list(
        filters=eq("Name", "x"), text="x", changes_since=SINCE, deleted_only=True
    ),
    "products.update": lambda c: c.products.update(GUID, body("ProductUpdateModel")),
    "purchase_credit_notes.book": lambda c: c.purchase_credit_notes.book(GUID, timestamp=STAMP, number=1),
    "purchase_credit_notes.create": lambda c: c.purchase_credit_notes.create(body("PurchaseCreditNoteCreateModel")),
    "purchase_credit_notes.delete": lambda c: c.purchase_credit_notes.delete(GUID, timestamp=STAMP),
    "purchase_credit_notes.get": lambda c: c.purchase_credit_notes.get(GUID),
    "purchase_credit_notes.update": lambda c: c.purchase_credit_notes.update(
        GUID, body("PurchaseCreditNoteUpdateModel")
    ),
    "purchase_vouchers.add_payment": lambda c: c.purchase_vouchers.add_payment(
        GUID, body("PurchaseVoucherCreditPaymentCreateModel")
    ),
    "purchase_vouchers.book": lambda c: c.purchase_vouchers.book(GUID, timestamp=STAMP, number=1),
    "purchase_vouchers.create": lambda c: c.purchase_vouchers.create(body("PurchaseVoucherCreateModelV2")),
    "purchase_vouchers.delete": lambda c: c.purchase_vouchers.delete(GUID, timestamp=STAMP),
    "purchase_vouchers.delete_payment": lambda c: c.purchase_vouchers.delete_payment(GUID, GUID, timestamp=STAMP),
    "purchase_vouchers.fetch": lambda c: c.purchase_vouchers.fetch(body("PurchaseVoucherCreateModelV2")),
    "purchase_vouchers.generate_credit_note": lambda c: c.purchase_vouchers.generate_credit_note(
        GUID, {"VoucherDate": SINCE, "FileGuid": GUID}, timestamp=STAMP
    ),
    "purchase_vouchers.get": lambda c: c.purchase_vouchers.get(GUID),
    "purchase_vouchers.of_file": lambda c: c.purchase_vouchers.of_file(GUID),
    "purchase_vouchers.payments": lambda c: c.purchase_vouchers.payments(GUID),
    "purchase_vouchers.similar": lambda c: c.purchase_vouchers.similar(body("PurchaseVoucherCreateModelV2")),
    "purchase_vouchers.update": lambda c: c.purchase_vouchers.update(GUID, body("PurchaseVoucherUpdateModel")),
    "reminders.book": lambda c: c.reminders.book(GUID, 1, timestamp=STAMP),
    "reminders.create": lambda c: c.reminders.create(GUID, body("ReminderCreateModel")),
    "reminders.delete": lambda c: c.reminders.delete(GUID, 1, timestamp=STAMP),
    "reminders.email": lambda c: c.reminders.email(GUID, body("ApiMailoutModel")),
    "reminders.email_template": lambda c: c.reminders.email_template(GUID),
    "reminders.fetch": lambda c: c.reminders.fetch(GUID, body("ReminderFetchModel")),
    "reminders.get": lambda c: c.reminders.get(GUID, 1),
    "reminders.list": lambda c: c.reminders.list(GUID, changes_since=SINCE),
    "reminders.next": lambda c: c.reminders.next(GUID),
    "reminders.send_e_reminder": lambda c: c.reminders.send_e_reminder(GUID, 1, body("EanReminderModel")),
    "reminders.update": lambda c: c.reminders.update(GUID, 1, body("ReminderCreateModel")),
    "reports.balance": lambda c: c.reports.balance(2026, ledger_entries=True, **REPORT),
    "reports.primo": lambda c: c.reports.primo("2025/26", **REPORT),
    "reports.result": lambda c: c.reports.result("2026", ledger_entries=True, **REPORT),
    "reports.saldo": lambda c: c.reports.saldo("2026", ledger_entries=True, **REPORT),
    "sales.list": lambda c: c.sales.list(**SALES),
    "sales.settings": lambda c: c.sales.settings(),
    "sms.send": lambda c: c.sms.send(GUID, body("SmsSendModel"), timestamp=STAMP),
    "state_of_account.email": lambda c: c.state_of_account.email(GUID, body("ContactStateOfAccountMailoutModel")),
    "state_of_account.get": lambda c: c.state_of_account.get(GUID, **PERIOD),
    "state_of_account.pdf": lambda c: c.state_of_account.pdf(GUID, **PERIOD),
    "trade_offers.create": lambda c: c.trade_offers.create(body("TradeOfferCreateModel")),
    "trade_offers.delete": lambda c: c.trade_offers.delete(GUID, timestamp=STAMP),
    "trade_offers.email": lambda c: c.trade_offers.email(GUID, body("ApiMailoutModel")),
    "trade_offers.email_template": lambda c: c.trade_offers.email_template(GUID),
    "trade_offers.fetch": lambda c: c.trade_offers.fetch(body("TradeOfferCreateFetchModel")),
    "trade_offers.generate_invoice": lambda c: c.trade_offers.generate_invoice(GUID),
    "trade_offers.get": lambda c: c.trade_offers.get(GUID),
    "trade_offers.list": lambda c: c.trade_offers.list(
        filters=eq("Currency", "DKK"),
        text="x",
        changes_since=SINCE,
        deleted_only=True,
        sort="ContactName",
        sort_order="ascending",
    ),
    "trade_offers.mailouts": lambda c: c.trade_offers.mailouts(GUID, changes_since=SINCE, include_sms=False),
    "trade_offers.update": lambda c: c.trade_offers.update(GUID, body("TradeOfferUpdateModel")),
    "vat_types.list": lambda c: c.vat_types.list(),
    "webhooks.events": lambda c: c.webhooks.events(),
    "webhooks.subscribe": lambda c: c.webhooks.subscribe("invoice.created", "https://example.com/hook"),
    "webhooks.subscriptions": lambda c: c.webhooks.subscriptions(),
    "webhooks.unsubscribe": lambda c: c.webhooks.unsubscribe("invoice.created"),
}


def wrong(names: list[str]) -> list[str]:
    """Make the calls, and return what was wrong with each."""
    found = []
    with serving() as contract:
        grant = PersonalIntegration("id", "secret", "key", contract.url)
        store = MemoryTokenStore()
        client = DineroClient(
            100001, grant, base_url=contract.url, token_store=store, requests_per_minute=10_000, attempts=1
        )
        for name in names:
            del contract.asked[:], contract.refused[:]
            try:
                answer = CALLS[name](client)
                list(answer) if isinstance(answer, Iterator) else None
            except Exception as error:  # ruff: ignore[blind-except] - whatever a mistake leads to
                found.append(f"{name}: {type(error).__name__}: {error}")
            found += [f"{name}: {each}" for each in contract.refused]
            if str(operations()[name]) not in contract.asked:
                found.append(f"{name}: {operations()[name]} was not asked for, but {contract.asked}")
        client.close()
    return found


if __name__ == "__main__":
    told = wrong(sys.argv[1:] or list(CALLS))
    sys.exit("\n".join(told) if told else None)
