"""E-mails with an invoice: the template, the sending, what was sent."""

from __future__ import annotations

import sqlite3

from starlette.responses import Response

from airflow_provider_dinero.sandbox.answers import JsonObject, answer
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.contract import project
from airflow_provider_dinero.sandbox.errors import DineroError
from airflow_provider_dinero.sandbox.known import ORGANIZATIONS
from airflow_provider_dinero.sandbox.lists import changes_since
from airflow_provider_dinero.sandbox.resources import contacts
from airflow_provider_dinero.sandbox.resources.invoice_model import DOCUMENT_NAMES, read
from airflow_provider_dinero.sandbox.resources.invoices import ONE, check_change, existing, touch

MESSAGES = {
    "da-DK": "Hej {name}\n\nHer er din faktura: [link-to-pdf]\n\nVenlig hilsen\n{organization}",
    "en-GB": "Dear {name}\n\nHere is your invoice: [link-to-pdf]\n\nKind regards\n{organization}",
}

resource = Resource(
    """
    CREATE TABLE IF NOT EXISTS outbox (
        id INTEGER PRIMARY KEY, organization INTEGER, invoice TEXT, number INTEGER, contact_name TEXT,
        sender TEXT, "to" TEXT, subject TEXT, message TEXT, cc_to_sender INTEGER, total TEXT, time TEXT
    );
    CREATE INDEX IF NOT EXISTS outbox_by_invoice ON outbox (organization, invoice);
    """
)


@resource.operation("GET", "/v2/{organizationId}/invoices/{guid}/email/template")
def template(call: Call) -> Response:
    """What an e-mail would say. Documents silent on drafts: they have one too."""
    row = existing(call)
    known = {**_defaults(call, row), "AddVoucherAsPdfAttachment": True, "SendAsSms": False}
    return answer(project("MailoutTemplateReadModelV2", known))


@resource.operation("POST", ONE + "/email")
def send(call: Call) -> Response:
    """E-mail a booked invoice, here into the outbox."""
    row, body = existing(call), call.body("ApiMailoutModel", optional=True)
    check_change(row, body["Timestamp"])
    if not row["booked"]:
        raise DineroError(59)
    defaults = _defaults(call, row)
    receivers = [part.strip() for part in (body["Receiver"] or defaults["Receiver"] or "").split(",") if part.strip()]
    if not receivers:
        raise DineroError(55)
    if any("@" not in receiver for receiver in receivers):
        raise DineroError(49)
    call.store.insert(
        "outbox",
        {
            "organization": call.organization,
            "invoice": call.guid,
            "number": row["number"],
            "contact_name": row["contact_name"],
            "sender": body["Sender"] or defaults["Sender"],
            '"to"': ",".join(receivers),
            "subject": body["Subject"] or defaults["Subject"],
            "message": body["Message"] or defaults["Message"],
            "cc_to_sender": body["CcToSender"],
            "total": row["total_text"],
            "time": call.store.now(),
        },
    )
    changes = {"mailout_status": "Sent", "mailout_type": "Mailout"}
    touch(call, changes, new_version=call.settings.mailout_bumps_timestamp)
    return answer({"Recipients": [{"Email": receiver} for receiver in receivers]})


@resource.operation("GET", ONE + "/mailouts")
def mailouts(call: Call) -> Response:
    """The e-mails of an invoice, oldest first; ``changesSince`` is exclusive here ("after" in the text)."""
    existing(call)
    rows = call.store.execute(
        "SELECT * FROM outbox WHERE organization = ? AND invoice = ? AND time > ? ORDER BY id",
        [*call.key, changes_since(call)],
    )
    return answer([_model(row) for row in rows])


def _defaults(call: Call, row: sqlite3.Row) -> JsonObject:
    invoice, organization = read(call, call.guid), ORGANIZATIONS[row["organization"]]
    contact = contacts.find(call, invoice["ContactGuid"] or "")
    language = invoice["Language"]
    return {
        "Sender": organization.email,
        "Receiver": contact["email"] if contact else None,
        "Subject": f"{DOCUMENT_NAMES[language]} {row['number']}",
        "Message": MESSAGES[language].format(name=invoice["ContactName"] or "", organization=organization.name),
    }


def _model(row: sqlite3.Row) -> JsonObject:
    known = {
        "Id": row["id"],
        "Date": row["time"],
        "Sender": row["sender"],
        "Receiver": row["to"],
        "Subject": row["subject"],
        "Message": row["message"],
        "DownloadCount": 0,
        "PrintCount": 0,
        "Type": "Mailout",
        "Status": "Sent",
        "LatestEvent": "Sent",
        "IsSmsMessage": False,
        "CCToSender": bool(row["cc_to_sender"]),
    }
    return project("VoucherMailoutReadModel", known)
