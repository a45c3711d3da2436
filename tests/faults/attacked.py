"""What is attacked: each write with what it needs, the request that is hit, and how many of it there are."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.api.keys import guid_for

Prepare = Callable[[DineroClient, str], Any]
Do = Callable[[DineroClient, Any, str], Any]

PAID = {"DepositAccountNumber": 55000, "Amount": "10", "RemainderIsFee": False, "Description": "Bank"}
LINE = {"Description": "Plader", "BaseAmountValue": "100", "Quantity": 1, "AccountNumber": 1000, "Unit": "parts"}
PRODUCT = {"Name": "Time", "BaseAmountValue": "8", "Quantity": 1, "AccountNumber": 1000, "Unit": "hours"}
BOUGHT = [{"Description": "Papir", "AccountNumber": 6000, "Amount": "125.50"}]
BY_HAND = [{"Description": "Gebyr", "Amount": "10", "AccountNumber": 6000, "BalancingAccountNumber": 55000}]
CUSTOMER = {"Name": "By", "CountryKey": "DK", "IsPerson": False, "EanNumber": "5790000000005", "AttPerson": "Bo"}
WITHOUT = dict.fromkeys(("WithDebtCollectionWarning", "WithFee", "WithInterestFee", "WithCompensationFee"), False)


@dataclass(frozen=True)
class Work:
    """A write.

    :param place: str, "METHOD path" with wildcards, of its request
    :param prepare: callable that makes what it needs
    :param do: callable of the client, what was prepared, and the key
    :param count: callable of the same, that returns how many of it there are
    :param once: bool, however often it is done, also by several, and by a next try; default True
    :param unsure: bool, a try that was cut off may never be found: then it ends in DineroOutcomeUnknown; default False
    :param named: bool, "What is not promised" names it: an empty success is believed; default False
    :param says: callable that tells whether a result says that it is done; default always
    """

    place: str
    prepare: Prepare
    do: Do
    count: Do
    once: bool = True
    unsure: bool = False
    named: bool = False
    says: Callable[[Any], bool] = lambda result: True


def days_ago(days: int) -> str:
    """Return a day as text."""
    return f"{datetime.now(UTC) - timedelta(days=days):%Y-%m-%d}"


def guid(key: str) -> str:
    """Return the Guid that a key gives."""
    return guid_for(100001, "attack", key)


def nothing(client: DineroClient, key: str) -> None:
    """Need nothing."""


def contact(client: DineroClient, key: str) -> str:
    """Return a contact that can receive whatever there is."""
    body = {**CUSTOMER, "ExternalReference": key, "Email": "by@example.dk", "Phone": "12345678"}
    return str(client.contacts.create(body)["ContactGuid"])


def draft(client: DineroClient, key: str) -> str:
    """Return a draft invoice that is overdue as soon as it is booked."""
    terms = {"Date": days_ago(30), "PaymentConditionType": "Netto", "PaymentConditionNumberOfDays": 1}
    body = {"ContactGuid": contact(client, key), "ProductLines": [LINE], **terms}
    return str(client.invoices.create(body)["Guid"])


def invoice(client: DineroClient, key: str) -> str:
    """Return a booked invoice."""
    return str(client.invoices.book(draft(client, key))["Guid"])


def reminder(client: DineroClient, key: str) -> dict[str, Any]:
    """Return a draft of a reminder, and its invoice."""
    there = invoice(client, key)
    return {"invoice": there, **client.reminders.create(there, {**WITHOUT, "Date": days_ago(0)})}


def reminded(client: DineroClient, key: str) -> dict[str, Any]:
    """Return a booked reminder, and its invoice."""
    made = reminder(client, key)
    return {**made, **client.reminders.book(made["invoice"], made["Id"])}


def note(client: DineroClient, key: str) -> str:
    """Return a draft credit note."""
    return str(client.credit_notes.create({"ContactGuid": contact(client, key), "ProductLines": [LINE]})["Guid"])


def booked_note(client: DineroClient, key: str) -> str:
    """Return a booked credit note."""
    return str(client.credit_notes.book(note(client, key))["Guid"])


def offer(client: DineroClient, key: str) -> str:
    """Return a trade offer."""
    return str(client.trade_offers.create({"ContactGuid": contact(client, key), "ProductLines": [LINE]})["Guid"])


def credit_purchase(client: DineroClient, key: str, **more: Any) -> dict[str, Any]:
    """Return the body of a purchase on credit."""
    day = days_ago(0)
    terms = {"PurchaseType": "credit", "VoucherDate": day, "PaymentDate": day, "Lines": BOUGHT}
    return {**terms, "ContactGuid": contact(client, key), **more}


def purchase(client: DineroClient, key: str) -> str:
    """Return a draft purchase."""
    return str(client.purchase_vouchers.create(credit_purchase(client, key, RegionKey="DK"))["Guid"])


def booked_purchase(client: DineroClient, key: str) -> str:
    """Return a booked purchase."""
    return str(client.purchase_vouchers.book(purchase(client, key))["Guid"])


def receipt(client: DineroClient, key: str) -> dict[str, Any]:
    """Return the body of a purchase with a receipt."""
    file = client.files.upload(b"%PDF-1.4 " + key.encode(), f"{key}.pdf")["FileGuid"]
    return credit_purchase(client, key, ExternalReference=key, FileGuid=file)


def voucher(client: DineroClient, key: str) -> str:
    """Return a draft manual voucher."""
    return str(client.manual_vouchers.create({"VoucherDate": days_ago(0), "Lines": BY_HAND})["Guid"])


def supplier_note(client: DineroClient, key: str) -> str:
    """Return a draft purchase credit note."""
    body = {"ContactGuid": contact(client, key), "Date": days_ago(0), "Lines": BOUGHT}
    return str(client.purchase_credit_notes.create(body)["Guid"])


def item(key: str) -> dict[str, Any]:
    """Return a ledger item."""
    account = {"AccountNumber": 55000, "BalancingAccountNumber": 1000, "BalancingAccountVatCode": "none"}
    line = {"Description": "Payout", "Amount": "10", **account}
    return {"Id": guid(key), "VoucherDate": days_ago(0), "Lines": [line]}


def with_key(rows: Any, key: str) -> int:
    """Count the rows of a list that have this ExternalReference."""
    return sum(row["ExternalReference"] == key for row in rows)


def stands(read: Callable[..., Any], *arguments: Any) -> int:
    """Count one where there is such a document."""
    from airflow_provider_dinero.api.errors import DineroRefused

    try:
        return int(not read(*arguments).get("DeletedAt"))
    except DineroRefused:
        return 0


def mails(rows: Any, kind: str, *, sms: bool = False) -> int:
    """Count the mail-outs of a kind."""
    return sum(row["Type"] == kind and row["IsSmsMessage"] is sms for row in rows)


def ledger(client: DineroClient, key: str) -> dict[str, Any]:
    """Return how far a ledger item is; empty where it isn't there."""
    from airflow_provider_dinero.api.errors import DineroRefused

    try:
        return dict(client.ledger_items.status([guid(key)])[0])
    except DineroRefused:
        return {}


def expenses(client: DineroClient, body: Any, key: str) -> int:
    """Count the purchases that use a receipt."""
    return len(client.purchase_vouchers.of_file(body["FileGuid"]))


def changed(client: DineroClient, key: str) -> str:
    """Return a contact that is to be changed."""
    return str(client.contacts.create({**CUSTOMER, "ExternalReference": key})["ContactGuid"])


def offered(client: DineroClient, key: str) -> str:
    """Return a product that is to be changed."""
    return str(client.products.create({**PRODUCT, "ExternalReference": key})["ProductGuid"])


def manual(client: DineroClient, body: Any, key: str) -> int:
    """Count the manual vouchers of a file."""
    rows = [row for row in client.files.list() if row["FileGuid"] == body["FileGuid"]]
    return len(rows[0]["Linked"])


def with_file(client: DineroClient, key: str) -> dict[str, Any]:
    """Return the body of a manual voucher with a file."""
    file = client.files.upload(b"%PDF-1.4 " + key.encode(), f"{key}.pdf")["FileGuid"]
    return {"VoucherDate": days_ago(0), "Lines": BY_HAND, "ExternalReference": key, "FileGuid": file}


WORKS: dict[str, Work] = {
    "contacts.upsert": Work(
        "POST *contacts",
        nothing,
        lambda c, _, key: c.contacts.upsert({**CUSTOMER, "ExternalReference": key}),
        lambda c, _, key: with_key(c.contacts.list(), key),
    ),
    "contacts.upsert, a change": Work(
        "PUT *contacts/*",
        changed,
        lambda c, _, key: c.contacts.upsert({**CUSTOMER, "ExternalReference": key, "City": "Aarhus"}),
        lambda c, it, key: int(c.contacts.get(it)["City"] == "Aarhus"),
        named=True,
    ),
    "contacts.create": Work(
        "POST *contacts",
        nothing,
        lambda c, _, key: c.contacts.create({**CUSTOMER, "ExternalReference": key, "ContactGuid": guid(key)}),
        lambda c, _, key: with_key(c.contacts.list(), key),
    ),
    "products.upsert": Work(
        "POST *products",
        nothing,
        lambda c, _, key: c.products.upsert({**PRODUCT, "ExternalReference": key}),
        lambda c, _, key: with_key(c.products.list(), key),
    ),
    "products.upsert, a change": Work(
        "PUT *products/*",
        offered,
        lambda c, _, key: c.products.upsert({**PRODUCT, "ExternalReference": key, "Name": "Dag"}),
        lambda c, it, key: int(c.products.get(it)["Name"] == "Dag"),
        named=True,
    ),
    "products.create": Work(
        "POST *products",
        nothing,
        lambda c, _, key: c.products.create({**PRODUCT, "ExternalReference": key}),
        lambda c, _, key: with_key(c.products.list(), key),
        once=False,
    ),
    "invoices.create": Work(
        "POST *invoices",
        contact,
        lambda c, it, key: c.invoices.create({"Guid": guid(key), "ContactGuid": it, "ProductLines": [LINE]}),
        lambda c, _, key: stands(c.invoices.get, guid(key)),
    ),
    "invoices.create, without a Guid": Work(
        "POST *invoices",
        contact,
        lambda c, it, key: c.invoices.create({"ExternalReference": key, "ContactGuid": it, "ProductLines": [LINE]}),
        lambda c, _, key: with_key(c.invoices.list(), key),
        once=False,
    ),
    "invoices.book": Work(
        "POST *book",
        draft,
        lambda c, it, _: c.invoices.book(it),
        lambda c, it, _: int(c.invoices.get(it)["Status"] == "Booked"),
        says=lambda result: result["Status"] == "Booked",
    ),
    "invoices.update_once": Work(
        "PUT *invoices/*",
        draft,
        lambda c, it, key: c.invoices.update_once(it, {"ProductLines": [LINE], "Comment": key}),
        lambda c, it, key: int(c.invoices.get(it)["Comment"] == key),
    ),
    "invoices.delete": Work(
        "DELETE *invoices/*",
        draft,
        lambda c, it, _: c.invoices.delete(it),
        lambda c, it, _: 1 - stands(c.invoices.get, it),
        named=True,
    ),
    "invoices.add_payment_once": Work(
        "POST *payments",
        invoice,
        lambda c, it, key: c.invoices.add_payment_once(it, {**PAID, "ExternalReference": key}),
        lambda c, it, _: len(c.invoices.payments(it)["Payments"]),
    ),
    "invoices.add_payment": Work(
        "POST *payments",
        invoice,
        lambda c, it, _: c.invoices.add_payment(it, PAID),
        lambda c, it, _: len(c.invoices.payments(it)["Payments"]),
        once=False,
    ),
    "invoices.email_once": Work(
        "POST *email",
        invoice,
        lambda c, it, _: c.invoices.email_once(it),
        lambda c, it, _: mails(c.invoices.mailouts(it), "Mailout"),
    ),
    "invoices.send_e_invoice_once": Work(
        "POST *e-invoice",
        invoice,
        lambda c, it, _: c.invoices.send_e_invoice_once(it),
        lambda c, it, _: mails(c.invoices.mailouts(it), "Einvoice"),
    ),
    "sms.send_once": Work(
        "POST *send-sms",
        invoice,
        lambda c, it, _: c.sms.send_once(it),
        lambda c, it, _: mails(c.invoices.mailouts(it), "Mailout", sms=True),
    ),
    "reminders.pre_remind_once": Work(
        "POST *pre-reminder",
        invoice,
        lambda c, it, _: c.reminders.pre_remind_once(it),
        lambda c, it, _: mails(c.invoices.mailouts(it), "PreReminder"),
    ),
    "reminders.create_due": Work(
        "POST *reminders",
        invoice,
        lambda c, it, _: c.reminders.create_due(it, {"Date": days_ago(0)}),
        lambda c, it, _: len(c.reminders.list(it)),
    ),
    "reminders.book": Work(
        "POST *book",
        reminder,
        lambda c, it, _: c.reminders.book(it["invoice"], it["Id"]),
        lambda c, it, _: int(not c.reminders.get(it["invoice"], it["Id"])["IsDraft"]),
        says=lambda result: not result["IsDraft"],
    ),
    "reminders.email_once": Work(
        "POST *reminders/email",
        reminded,
        lambda c, it, _: c.reminders.email_once(it["invoice"], it),
        lambda c, it, _: mails(c.invoices.mailouts(it["invoice"]), "Reminder"),
    ),
    "reminders.send_e_reminder_once": Work(
        "POST *e-reminder",
        reminded,
        lambda c, it, _: c.reminders.send_e_reminder_once(it["invoice"], it),
        lambda c, it, _: mails(c.invoices.mailouts(it["invoice"]), "ElectronicInvoiceReminder"),
    ),
    "credit_notes.create": Work(
        "POST *creditnotes",
        contact,
        lambda c, it, key: c.credit_notes.create({"Guid": guid(key), "ContactGuid": it, "ProductLines": [LINE]}),
        lambda c, _, key: stands(c.credit_notes.get, guid(key)),
    ),
    "credit_notes.book": Work(
        "POST *book",
        note,
        lambda c, it, _: c.credit_notes.book(it),
        lambda c, it, _: int(c.credit_notes.get(it)["Status"] == "Booked"),
        says=lambda result: result["Status"] == "Booked",
    ),
    "credit_notes.email_once": Work(
        "POST *email",
        booked_note,
        lambda c, it, _: c.credit_notes.email_once(it),
        lambda c, it, _: mails(c.credit_notes.mailouts(it), "Mailout"),
    ),
    "credit_notes.send_e_credit_note_once": Work(
        "POST *e-creditNote",
        booked_note,
        lambda c, it, _: c.credit_notes.send_e_credit_note_once(it),
        lambda c, it, _: mails(c.credit_notes.mailouts(it), "Einvoice"),
    ),
    "credit_notes.add_payment": Work(
        "POST *payments",
        booked_note,
        lambda c, it, _: c.credit_notes.add_payment(it, PAID),
        lambda c, it, _: len(c.credit_notes.payments(it)["Payments"]),
        once=False,
    ),
    "trade_offers.create": Work(
        "POST *tradeoffers",
        contact,
        lambda c, it, key: c.trade_offers.create({"Guid": guid(key), "ContactGuid": it, "ProductLines": [LINE]}),
        lambda c, _, key: stands(c.trade_offers.get, guid(key)),
    ),
    "trade_offers.email_once": Work(
        "POST *email",
        offer,
        lambda c, it, _: c.trade_offers.email_once(it),
        lambda c, it, _: mails(c.trade_offers.mailouts(it), "TradeOffer"),
    ),
    "trade_offers.generate_invoice_once": Work(
        "POST *generate-invoice",
        offer,
        lambda c, it, _: c.trade_offers.generate_invoice_once(it),
        lambda c, it, _: len(c.trade_offers.get(it)["GeneratedVouchers"] or ()),
    ),
    "purchase_vouchers.create_once": Work(
        "POST *vouchers/purchase",
        receipt,
        lambda c, it, _: c.purchase_vouchers.create_once(it),
        expenses,
    ),
    "purchase_vouchers.create": Work(
        "POST *vouchers/purchase",
        receipt,
        lambda c, it, _: c.purchase_vouchers.create(it),
        expenses,
        once=False,
    ),
    "purchase_vouchers.book": Work(
        "POST *book",
        purchase,
        lambda c, it, _: c.purchase_vouchers.book(it),
        lambda c, it, _: int(c.purchase_vouchers.get(it)["Status"] != "Draft"),
        says=lambda result: result["Status"] != "Draft",
    ),
    "purchase_vouchers.add_payment_once": Work(
        "POST *payments",
        booked_purchase,
        lambda c, it, key: c.purchase_vouchers.add_payment_once(it, {**PAID, "ExternalReference": key}),
        lambda c, it, _: len(c.purchase_vouchers.payments(it)),
    ),
    "purchase_credit_notes.create": Work(
        "POST *creditnotes",
        contact,
        lambda c, it, key: c.purchase_credit_notes.create({
            "Guid": guid(key),
            "ContactGuid": it,
            "Date": days_ago(0),
            "Lines": BOUGHT,
        }),
        lambda c, _, key: stands(c.purchase_credit_notes.get, guid(key)),
    ),
    "purchase_credit_notes.book": Work(
        "POST *book",
        supplier_note,
        lambda c, it, _: c.purchase_credit_notes.book(it),
        lambda c, it, _: int(c.purchase_credit_notes.get(it)["Status"] != "Draft"),
        says=lambda result: result["Status"] != "Draft",
    ),
    "manual_vouchers.create_once": Work(
        "POST *vouchers/manuel",
        with_file,
        lambda c, it, _: c.manual_vouchers.create_once(it),
        manual,
        unsure=True,
    ),
    "manual_vouchers.book": Work(
        "POST *book",
        voucher,
        lambda c, it, _: c.manual_vouchers.book(it),
        lambda c, it, _: int(c.manual_vouchers.get(it)["Status"] == "Booked"),
        says=lambda result: result["Status"] == "Booked",
    ),
    "ledger_items.create": Work(
        "POST *ledgeritems",
        nothing,
        lambda c, _, key: c.ledger_items.create([item(key)]),
        lambda c, _, key: len(c.ledger_items.get([guid(key)])),
    ),
    "ledger_items.post_once": Work(
        "POST *ledgeritems",
        nothing,
        lambda c, _, key: c.ledger_items.post_once([item(key)]),
        lambda c, _, key: int(bool(ledger(c, key))),
    ),
    "ledger_items.post_once, booked": Work(
        "POST *ledgeritems/book",
        nothing,
        lambda c, _, key: c.ledger_items.post_once([item(key)], book=True),
        lambda c, _, key: int(ledger(c, key).get("Status", "Draft") != "Draft"),
        says=lambda result: result[0]["Status"] != "Draft",
    ),
    "files.upload_once": Work(
        "POST *files",
        nothing,
        lambda c, _, key: c.files.upload_once(b"%PDF-1.4 " + key.encode(), f"{key}.pdf"),
        lambda c, _, key: sum(row["Name"] in (key, f"{key}.pdf") for row in c.files.list()),
    ),
    "attachments.attach_once": Work(
        "POST *attachments/*",
        draft,
        lambda c, it, key: c.attachments.attach_once(it, b"%PDF-1.4 terms", f"{key}.pdf"),
        lambda c, it, _: len(c.attachments.list(it)),
    ),
}
