"""The ways in which a sales document is sent."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.operators.base import require_mapping

if TYPE_CHECKING:
    from airflow_provider_dinero.api import DineroClient

# How the log tells of each way.
CHANNELS = {"email": "e-mailed", "einvoice": "sent electronically", "sms": "texted"}


def sender(client: "DineroClient", channel: str, resource: str = "invoices") -> Callable[..., dict[str, Any]]:
    """Return what sends a document this way, once: it takes the Guid, the body and resend.

    :param client: DineroClient
    :param channel: str: email, einvoice, or for invoices sms
    :param resource: str, invoices or credit_notes; default invoices
    :raises DineroInvalidBody: there is no such way
    """
    ways: dict[str, Callable[..., dict[str, Any]]] = {
        "email": client.invoices.email_once,
        "einvoice": client.invoices.send_e_invoice_once,
        "sms": client.sms.send_once,
    }
    if resource == "credit_notes":
        ways = {"email": client.credit_notes.email_once, "einvoice": client.credit_notes.send_e_credit_note_once}
    if channel not in ways:
        raise DineroInvalidBody(f"{channel!r} is not a way to send: {', '.join(ways)}.", "Nothing was sent.")
    return ways[channel]


def check_mailout(
    client: "DineroClient", channel: str, mailout: Mapping[str, Any] | None, resource: str = "invoices"
) -> Mapping[str, Any]:
    """Check what is to be sent, before the document is booked.

    :param client: DineroClient
    :param channel: str, as `sender` takes it
    :param mailout: mapping or None, what the author gave
    :param resource: str, as `sender` takes it
    :return: mapping, what will be sent, checked
    :raises DineroInvalidBody: there is no such way, or the body is wrong for it
    """
    from airflow_provider_dinero.api.bodies.validation import check
    from airflow_provider_dinero.api.resources.sms import DEFAULTS

    sender(client, channel, resource)
    given = {} if mailout is None else require_mapping("mailout", mailout)
    if channel == "sms":
        checked: Mapping[str, Any] = check("SmsSendModel", {**DEFAULTS, **given})
    elif channel == "einvoice":
        checked = check("EInvoiceSendModel", {"PaymentMeanEnum": "Domestic", **given})
    else:
        checked = check("ApiMailoutModel", given)
    return checked


def summary(channel: str, sent: Mapping[str, Any]) -> str:
    """Return how the log says that a document was sent.

    :param channel: str
    :param sent: mapping with Recipients and Change
    """
    done = CHANNELS[channel] if sent["Change"] == "created" else f"was {CHANNELS[channel]} before"
    return f"{done}, recipients: {len(sent['Recipients'])}"
