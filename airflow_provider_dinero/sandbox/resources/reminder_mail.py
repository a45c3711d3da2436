"""Sending booked reminders by e-mail or electronically."""

from __future__ import annotations

import sqlite3

from starlette.responses import Response

from airflow_provider_dinero.sandbox.answers import answer, empty
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.contract import project
from airflow_provider_dinero.sandbox.errors import ApiError
from airflow_provider_dinero.sandbox.resources import mail
from airflow_provider_dinero.sandbox.resources.e_invoices import address
from airflow_provider_dinero.sandbox.resources.invoice_mail import language, sent
from airflow_provider_dinero.sandbox.resources.reminder_model import earlier, view
from airflow_provider_dinero.sandbox.resources.reminders import ALL, ONE, existing, invoice
from airflow_provider_dinero.sandbox.resources.sales_vouchers import check_booked, check_change, touch

resource = Resource()


@resource.operation("GET", ALL + "/email/template")
def template(call: Call) -> Response:
    """Return the default text of the e-mail."""
    row = invoice(call)
    _latest(call, row)
    return answer(project("MailoutTemplateReadModel", mail.defaults(call, row, language(row), mail.REMINDER)))


@resource.operation("POST", ALL + "/email")
def send(call: Call) -> Response:
    """E-mail the booked reminder, the latest one if there are several."""
    row, body = invoice(call), call.body("ApiMailoutModel", optional=True)
    check_change(row, body["Timestamp"])
    reminder = _latest(call, row)
    response = mail.send(call, row, language(row), mail.REMINDER, body, view(call, row, dict(reminder)))
    touch(call, row, _sent(row, reminder, mail.REMINDER.type), "mailout")
    return response


@resource.operation("POST", ONE + "/e-reminder")
def send_electronically(call: Call) -> Response:
    """Send a booked reminder to a contact that can receive electronic invoices."""
    row, body = invoice(call), call.body("EanReminderModel", optional=True)
    check_change(row, body["Timestamp"])
    reminder = existing(call, row)
    if not reminder["booked"] or reminder["deleted"]:
        raise ApiError(88)
    kind = "ElectronicInvoiceReminder"
    mail.put(call, row, view(call, row, dict(reminder)), to=address(call, row, body), type=kind, channel="e-invoice")
    touch(call, row, _sent(row, reminder, kind), "e-invoice")
    return empty()


def _latest(call: Call, row: sqlite3.Row) -> sqlite3.Row:
    check_booked(row)
    booked = [reminder for reminder in earlier(call, row) if reminder["booked"]]
    if not booked:
        raise ApiError(88)
    return booked[-1]


def _sent(row: sqlite3.Row, reminder: sqlite3.Row, kind: str) -> dict[str, str | int]:
    return {**sent(kind), "debt_collection": row["debt_collection"] or reminder["with_warning"]}
