"""Electronic invoices and credit notes: who can receive them, and the outbox."""

from __future__ import annotations

import re
import sqlite3

from starlette.responses import Response

from airflow_provider_dinero.sandbox.answers import JsonObject, decode, empty
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.errors import ApiError
from airflow_provider_dinero.sandbox.resources import contacts, mail
from airflow_provider_dinero.sandbox.resources.contacts import MAIL_OUT_NUMBERS
from airflow_provider_dinero.sandbox.resources.invoice_mail import sent
from airflow_provider_dinero.sandbox.resources.sales_vouchers import check_booked, check_change, existing, touch

resource = Resource()


@resource.operation("POST", "/v3/{organizationId}/invoices/{guid}/e-invoice")
def send_invoice(call: Call) -> Response:
    """Send a booked invoice electronically."""
    return _send(call, existing(call))


@resource.operation("POST", "/v3/{organizationId}/sales/creditnotes/{guid}/e-creditNote")
def send_credit_note(call: Call) -> Response:
    """Send a booked credit note electronically."""
    return _send(call, existing(call, "CreditNote"))


def _send(call: Call, row: sqlite3.Row) -> Response:
    body = call.body("EInvoiceSendModel", optional=True)
    check_change(row, body["Timestamp"])
    check_booked(row)
    to = address(call, row, body)
    mail.put(call, row, to=to, type="Einvoice", channel="e-invoice", subject=body["OrderReference"])
    touch(call, row, sent("Einvoice"), "e-invoice")
    return empty()


def address(call: Call, row: sqlite3.Row, body: JsonObject) -> str:
    """Return the electronic address of a document's contact, by the contact's preferred channel.

    Undocumented: a contact without a preference uses its EAN number, else its VAT number; a private person, who can
    have neither, gets code 51.

    :param row: the document
    :param body: may contain an att. person and an EAN number
    :raises ApiError: code 51, 56, 57 or 62
    """
    found = contacts.find(call, row["contact_guid"])
    contact = decode(found["data"]) if found else None
    if contact is None or contact["IsPerson"]:
        raise ApiError(51)
    ean = body.get("ReceiverEanNumber") or contact["EanNumber"]
    preferred = contact["InvoiceMailOutOptionKey"] or ("GLN" if ean or not contact["VatNumber"] else "VAT")
    number = ean if preferred == "GLN" else contact[MAIL_OUT_NUMBERS[preferred]]
    if not number:
        raise ApiError(56)
    if preferred == "GLN" and not valid_ean(number):
        raise ApiError(57)
    if not (body["AttPerson"] or contact["AttPerson"]):
        raise ApiError(62)
    return f"{preferred} {number}"


def valid_ean(number: str) -> bool:
    """Return whether a number has 13 digits with a correct check digit."""
    if not re.fullmatch(r"\d{13}", number, re.ASCII):
        return False
    return sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(number)) % 10 == 0
