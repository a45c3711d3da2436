"""What invoices, credit notes and trade offers share: from the written body to a complete document."""

from __future__ import annotations

import sqlite3
from typing import Any

from airflow_provider_dinero.sandbox.amounts import priced_lines, total
from airflow_provider_dinero.sandbox.answers import JsonObject, decode, encode
from airflow_provider_dinero.sandbox.calls import Call
from airflow_provider_dinero.sandbox.countries import COUNTRIES
from airflow_provider_dinero.sandbox.currencies import DKK_RATES, unknown_currency
from airflow_provider_dinero.sandbox.errors import invalid
from airflow_provider_dinero.sandbox.resources import contacts, products

TEMPLATE_ID = "5d7c1f0e-2a34-4c1b-9a57-0c1f6a1e9b20"
DOCUMENT_NAMES = {
    "Invoice": {"da-DK": "Faktura", "en-GB": "Invoice"},
    "CreditNote": {"da-DK": "Kreditnota", "en-GB": "Credit note"},
    "TradeOffer": {"da-DK": "Tilbud", "en-GB": "Offer"},
}

# The five-value status. It is derived, since "overdue" depends on the day; amounts are whole øre. ``?`` is today.
STATUS = """CASE
    WHEN NOT booked THEN 'Draft'
    WHEN paid_ore = total_ore + reminder_ore THEN 'Paid'
    WHEN paid_ore > total_ore + reminder_ore AND paid_ore > 0 THEN 'OverPaid'
    WHEN payment_date < ? AND paid_ore < total_ore + reminder_ore THEN 'Overdue'
    ELSE 'Booked' END"""


def document(call: Call, body: JsonObject, kind: str) -> JsonObject:
    """Return a complete document with defaults and totals.

    :param call: the request
    :param body: bound to one of the write models
    :param kind: ``Invoice``, ``CreditNote`` or ``TradeOffer``
    :raises ApiError: if something in it is invalid
    """
    contact = live_contact(call, body["ContactGuid"])
    if body["Currency"] not in DKK_RATES:
        raise unknown_currency("Currency", body["Currency"])
    if (body["InvoiceTemplateId"] or TEMPLATE_ID) != TEMPLATE_ID:
        raise invalid("InvoiceTemplateId", f"Unknown template {body['InvoiceTemplateId']}.")
    incl_vat, language = body["ShowLinesInclVat"], body["Language"]
    lines = priced_lines(call, products.described(call, body["ProductLines"]), incl_vat)
    return {
        **body,
        **total(call, lines, incl_vat).properties(body["Currency"], language),
        "ProductLines": lines,
        "Date": body["Date"] or call.store.today(),
        "Comment": body["Comment"] or "",
        "Description": body["Description"] or DOCUMENT_NAMES[kind][language],
        "InvoiceTemplateId": TEMPLATE_ID,
        "ContactName": contact and contact["Name"],
        "Address": body["Address"] if body["Address"] is not None else contact and address(contact),
        "Number": 0,
    }


def live_contact(call: Call, guid: str | None) -> JsonObject | None:
    """Return the contact of a document, which must exist."""
    if guid is None:
        return None
    row = contacts.find(call, guid)
    if row is None or row["deleted_at"]:
        raise invalid("invalidContactId", f"No contact with ContactGuid {guid}.")
    return contacts.model(row)


def address(contact: JsonObject) -> str:
    """Return the contact's address as one text with line breaks."""
    country = "" if contact["CountryKey"] == "DK" else COUNTRIES[contact["CountryKey"]][1]
    town = " ".join(part for part in (contact["ZipCode"], contact["City"]) if part)
    number = contact["VatNumber"] and f"Cvr-nr.: {contact['VatNumber']}"
    return "\n".join(part for part in (contact["Street"], town, country, number) if part)


def columns(content: JsonObject) -> dict[str, Any]:
    """Return the columns of a document."""
    return {
        "date": content["Date"],
        "payment_date": content.get("PaymentDate"),
        "contact_guid": content["ContactGuid"],
        "contact_name": content["ContactName"],
        "description": content["Description"],
        "external_reference": content["ExternalReference"],
        "total_ore": int(content["TotalInclVat"] * 100),
        "total_text": f"{content['TotalInclVat']:.2f}",
        "data": encode(content).decode(),
    }


def values(row: sqlite3.Row, status: str, *, listed: bool = False) -> JsonObject:
    """Return all properties of an invoice or credit note, for single and list models to choose from.

    :param row: the row
    :param status: the five-value status, see :data:`STATUS`
    :param listed: whether it is for a list
    """
    return {
        "PaymentDate": None,
        **decode(row["data"]),
        "Guid": row["guid"],
        # Never null. A draft's number in lists is the largest int64 (measured). For a single draft it is undocumented:
        # 0; a draft of 2017 had 2.
        "Number": row["number"] if row["booked"] or listed else 0,
        "TimeStamp": row["time_stamp"],
        "CreatedAt": row["created_at"],
        "UpdatedAt": row["updated_at"],
        "DeletedAt": row["deleted_at"],
        "MailOutStatus": row["mailout_status"],
        "LatestMailOutType": row["mailout_type"],
        "PaymentStatus": status,
        "Status": status,
        "Type": row["type"],
    }


def read(call: Call, guid: str) -> sqlite3.Row:
    """Return the row of an invoice or credit note, with its five-value status.

    :raises LookupError: if it doesn't exist
    """
    sql = f"SELECT *, {STATUS} AS status FROM invoices WHERE organization = ? AND guid = ?"
    row = call.store.one(sql, [call.store.today(), call.organization, guid])
    if row is None:
        raise LookupError(guid)
    return row
