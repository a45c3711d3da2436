"""The rows of invoices and credit notes, which share a table, a number series and the rules for changes."""

from __future__ import annotations

import sqlite3
from typing import Any

from airflow_provider_dinero.sandbox.calls import Call
from airflow_provider_dinero.sandbox.errors import ApiError, invalid

# Undocumented: the number is an int64, but the number after it must fit as well.
LARGEST_NUMBER = 10**12
# The number of a draft in lists: the largest int64.
DRAFT_NUMBER = 2**63 - 1
MAIL_OUTS = ("mailout", "e-invoice", "sms")

TABLE = f"""
    CREATE TABLE IF NOT EXISTS invoices (
        organization INTEGER, guid TEXT, type TEXT DEFAULT 'Invoice', credit_note_for TEXT,
        booked INTEGER DEFAULT 0, number INTEGER DEFAULT {DRAFT_NUMBER},
        date TEXT, payment_date TEXT, contact_guid TEXT, contact_name TEXT, description TEXT, external_reference TEXT,
        total_ore INTEGER, total_text TEXT, paid_ore INTEGER DEFAULT 0, reminder_ore INTEGER DEFAULT 0,
        mailout_status TEXT DEFAULT 'NotSent', mailout_type TEXT DEFAULT 'None', debt_collection INTEGER DEFAULT 0,
        time_stamp TEXT, created_at TEXT, updated_at TEXT, deleted_at TEXT, data TEXT,
        PRIMARY KEY (organization, guid)
    );
    CREATE UNIQUE INDEX IF NOT EXISTS invoice_numbers ON invoices (organization, number) WHERE booked;
    CREATE INDEX IF NOT EXISTS invoices_in_order ON invoices (organization, type, deleted_at, number, date);
    CREATE INDEX IF NOT EXISTS sales_in_order ON invoices (organization, deleted_at, number, date);
    CREATE INDEX IF NOT EXISTS invoices_by_change ON invoices (organization, updated_at);
    CREATE INDEX IF NOT EXISTS invoices_by_contact ON invoices (organization, contact_guid);
"""


def find(call: Call, guid: str) -> sqlite3.Row | None:
    """Return the invoice or credit note with this guid in the organization of the call, even a deleted one."""
    return call.store.one("SELECT * FROM invoices WHERE organization = ? AND guid = ?", [call.organization, guid])


def existing(call: Call, kind: str = "Invoice", guid: str | None = None) -> sqlite3.Row:
    """Return the invoice or credit note in the path.

    :param kind: ``Invoice`` or ``CreditNote``
    :param guid: guid, if it isn't the path's
    :raises ApiError: 400 with code 63 if it doesn't exist; these don't respond with 404
    """
    row = find(call, guid or call.guid)
    if row is None or row["type"] != kind:
        raise ApiError(63, "Invalid InvoiceGuid / CreditNoteGuid, no results found")
    return row


def check_change(row: sqlite3.Row, timestamp: str | None) -> None:
    """Check that a document can be changed, from the version that the caller knows.

    Undocumented: the order of the checks is deleted, version, status. So repeating a booking with the old Timestamp is
    stale (58), not "already booked".
    """
    if row["deleted_at"]:
        text = "You cannot make changes, the invoice is deleted."
        raise ApiError(65, text, problems={"message": text})
    if timestamp and timestamp != row["time_stamp"]:
        raise ApiError(58)


def check_draft(row: sqlite3.Row) -> None:
    """Check that a document is a draft. The code for changing, deleting or booking a booked one is undocumented."""
    if row["booked"]:
        raise ApiError(45, "The request is invalid: the voucher is booked.")


def check_booked(row: sqlite3.Row) -> None:
    """Check that a document is booked.

    :raises ApiError: code 59 if it isn't
    """
    if not row["booked"]:
        raise ApiError(59)


def touch(call: Call, row: sqlite3.Row, changes: dict[str, Any], by: str | None = None) -> str:
    """Change an invoice or credit note.

    :param row: its row
    :param changes: new values of columns
    :param by: the mutation, where a switch says whether it moves UpdatedAt, see ``Settings``
    :return: the Timestamp, which changes too, except for mail-outs, for which there is a switch
    """
    settings, version = call.settings, str(row["time_stamp"])
    if by not in MAIL_OUTS or settings.mailout_bumps_timestamp:
        version = call.store.next_version()
    stamps = {"time_stamp": version}
    if by is None or by in settings.updated_at_bumped_by:
        stamps["updated_at"] = call.store.now()
    call.store.update("invoices", (call.organization, row["guid"]), {**changes, **stamps})
    return version


def next_number(call: Call, asked: int | None) -> int:
    """Return the number for a booking. Undocumented: invoices and credit notes share one series."""
    where = "FROM invoices WHERE organization = ? AND booked"
    if asked is None:
        row = call.store.one(f"SELECT coalesce(max(number), 0) + 1 AS next {where}", [call.organization])
        return int(row["next"]) if row else 1
    taken = call.store.one(f"SELECT 1 {where} AND number = ?", [call.organization, asked])
    if not 0 < asked <= LARGEST_NUMBER or taken:
        raise invalid("Number", f"The number {asked} is taken or not allowed.")
    return asked
