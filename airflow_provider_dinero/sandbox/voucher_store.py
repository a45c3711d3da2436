"""What manual vouchers, purchase vouchers and purchase credit notes share: a row with a version and a state."""

from __future__ import annotations

import sqlite3
from typing import Any
from uuid import uuid4

from airflow_provider_dinero.sandbox.answers import encode
from airflow_provider_dinero.sandbox.books import reverse
from airflow_provider_dinero.sandbox.calls import Call
from airflow_provider_dinero.sandbox.errors import ApiError
from airflow_provider_dinero.sandbox.file_links import link

TABLES = """
    CREATE TABLE IF NOT EXISTS vouchers (
        id INTEGER PRIMARY KEY, organization INTEGER, guid TEXT, kind TEXT, state TEXT DEFAULT 'Draft', number INTEGER,
        date TEXT, payment_date TEXT, contact_guid TEXT, credit_note_for TEXT, file_guid TEXT, currency TEXT,
        total_ore INTEGER, total_dkk_ore INTEGER, settled_ore INTEGER DEFAULT 0, time_stamp TEXT, created_at TEXT,
        updated_at TEXT, booked_at TEXT, booked_by TEXT, data TEXT, UNIQUE (organization, guid)
    );
    CREATE INDEX IF NOT EXISTS vouchers_by_file ON vouchers (organization, file_guid);
    CREATE INDEX IF NOT EXISTS vouchers_by_date ON vouchers (organization, date, total_ore);
    CREATE INDEX IF NOT EXISTS vouchers_credited ON vouchers (organization, credit_note_for);
"""
DRAFT, BOOKED, DELETED = "Draft", "Booked", "Deleted"


def find(call: Call, guid: str) -> sqlite3.Row | None:
    """Return the voucher with this guid, of any kind and state."""
    return call.store.one("SELECT * FROM vouchers WHERE organization = ? AND guid = ?", [call.organization, guid])


def existing(call: Call, *kinds: str, guid: str | None = None) -> sqlite3.Row:
    """Return a voucher that can be read.

    :param kinds: accepted kinds
    :param guid: guid of the voucher; the one in the path by default
    :raises ApiError: 404 with code 40 if it doesn't exist or was deleted
    """
    row = find(call, guid or call.guid)
    if row is None or row["kind"] not in kinds or row["state"] == DELETED:
        raise ApiError(40, status=404)
    return row


def changeable(call: Call, timestamp: str | None, *kinds: str, guid: str | None = None) -> sqlite3.Row:
    """Return a voucher that can be changed from the version that the caller knows.

    :param timestamp: the version, None for the latest
    :param kinds: accepted kinds
    :param guid: guid of the voucher; the one in the path by default
    :raises ApiError: 404 with code 40; 65 for a deleted voucher, 58 for another version
    """
    row = find(call, guid or call.guid)
    if row is None or row["kind"] not in kinds:
        raise ApiError(40, status=404)
    if row["state"] == DELETED:
        raise ApiError(65)
    if timestamp and timestamp != row["time_stamp"]:
        raise ApiError(58)
    return row


def check_draft(row: sqlite3.Row) -> None:
    """Check that a voucher is a draft. The code for a booked one is undocumented: the same as for invoices."""
    if row["state"] != DRAFT:
        raise ApiError(45, "The request is invalid: the voucher is booked.")


def create(call: Call, kind: str, guid: str, values: dict[str, Any]) -> str:
    """Add a draft.

    :return: its version
    """
    now, version = call.store.now(), call.store.next_version()
    key = {"organization": call.organization, "guid": guid, "kind": kind, "created_at": now, "updated_at": now}
    call.store.insert("vouchers", {**key, "time_stamp": version, **values})
    _link(call, guid, None)
    return version


def drafted(call: Call, file_guid: str) -> None:
    """Create the draft purchase that Dinero makes for an uploaded PDF; its content is undocumented."""
    content = {"PurchaseType": "cash", "Lines": [], "ByDinero": True}
    content |= dict.fromkeys(("ExternalReference", "DepositAccountNumber", "RegionKey"))
    values = {"date": call.store.today(), "payment_date": call.store.today(), "file_guid": file_guid, "currency": "DKK"}
    create(call, "purchase", str(uuid4()), {**values, "total_ore": 0, "data": encode(content).decode()})


def touch(call: Call, guid: str, changes: dict[str, Any]) -> str:
    """Write changes.

    :return: the new version
    """
    row, version = find(call, guid), call.store.next_version()
    stamps = {"time_stamp": version, "updated_at": call.store.now()}
    call.store.update("vouchers", (call.organization, guid), {**changes, **stamps})
    _link(call, guid, row["file_guid"] if row else None)
    return version


def booked(call: Call, number: int) -> dict[str, Any]:
    """Return the changes that booking makes to any voucher."""
    return {
        "state": BOOKED,
        "number": number,
        "booked_at": call.store.today(),
        "booked_by": f"API ({call.client_id})",
    }


def delete(call: Call, row: sqlite3.Row) -> None:
    """Delete a draft, or offset the entries of a booked voucher."""
    if row["state"] == BOOKED:
        reverse(call, row["guid"])
    touch(call, row["guid"], {"state": DELETED})


def common(row: sqlite3.Row) -> dict[str, Any]:
    """Return the properties that the read models of all kinds share."""
    return {
        "Guid": row["guid"],
        "Timestamp": row["time_stamp"],
        "FileGuid": row["file_guid"],
        "ContactGuid": row["contact_guid"],
        "CreditNoteFor": row["credit_note_for"],
        "VoucherNumber": row["number"],
        "VoucherDate": row["date"],
        "BookedByType": row["booked_by"],
        "BookingTime": row["booked_at"],
    }


def _link(call: Call, guid: str, before: str | None) -> None:
    row = find(call, guid)
    if row and row["file_guid"] != before:
        link(call, row["file_guid"], row["id"], guid, before=before)
