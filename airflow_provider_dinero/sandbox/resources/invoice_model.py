"""An invoice, from the body that was written to the model that is read."""

from __future__ import annotations

import sqlite3
from datetime import date
from typing import Any

from airflow_provider_dinero.sandbox.accounts import DEPOSIT_ACCOUNT
from airflow_provider_dinero.sandbox.amounts import DKK_RATES, priced_lines, total
from airflow_provider_dinero.sandbox.answers import JsonObject, decode, encode
from airflow_provider_dinero.sandbox.calls import Call
from airflow_provider_dinero.sandbox.contract import project
from airflow_provider_dinero.sandbox.countries import COUNTRIES
from airflow_provider_dinero.sandbox.errors import DineroError, invalid
from airflow_provider_dinero.sandbox.resources import contacts
from airflow_provider_dinero.sandbox.terms import due, terms

TEMPLATE_ID = "5d7c1f0e-2a34-4c1b-9a57-0c1f6a1e9b20"
DOCUMENT_NAMES = {"da-DK": "Faktura", "en-GB": "Invoice"}

# The five-value status. Derived, since "overdue" comes with the day; amounts are whole øre. ``?`` is today.
STATUS = """CASE
    WHEN NOT booked THEN 'Draft'
    WHEN paid_ore = total_ore THEN 'Paid'
    WHEN paid_ore > total_ore AND paid_ore > 0 THEN 'OverPaid'
    WHEN payment_date < ? THEN 'Overdue'
    ELSE 'Booked' END"""


def document(call: Call, body: JsonObject) -> JsonObject:
    """A complete invoice document, defaults filled in and totals computed.

    :param call: the request
    :param body: bound to one of the write models
    :raises DineroError: if something in it is refused
    """
    contact = live_contact(call, body["ContactGuid"])
    if body["Currency"] not in DKK_RATES:
        raise invalid("Currency", f"Unknown currency {body['Currency']}.")
    if (body["InvoiceTemplateId"] or TEMPLATE_ID) != TEMPLATE_ID:
        raise invalid("InvoiceTemplateId", f"Unknown template {body['InvoiceTemplateId']}.")
    incl_vat, language = body["ShowLinesInclVat"], body["Language"]
    kind, days = terms(body, contact)
    day = body["Date"] or call.store.today()
    lines = priced_lines(call, body["ProductLines"], incl_vat)
    return {
        **body,
        **total(call, lines, incl_vat).properties(body["Currency"], language),
        "ProductLines": lines,
        "Date": day,
        "PaymentDate": due(date.fromisoformat(day), kind, days).isoformat(),
        # The read models don't know "Paid"; such an invoice reads as paid in cash.
        "PaymentConditionType": "NettoCash" if kind == "Paid" else kind,
        "PaymentConditionNumberOfDays": days,
        "PaidAtCreation": kind == "Paid",
        "Description": body["Description"] or DOCUMENT_NAMES[language],
        "InvoiceTemplateId": TEMPLATE_ID,
        "ContactName": contact and contact["Name"],
        "Address": body["Address"] if body["Address"] is not None else contact and address(contact),
        "IsMobilePayInvoiceEnabled": bool(body["IsMobilePayInvoiceEnabled"]),
        "IsPensoPayEnabled": bool(body["IsPensoPayEnabled"]),
        "CanEnableMobilePayInvoice": False,
        "CanEnablePensoPay": False,
        "Number": 0,
    }


def live_contact(call: Call, guid: str | None) -> JsonObject | None:
    """The contact of a document, which must exist."""
    if guid is None:
        return None
    row = contacts.find(call, guid)
    if row is None or row["deleted_at"]:
        raise DineroError(42, problems={"invalidContactId": f"No contact with ContactGuid {guid}."})
    return contacts.model(row)


def address(contact: JsonObject) -> str:
    """The contact's address as one text with line breaks."""
    country = "" if contact["CountryKey"] == "DK" else COUNTRIES[contact["CountryKey"]][1]
    town = " ".join(part for part in (contact["ZipCode"], contact["City"]) if part)
    return "\n".join(part for part in (contact["Street"], town, country) if part)


def columns(content: JsonObject) -> dict[str, Any]:
    """What a document puts into the columns of its row."""
    return {
        "date": content["Date"],
        "payment_date": content["PaymentDate"],
        "contact_guid": content["ContactGuid"],
        "contact_name": content["ContactName"],
        "description": content["Description"],
        "external_reference": content["ExternalReference"],
        "total_ore": int(content["TotalInclVat"] * 100),
        "total_text": f"{content['TotalInclVat']:.2f}",
        "data": encode(content).decode(),
    }


def values(row: sqlite3.Row, status: str) -> JsonObject:
    """Everything that is known of an invoice; single and list models each take their part.

    :param row: the row
    :param status: the five-value status, see :data:`STATUS`
    """
    return {
        **decode(row["data"]),
        "Guid": row["guid"],
        # Never null: a draft shows 0. Documents silent on the figure; a draft of 2017 showed 2.
        "Number": row["number"],
        "TimeStamp": row["time_stamp"],
        "CreatedAt": row["created_at"],
        "UpdatedAt": row["updated_at"],
        "DeletedAt": row["deleted_at"],
        "MailOutStatus": row["mailout_status"],
        "LatestMailOutType": row["mailout_type"],
        "PaymentStatus": status,
        "Status": status,
        "Type": "Invoice",
        "DepositAccountNumber": DEPOSIT_ACCOUNT,
        "IsSentToDebtCollection": False,
    }


def read(call: Call, guid: str) -> JsonObject:
    """An invoice as it is read by itself, where ``Status`` has two values and ``PaymentStatus`` five."""
    sql = f"SELECT *, {STATUS} AS status FROM invoices WHERE organization = ? AND guid = ?"
    row = call.store.one(sql, [call.store.today(), call.organization, guid])
    if row is None:
        raise LookupError(guid)
    known = values(row, row["status"])
    return project("InvoiceReadModel", {**known, "Status": "Booked" if row["booked"] else "Draft"})
