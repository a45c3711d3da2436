"""Invoices: draft, replaced or deleted while it is one, then booked for good."""

from __future__ import annotations

import sqlite3
from typing import Any
from uuid import uuid4

from starlette.responses import Response

from airflow_provider_dinero.sandbox.answers import answer, decode, empty
from airflow_provider_dinero.sandbox.books import post
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.contract import project
from airflow_provider_dinero.sandbox.errors import DineroError, invalid
from airflow_provider_dinero.sandbox.known import ORGANIZATIONS
from airflow_provider_dinero.sandbox.resources.invoice_model import (
    TEMPLATE_ID,
    columns,
    document,
    live_contact,
    read,
)
from airflow_provider_dinero.sandbox.sales_entries import paid_at_creation, sales_postings

ALL = "/v1/{organizationId}/invoices"
ONE = ALL + "/{guid}"
# Documents silent: it is an int64, but the number after it must be one too.
LARGEST_NUMBER = 10**12

resource = Resource(
    """
    CREATE TABLE IF NOT EXISTS invoices (
        organization INTEGER, guid TEXT, booked INTEGER DEFAULT 0, number INTEGER DEFAULT 0,
        date TEXT, payment_date TEXT, contact_guid TEXT, contact_name TEXT, description TEXT, external_reference TEXT,
        total_ore INTEGER, total_text TEXT, paid_ore INTEGER DEFAULT 0,
        mailout_status TEXT DEFAULT 'NotSent', mailout_type TEXT DEFAULT 'None',
        time_stamp TEXT, created_at TEXT, updated_at TEXT, deleted_at TEXT, data TEXT,
        PRIMARY KEY (organization, guid)
    );
    CREATE UNIQUE INDEX IF NOT EXISTS invoice_numbers ON invoices (organization, number) WHERE booked;
    CREATE INDEX IF NOT EXISTS invoices_in_order ON invoices (organization, deleted_at, number, date);
    CREATE INDEX IF NOT EXISTS invoices_by_change ON invoices (organization, updated_at);
    """
)


@resource.operation("POST", ALL)
def create_invoice(call: Call) -> Response:
    """Create a draft, under the caller's Guid if there is one."""
    body = call.body("InvoiceCreateModel")
    guid = body["Guid"] or str(uuid4())
    # The Guid of a deleted invoice stays used.
    if find(call, guid):
        raise DineroError(72, status=409)
    content = document(call, body)
    now, version = call.store.now(), call.store.next_version()
    key = {"organization": call.organization, "guid": guid, "created_at": now, "updated_at": now}
    call.store.insert("invoices", {**key, "time_stamp": version, **columns(content)})
    return answer({"Guid": guid, "TimeStamp": version})


@resource.operation("POST", ALL + "/fetch")
def calculate_invoice(call: Call) -> Response:
    """What an invoice would be; nothing is saved."""
    return answer(project("InvoiceFetchReadModel", document(call, call.body("InvoiceCreateFetchModel"))))


@resource.operation("GET", ONE)
def get_invoice(call: Call) -> Response:
    """One invoice, also a deleted one; as a PDF if it is booked and asked for."""
    row = existing(call)
    if "application/octet-stream" not in call.headers.get("accept", ""):
        return answer(read(call, call.guid))
    if not row["booked"]:
        raise DineroError(59)
    from airflow_provider_dinero.sandbox.pdf import invoice_pdf

    organization = ORGANIZATIONS[int(row["organization"])]
    return Response(invoice_pdf(organization, read(call, call.guid)), media_type="application/octet-stream")


@resource.operation("PUT", "/v1.2/{organizationId}/invoices/{guid}")
def replace_invoice(call: Call) -> Response:
    """Replace a draft: what the body leaves out is not kept. Its Guid is the one in the path."""
    row, body = existing(call), call.body("InvoiceUpdateModel")
    check_change(row, body["Timestamp"])
    _check_draft(row)
    version = touch(call, columns(document(call, body)))
    return answer({"Guid": call.guid, "TimeStamp": version})


@resource.operation("DELETE", ONE)
def delete_invoice(call: Call) -> Response:
    """Delete a draft, softly. The Timestamp is optional, and checked if it is there."""
    row, body = existing(call), call.body("TimestampObject", optional=True)
    check_change(row, body["Timestamp"])
    _check_draft(row)
    touch(call, {"deleted_at": call.store.now()})
    return empty()


@resource.operation("POST", ONE + "/book")
def book_invoice(call: Call) -> Response:
    """Book a draft under the next number, or the number that was asked for."""
    row, body = existing(call), call.body("BookModel")
    check_change(row, body["Timestamp"])
    _check_draft(row)
    contact = live_contact(call, row["contact_guid"])
    if contact is None:
        raise invalid("ContactGuid", "An invoice must have a contact to be booked.")
    content = decode(row["data"])
    # Documents silent: the contact's name is the one at booking, from then on it stays.
    content["ContactName"] = contact["Name"]
    number, lines, paid = _number(call, body["Number"]), sales_postings(call, content), {}
    if content["PaidAtCreation"]:
        paid = {"paid_ore": row["total_ore"]}
        lines += paid_at_creation(content)
    post(call, date=content["Date"], voucher_guid=call.guid, voucher_type="Sales", number=number, lines=lines)
    touch(call, {**columns(content), "booked": 1, "number": number, **paid})
    return answer(read(call, call.guid))


@resource.operation("GET", ALL + "/templates")
def templates(call: Call) -> Response:
    """The designs of invoices: one, the default."""
    template = {
        "Id": TEMPLATE_ID,
        "Name": "Standard",
        "IsDefault": True,
        "Theme": "Standard",
        "PrimaryColor": "#000000",
        "SecondaryColor": "#ffffff",
        "AddressPlacement": "Left",
        "Font": "Helvetica",
        "LogoType": "Letters",
        "LogoText": "NC",
        "MaxImageWidthMm": 50,
        "ShowCompanyInfo": True,
        "ShowPaymentConditions": True,
        "ShowLogo": True,
        "ShowLineQuantity": True,
        "ShowLineUnit": True,
    }
    return answer([project("InvoiceTemplateModel", template)])


def find(call: Call, guid: str) -> sqlite3.Row | None:
    """The invoice with this guid in the organization of the call, also a deleted one."""
    return call.store.one("SELECT * FROM invoices WHERE organization = ? AND guid = ?", [call.organization, guid])


def existing(call: Call) -> sqlite3.Row:
    """The invoice in the path.

    :raises DineroError: 400 with code 63 if there is none: for invoices that is no 404
    """
    row = find(call, call.guid)
    if row is None:
        raise DineroError(63, "Invalid InvoiceGuid / CreditNoteGuid, no results found")
    return row


def check_change(row: sqlite3.Row, timestamp: str | None) -> None:
    """Whether an invoice may be changed at all, and from the version that the caller knows.

    Documents silent on the order of the checks: deleted, version, status. So a booking that is sent again with the
    Timestamp of before is stale (58), not "already booked".
    """
    if row["deleted_at"]:
        raise DineroError(65, problems={"message": "You cannot make changes, the invoice is deleted."})
    if timestamp and timestamp != row["time_stamp"]:
        raise DineroError(58)


def touch(call: Call, changes: dict[str, Any], *, new_version: bool = True) -> str:
    """Write changes to the invoice in the path; UpdatedAt moves with every one of them.

    :param new_version: whether the Timestamp moves too
    :return: the Timestamp
    """
    version = call.store.next_version() if new_version else existing(call)["time_stamp"]
    stamps = {"time_stamp": version, "updated_at": call.store.now()}
    call.store.update("invoices", call.key, {**changes, **stamps})
    return str(version)


def _check_draft(row: sqlite3.Row) -> None:
    # Documents silent on the code for changing, deleting or booking a booked invoice.
    if row["booked"]:
        raise DineroError(45, "The request is invalid: the invoice is booked.")


def _number(call: Call, asked: int | None) -> int:
    where = "FROM invoices WHERE organization = ? AND booked"
    if asked is None:
        row = call.store.one(f"SELECT coalesce(max(number), 0) + 1 AS next {where}", [call.organization])
        return int(row["next"]) if row else 1
    taken = call.store.one(f"SELECT 1 {where} AND number = ?", [call.organization, asked])
    if not 0 < asked <= LARGEST_NUMBER or taken:
        raise invalid("Number", f"The number {asked} is taken or not allowed.")
    return asked
