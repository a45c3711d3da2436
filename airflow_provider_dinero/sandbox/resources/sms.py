"""Text messages with a link to an invoice."""

from __future__ import annotations

import re

from starlette.responses import Response

from airflow_provider_dinero.sandbox.answers import empty
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.errors import invalid
from airflow_provider_dinero.sandbox.resources import mail
from airflow_provider_dinero.sandbox.resources.invoice_mail import sent
from airflow_provider_dinero.sandbox.resources.sales_vouchers import check_booked, check_change, existing, touch

# Denmark, the Faroe Islands and Greenland, as for the text message sent with an e-mail.
PHONE = re.compile(r"(?:(?:\+|00)?45)?\d{8}|(?:\+|00)(?:298|299)\d{6}", re.ASCII)
LARGEST_MESSAGE = 1000
LINK = "[link-to-pdf]"

resource = Resource()


@resource.operation("POST", "/v1/{organizationId}/sms/{voucherGuid}/send-sms")
def send_sms(call: Call) -> Response:
    """Send a text message with a link to a booked invoice; the link is at the end unless the message places it."""
    row, body = existing(call, guid=call.route["voucherGuid"].lower()), call.body("SmsSendModel")
    check_change(row, body["Timestamp"])
    check_booked(row)
    phone = re.sub(r"[\s-]", "", body["ReceiverPhoneNumber"])
    if not PHONE.fullmatch(phone):
        raise invalid("ReceiverPhoneNumber", "Must be a number of Denmark, the Faroe Islands or Greenland.")
    message = body["Message"] or f"{row['description']} {row['number']}: {LINK}"
    if len(message) > LARGEST_MESSAGE or re.search(r"https?://|www\.", message, re.IGNORECASE):
        raise invalid("Message", f"Must have at most {LARGEST_MESSAGE} characters and no links.")
    if LINK not in message:
        message += f" {LINK}"
    kind = "Reminder" if body["IsReminder"] else "Mailout"
    mail.put(call, row, to=phone, type=kind, channel="sms", message=message)
    touch(call, row, sent(kind), "sms")
    return empty()
