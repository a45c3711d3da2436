"""What the attacked writes need, and how their results are counted."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.api.bodies.idempotency import guid_for

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
    :param prepare: callable that creates what it needs
    :param do: callable of the client, what was prepared, and the key
    :param count: callable of the same, which returns how many exist
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


def booking(name: str, prepare: Prepare) -> Work:
    """Return the booking of a kind of documents."""

    def is_booked(document: Any) -> bool:
        return document["Status"] not in {"Draft", "Editing"}

    return Work(
        "POST *book",
        prepare,
        lambda client, it, key: getattr(client, name).book(it),
        lambda client, it, key: int(is_booked(getattr(client, name).get(it))),
        says=is_booked,
    )


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
    """Return 1 if there is such a document, else 0."""
    from airflow_provider_dinero.api.errors import DineroRefused

    try:
        return int(not read(*arguments).get("DeletedAt"))
    except DineroRefused:
        return 0


def mails(rows: Any, kind: str, *, sms: bool = False) -> int:
    """Count the mail-outs of a kind."""
    return sum(row["Type"] == kind and row["IsSmsMessage"] is sms for row in rows)


def ledger(client: DineroClient, key: str) -> dict[str, Any]:
    """Return the status of a ledger item; empty if it doesn't exist."""
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
