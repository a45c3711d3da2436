"""Ledger items in the database, and their postings."""

from __future__ import annotations

import sqlite3
from base64 import b64encode
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from airflow_provider_dinero.sandbox.accounts import CREDITORS, DEBTORS, chart
from airflow_provider_dinero.sandbox.answers import JsonObject, decode, encode
from airflow_provider_dinero.sandbox.books import MANUAL, Posting, post
from airflow_provider_dinero.sandbox.calls import Call
from airflow_provider_dinero.sandbox.errors import ApiError, invalid
from airflow_provider_dinero.sandbox.file_links import link
from airflow_provider_dinero.sandbox.manual_lines import understood
from airflow_provider_dinero.sandbox.resources.ledger_payments import paid_voucher, settle_voucher
from airflow_provider_dinero.sandbox.voucher_numbers import check_number, is_taken, next_number
from airflow_provider_dinero.sandbox.years import Year

TABLES = """
    CREATE TABLE IF NOT EXISTS ledger_items (
        id INTEGER PRIMARY KEY, organization INTEGER, guid TEXT, version TEXT, state TEXT DEFAULT 'Draft',
        voucher_number INTEGER, date TEXT, file_guid TEXT, line_count INTEGER, lines TEXT, due_at TEXT,
        UNIQUE (organization, guid)
    );
    CREATE INDEX IF NOT EXISTS ledger_items_by_state ON ledger_items (state, organization, due_at);
    CREATE TABLE IF NOT EXISTS ledger_lines (
        organization INTEGER, guid TEXT, item_guid TEXT, PRIMARY KEY (organization, guid)
    );
    CREATE INDEX IF NOT EXISTS ledger_lines_of_item ON ledger_lines (organization, item_guid);
    CREATE TABLE IF NOT EXISTS ledgers (organization INTEGER PRIMARY KEY, busy_until REAL);
"""


def find(call: Call, guid: str) -> sqlite3.Row | None:
    """Return the ledger item with this id, even a booked one."""
    return call.store.one("SELECT * FROM ledger_items WHERE organization = ? AND guid = ?", [call.organization, guid])


def existing(call: Call, guid: str) -> sqlite3.Row:
    """Return the ledger item with this id.

    :raises ApiError: 400 with the key that was measured if it doesn't exist
    """
    row = find(call, guid)
    if row is None:
        raise ApiError(42, problems={"ledgerItemNotFound": f"There is no ledger item {guid}."})
    return row


def draft(call: Call, guid: str, version: str | None) -> sqlite3.Row:
    """Return a ledger item that can be changed.

    :param guid: its id
    :param version: the version that the caller knows, None for the latest
    :raises ApiError: code 71 for another version (undocumented), 45 if it is booked or being booked
    """
    row = existing(call, guid)
    if row["state"] != "Draft":
        raise ApiError(45, "The request is invalid: the ledger item is booked or being booked.")
    if version and version != row["version"]:
        raise ApiError(71)
    return row


def save(call: Call, item: JsonObject, before: sqlite3.Row | None) -> JsonObject:
    """Add or replace a draft.

    :param item: the checked item with its Id
    :param before: the row that it replaces
    :return: Id and Version
    :raises ApiError: 409 with code 72 if the id of a line is already used
    """
    guid = item["Id"]
    call.store.execute("DELETE FROM ledger_lines WHERE organization = ? AND item_guid = ?", [call.organization, guid])
    for line in item["Lines"]:
        line["Id"] = line["Id"] or str(uuid4())
        if call.store.one(
            "SELECT 1 FROM ledger_lines WHERE organization = ? AND guid = ?", [call.organization, line["Id"]]
        ):
            raise ApiError(72, status=409)
        key = {"organization": call.organization, "guid": line["Id"], "item_guid": guid}
        call.store.insert("ledger_lines", key)
    values = {
        "version": b64encode(bytes.fromhex(call.store.next_version())).decode(),
        "voucher_number": item["VoucherNumber"],
        "date": item["VoucherDate"],
        "file_guid": item["FileGuid"],
        "line_count": len(item["Lines"]),
        "lines": encode(item["Lines"]).decode(),
    }
    if before is None:
        call.store.insert("ledger_items", {"organization": call.organization, "guid": guid, **values})
    else:
        call.store.update("ledger_items", (call.organization, guid), values)
    file_before = before["file_guid"] if before else None
    if file_before != item["FileGuid"]:
        link(call, item["FileGuid"], existing(call, guid)["id"], guid, before=file_before)
    return {"Id": guid, "Version": values["version"]}


def postings(call: Call, row: sqlite3.Row) -> list[Posting]:
    """Return the postings of an item; a line that pays a voucher is on its debtor or creditor account."""
    known, found = chart(call), []
    for at, line in enumerate(decode(row["lines"])):
        contact = None
        if line["IsPaymentForVoucherId"]:
            voucher = paid_voucher(call, line["IsPaymentForVoucherId"])
            contact = voucher.contact_guid
            line = {**line, "AccountNumber": DEBTORS if voucher.sale else CREDITORS}
        found += understood(known, line, f"Lines[{at}]").postings(line["Description"], contact, row["file_guid"])
    return found


def draft_postings(call: Call, year: Year) -> list[Posting]:
    """Return the postings of a year's unbooked items, except payments of vouchers that no longer exist."""
    rows = call.store.execute(
        "SELECT * FROM ledger_items WHERE organization = ? AND state <> 'Booked' AND date BETWEEN ? AND ?",
        [call.organization, year.first_day, year.last_day],
    ).fetchall()
    found = []
    for row in rows:
        with suppress(ApiError):
            found += postings(call, row)
    return found


def check_bookable(call: Call, row: sqlite3.Row) -> list[Posting]:
    """Return the postings that booking an item would write.

    :raises ApiError: code 42 if it doesn't balance or its number is taken
    """
    lines = postings(call, row)
    if sum(line.ore for line in lines):
        raise invalid("Lines", "Debit and credit differ: the ledger item does not balance.")
    if row["voucher_number"] is not None and call.settings.ledger_voucher_number == "kept":
        check_number(call, row["voucher_number"], row["date"])
    return lines


def book_what_is_due(call: Call) -> None:
    """Book the items whose booking time has come."""
    sql = "SELECT * FROM ledger_items WHERE state = 'PendingBooking' AND due_at <= ? ORDER BY due_at, id"
    for row in call.store.execute(sql, [call.store.now()]).fetchall():
        _book(replace(call, organization=row["organization"]), row)


def due_at(call: Call) -> str:
    """Return when an item will be booked if booking starts now."""
    now = call.store.clock()
    try:
        due = now + timedelta(seconds=call.settings.ledger_booking_seconds)
    except OverflowError:  # the end of the calendar
        due = now
    return due.replace(tzinfo=None).isoformat(timespec="milliseconds")


def _book(call: Call, row: sqlite3.Row) -> None:
    key = (call.organization, row["guid"])
    try:
        lines = check_bookable(call, row)
    except ApiError:
        # Another voucher has taken its number meanwhile, or what it pays is gone. Undocumented: it is a draft again.
        call.store.update("ledger_items", key, {"state": "Draft"})
        return
    asked = row["voucher_number"]
    if asked is not None and call.settings.ledger_voucher_number == "grouping" and is_taken(call, asked, row["date"]):
        asked = None
    number = next_number(call, row["guid"], row["date"], asked)
    post(call, date=row["date"], voucher_guid=row["guid"], voucher_type=MANUAL, number=number, lines=lines)
    for line in decode(row["lines"]):
        if line["IsPaymentForVoucherId"]:
            settle_voucher(call, row, line)
    call.store.update("ledger_items", key, {"state": "Booked", "voucher_number": number})
