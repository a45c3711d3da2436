"""Reminders of overdue invoices, at most three and ten days apart: drafted, booked, then sent."""

from __future__ import annotations

import sqlite3
from typing import Any
from uuid import uuid4

from starlette.responses import Response

from airflow_provider_dinero.sandbox import books, voucher_numbers
from airflow_provider_dinero.sandbox.accounts import DEBTORS, REMINDER_FEES
from airflow_provider_dinero.sandbox.answers import JsonObject, answer, empty
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.errors import ApiError
from airflow_provider_dinero.sandbox.lists import changes_since
from airflow_provider_dinero.sandbox.resources import payments, sales_vouchers
from airflow_provider_dinero.sandbox.resources.invoice_mail import check_overdue
from airflow_provider_dinero.sandbox.resources.reminder_model import (
    check_next,
    claims,
    columns,
    earlier,
    next_number,
    total_ore,
    view,
)
from airflow_provider_dinero.sandbox.resources.sales_vouchers import check_change, touch
from airflow_provider_dinero.sandbox.seed_data import ORGANIZATIONS

ALL = "/v1/{organizationId}/invoices/{voucherGuid}/reminders"
ONE = ALL + "/{id}"

resource = Resource(
    """
    CREATE TABLE IF NOT EXISTS reminders (
        id INTEGER PRIMARY KEY, organization INTEGER, invoice TEXT, number INTEGER, booked INTEGER DEFAULT 0,
        deleted INTEGER DEFAULT 0, voucher_guid TEXT, title TEXT, description TEXT, date TEXT, with_warning INTEGER,
        with_fee INTEGER, with_interest INTEGER, with_compensation INTEGER,
        fee_ore INTEGER, interest_ore INTEGER, compensation_ore INTEGER, updated_at TEXT
    );
    CREATE INDEX IF NOT EXISTS reminders_by_invoice ON reminders (organization, invoice);
    """
)


@resource.operation("GET", ALL)
def reminders(call: Call) -> Response:
    """List the reminders of an invoice; ``changesSince`` is exclusive here ("after" in the text).

    Undocumented: deleted drafts disappear, deleted booked reminders stay and are marked.
    """
    found = invoice(call)
    sql = "SELECT * FROM reminders WHERE organization = ? AND invoice = ? AND updated_at > ? ORDER BY id"
    rows = call.store.execute(sql, [call.organization, found["guid"], changes_since(call)]).fetchall()
    return answer([view(call, found, dict(row)) for row in rows])


@resource.operation("POST", ALL)
def create_reminder(call: Call) -> Response:
    """Add a draft."""
    found, body = invoice(call), call.body("ReminderCreateModel")
    check_change(found, body["Timestamp"])
    check_overdue(call, found)
    check_next(call, found, body)
    values = {
        "organization": call.organization,
        "invoice": found["guid"],
        "number": next_number(call, found),
        **columns(body),
        **claims(call, found, body),
        "updated_at": call.store.now(),
    }
    call.store.insert("reminders", values)
    touch(call, found, {}, "reminder")
    return _answer(call, int(call.store.execute("SELECT last_insert_rowid()").fetchone()[0]))


@resource.operation("GET", ALL + "/next")
def next_reminder(call: Call) -> Response:
    """Return the defaults of the next reminder: today, with fee and interest."""
    body = {
        "Title": None,
        "Description": None,
        "Date": call.store.today(),
        "WithDebtCollectionWarning": False,
        "WithFee": True,
        "WithInterestFee": True,
        "WithCompensationFee": False,
    }
    return _calculated(call, body)


@resource.operation("POST", ALL + "/fetch")
def calculate_reminder(call: Call) -> Response:
    """Calculate a reminder without saving it."""
    return _calculated(call, {"Title": None, "Description": None, **call.body("ReminderFetchModel")})


@resource.operation("GET", ONE)
def get_reminder(call: Call) -> Response:
    """Return one reminder, as a PDF if the client asks for it."""
    found = invoice(call)
    known = view(call, found, dict(existing(call, found)))
    if "application/octet-stream" not in call.headers.get("accept", ""):
        return answer(known)
    from airflow_provider_dinero.sandbox.pdf import reminder_pdf

    organization = ORGANIZATIONS[call.organization or 0]
    return Response(reminder_pdf(organization, found, known), media_type="application/octet-stream")


@resource.operation("PUT", ONE)
def replace_reminder(call: Call) -> Response:
    """Replace a draft."""
    found, row, body = _draft(call, "ReminderCreateModel")
    check_next(call, found, body, row["id"])
    _update(call, row, {**columns(body), **claims(call, found, body, row["id"])})
    touch(call, found, {}, "reminder")
    return _answer(call, row["id"])


@resource.operation("DELETE", ONE)
def delete_reminder(call: Call) -> Response:
    """Delete a draft, or offset a booked one."""
    found, body = invoice(call), call.body("ReminderDeleteModel")
    check_change(found, body["Timestamp"])
    row = existing(call, found)
    if row["deleted"]:
        raise ApiError(65)
    changes = {}
    if row["booked"]:
        books.reverse(call, row["voucher_guid"])
        _update(call, row, {"deleted": 1})
        changes["reminder_ore"] = found["reminder_ore"] - total_ore(row)
    else:
        call.store.execute("DELETE FROM reminders WHERE id = ?", [row["id"]])
    touch(call, found, changes, "reminder")
    return empty()


@resource.operation("POST", ONE + "/book")
def book_reminder(call: Call) -> Response:
    """Book a draft: from now on the customer owes its fee and interest.

    Undocumented: drafts can't be booked out of order.
    """
    found, row, _ = _draft(call, "ReminderBookModel")
    check_overdue(call, found)
    if any(not other["booked"] for other in earlier(call, found, row["id"])):
        raise ApiError(45, "The request is invalid: the previous reminder is not booked.")
    claimed, guid = total_ore(row), str(uuid4())
    before = payments.booked_dkk(found, found["total_ore"] + found["reminder_ore"])
    dkk = payments.booked_dkk(found, found["total_ore"] + found["reminder_ore"] + claimed) - before
    if dkk:
        text, contact = f"{found['description']} {found['number']}", found["contact_guid"]
        postings = ((DEBTORS, dkk), (REMINDER_FEES, -dkk))
        books.post(
            call,
            date=row["date"],
            voucher_guid=guid,
            voucher_type=books.MANUAL,
            number=voucher_numbers.next_number(call, guid, row["date"]),
            lines=[books.Posting(account, amount, None, text, contact) for account, amount in postings],
        )
    _update(call, row, {"booked": 1, "voucher_guid": guid})
    touch(call, found, {"reminder_ore": found["reminder_ore"] + claimed}, "reminder")
    return _answer(call, row["id"])


def invoice(call: Call) -> sqlite3.Row:
    """Return the invoice in the path."""
    return sales_vouchers.existing(call, guid=call.route["voucherGuid"].lower())


def existing(call: Call, of: sqlite3.Row) -> sqlite3.Row:
    """Return the reminder in the path. The status for a missing one is undocumented: 404.

    :param of: its invoice
    """
    sql = "SELECT * FROM reminders WHERE organization = ? AND invoice = ? AND CAST(id AS TEXT) = ?"
    row = call.store.one(sql, [call.organization, of["guid"], call.route["id"]])
    if row is None:
        raise ApiError(40, status=404)
    return row


def _draft(call: Call, schema: str) -> tuple[sqlite3.Row, sqlite3.Row, JsonObject]:
    found, body = invoice(call), call.body(schema)
    check_change(found, body["Timestamp"])
    row = existing(call, found)
    if row["deleted"]:
        raise ApiError(65)
    if row["booked"]:
        raise ApiError(45, "The request is invalid: the reminder is booked.")
    return found, row, body


def _calculated(call: Call, body: JsonObject) -> Response:
    found = invoice(call)
    check_overdue(call, found)
    check_next(call, found, body)
    unsaved = {"id": None, "booked": 0, "deleted": 0, "number": next_number(call, found)}
    return answer(view(call, found, {**unsaved, **columns(body), **claims(call, found, body)}))


def _update(call: Call, row: sqlite3.Row, changes: dict[str, Any]) -> None:
    changes = {**changes, "updated_at": call.store.now()}
    columns = ", ".join(f"{column} = ?" for column in changes)
    call.store.execute(f"UPDATE reminders SET {columns} WHERE id = ?", [*changes.values(), row["id"]])


def _answer(call: Call, id: int) -> Response:
    row = call.store.execute("SELECT * FROM reminders WHERE id = ?", [id]).fetchone()
    return answer(view(call, invoice(call), dict(row)))
