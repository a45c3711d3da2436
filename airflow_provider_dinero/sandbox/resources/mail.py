"""Outgoing messages: e-mails, electronic documents and text messages go to the outbox."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from airflow_provider_dinero.sandbox.answers import JsonObject, answer
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.contract import project
from airflow_provider_dinero.sandbox.errors import ApiError
from airflow_provider_dinero.sandbox.lists import changes_since
from airflow_provider_dinero.sandbox.resources import contacts
from airflow_provider_dinero.sandbox.seed_data import ORGANIZATIONS

# ``invoice`` is the guid of the document, whatever its type, see document_type;
# ``reminder`` is the id of the reminder that is sent.
resource = Resource(
    """
    CREATE TABLE IF NOT EXISTS outbox (
        id INTEGER PRIMARY KEY, organization INTEGER, invoice TEXT, document_type TEXT, number INTEGER,
        contact_name TEXT, channel TEXT, type TEXT, sender TEXT, "to" TEXT, subject TEXT, message TEXT,
        reminder INTEGER, cc_to_sender INTEGER, total TEXT, time TEXT
    );
    CREATE INDEX IF NOT EXISTS outbox_by_invoice ON outbox (organization, invoice);
    """
)

GREETINGS = {
    "da-DK": "Hej {name}\n\nHer er {what}: [link-to-pdf]\n\nVenlig hilsen\n{organization}",
    "en-GB": "Dear {name}\n\nHere is {what}: [link-to-pdf]\n\nKind regards\n{organization}",
}


@dataclass(frozen=True)
class Kind:
    """One kind of e-mail.

    :param type: the type, as in ``LatestMailOutType``
    :param texts: by language: the document's name in the subject and in the message
    """

    type: str
    texts: dict[str, tuple[str, str]]


INVOICE = Kind("Mailout", {"da-DK": ("Faktura", "din faktura"), "en-GB": ("Invoice", "your invoice")})
CREDIT_NOTE = Kind("Mailout", {"da-DK": ("Kreditnota", "din kreditnota"), "en-GB": ("Credit note", "your credit note")})
TRADE_OFFER = Kind("TradeOffer", {"da-DK": ("Tilbud", "dit tilbud"), "en-GB": ("Offer", "your offer")})
PRE_REMINDER = Kind(
    "PreReminder",
    {
        "da-DK": ("Påmindelse om faktura", "en påmindelse om din faktura"),
        "en-GB": ("Friendly reminder of invoice", "a friendly reminder of your invoice"),
    },
)
REMINDER = Kind(
    "Reminder",
    {
        "da-DK": ("Rykker for faktura", "en rykker for din faktura"),
        "en-GB": ("Reminder of invoice", "a reminder of your invoice"),
    },
)


def defaults(call: Call, row: sqlite3.Row, language: str, kind: Kind) -> JsonObject:
    """Return the default text of an e-mail.

    :param row: row of an invoice, a credit note or a trade offer
    :param language: language of the document
    """
    organization, contact = ORGANIZATIONS[row["organization"]], contacts.find(call, row["contact_guid"] or "")
    name, what = kind.texts[language]
    return {
        "Sender": organization.email,
        "Receiver": contact["email"] if contact else None,
        "Subject": f"{name} {row['number']}",
        "Message": GREETINGS[language].format(
            name=row["contact_name"] or "", what=what, organization=organization.name
        ),
        "AddVoucherAsPdfAttachment": True,
        "SendAsSms": False,
    }


def send(
    call: Call, row: sqlite3.Row, language: str, kind: Kind, body: JsonObject, reminder: JsonObject | None = None
) -> Response:
    """Send an e-mail to the outbox.

    :param body: bound to ``ApiMailoutModel``
    :param reminder: the reminder to send, as it is read
    :raises ApiError: code 55 without a receiver, 49 if it isn't an address
    """
    known = defaults(call, row, language, kind)
    to = receivers(body["Receiver"] or known["Receiver"], 55)
    put(
        call,
        row,
        reminder,
        type=kind.type,
        sender=body["Sender"] or known["Sender"],
        to=",".join(to),
        subject=body["Subject"] or known["Subject"],
        message=body["Message"] or known["Message"],
        cc_to_sender=bool(body["CcToSender"]),
    )
    return answer({"Recipients": [{"Email": receiver} for receiver in to]})


def receivers(addresses: str | None, without: int) -> list[str]:
    """Return the addresses of a comma-separated list.

    :param without: error code if there is none
    """
    found = [part.strip() for part in (addresses or "").split(",") if part.strip()]
    if not found:
        raise ApiError(without)
    if any("@" not in receiver for receiver in found):
        raise ApiError(49)
    return found


def put(
    call: Call,
    row: sqlite3.Row | JsonObject,
    reminder: JsonObject | None = None,
    *,
    to: str,
    type: str,
    channel: str = "email",
    cc_to_sender: bool = False,
    **texts: Any,
) -> None:
    """Put a message into the outbox.

    :param row: the document: guid, type, number, contact_name and total_text
    :param reminder: the reminder to send, as it is read
    :param to: the receiver
    :param type: the type, as in ``LatestMailOutType``
    :param channel: ``email``, ``e-invoice`` or ``sms``
    :param texts: sender, subject and message
    """
    call.store.insert(
        "outbox",
        {
            "organization": call.organization,
            "invoice": row["guid"],
            "document_type": row["type"],
            "number": row["number"],
            "contact_name": row["contact_name"],
            "channel": channel,
            "type": type,
            "reminder": reminder and reminder["Id"],
            '"to"': to,
            "cc_to_sender": cc_to_sender,
            "total": f"{reminder['ReminderTotalInclVatAmount']:.2f}" if reminder else row["total_text"],
            "time": call.store.now(),
            **texts,
        },
    )


def mailouts(call: Call, guid: str) -> Response:
    """List what was sent of a document, oldest first; ``changesSince`` is exclusive here ("after" in the text)."""
    sms = call.flag("includeSms", default=True)
    rows = call.store.execute(
        "SELECT * FROM outbox WHERE organization = ? AND invoice = ? AND time > ? AND (? OR channel <> 'sms') "
        "ORDER BY id",
        [call.organization, guid, changes_since(call), sms],
    )
    return answer([_model(row) for row in rows])


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
        "Type": row["type"],
        "Status": "Sent",
        "LatestEvent": "SentToCustomer" if row["channel"] == "e-invoice" else "Sent",
        "IsSmsMessage": row["channel"] == "sms",
        "CCToSender": bool(row["cc_to_sender"]),
    }
    return project("VoucherMailoutReadModel", known)
