"""E-mails with an invoice, and pre-reminders, which create no reminder."""

from __future__ import annotations

import sqlite3

from starlette.responses import Response

from airflow_provider_dinero.sandbox.answers import answer, decode, empty
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.contract import project
from airflow_provider_dinero.sandbox.errors import ApiError
from airflow_provider_dinero.sandbox.resources import mail, sales_model
from airflow_provider_dinero.sandbox.resources.invoices import ONE
from airflow_provider_dinero.sandbox.resources.sales_vouchers import check_booked, check_change, existing, touch

resource = Resource()


@resource.operation("GET", "/v2/{organizationId}/invoices/{guid}/email/template")
def template(call: Call) -> Response:
    """Return the default text of an e-mail. For drafts this is undocumented: they have one too."""
    row = existing(call)
    return answer(project("MailoutTemplateReadModelV2", mail.defaults(call, row, language(row), mail.INVOICE)))


@resource.operation("POST", ONE + "/email")
def send(call: Call) -> Response:
    """E-mail a booked invoice."""
    row, body = existing(call), call.body("ApiMailoutModel", optional=True)
    check_change(row, body["Timestamp"])
    check_booked(row)
    response = mail.send(call, row, language(row), mail.INVOICE, body)
    touch(call, row, sent(mail.INVOICE.type), "mailout")
    return response


@resource.operation("GET", ONE + "/mailouts")
def mailouts(call: Call) -> Response:
    """List what was sent of an invoice: e-mails, e-invoices, text messages, reminders."""
    return mail.mailouts(call, existing(call)["guid"])


@resource.operation("GET", ONE + "/email/pre-reminder/template")
def pre_reminder_template(call: Call) -> Response:
    """Return the default text of a pre-reminder. Invoices that aren't overdue have one too (undocumented)."""
    row = existing(call)
    return answer(project("MailoutTemplateReadModel", mail.defaults(call, row, language(row), mail.PRE_REMINDER)))


@resource.operation("POST", ONE + "/email/pre-reminder")
def send_pre_reminder(call: Call) -> Response:
    """E-mail a pre-reminder; the invoice must be overdue."""
    row, body = existing(call), call.body("ApiMailoutModel", optional=True)
    check_change(row, body["Timestamp"])
    check_overdue(call, row)
    mail.send(call, row, language(row), mail.PRE_REMINDER, body)
    touch(call, row, sent(mail.PRE_REMINDER.type), "mailout")
    return empty()


def language(row: sqlite3.Row) -> str:
    """Return the language of a document."""
    return str(decode(row["data"])["Language"])


def sent(kind: str) -> dict[str, str]:
    """Return what a mail-out changes in the row of its document.

    :param kind: the type, as in ``LatestMailOutType``
    """
    return {"mailout_status": "Sent", "mailout_type": kind}


def check_overdue(call: Call, row: sqlite3.Row) -> None:
    """Check that an invoice is overdue.

    :raises ApiError: code 59 for a draft, 74 if it isn't overdue
    """
    check_booked(row)
    if sales_model.read(call, row["guid"])["status"] != "Overdue":
        raise ApiError(74)
