"""The channels by which a sales document is sent."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.operators.base import require_mapping

if TYPE_CHECKING:
    from airflow_provider_dinero.api import DineroClient

# The word for each channel in the log.
CHANNELS = {"email": "e-mailed", "einvoice": "sent electronically", "sms": "texted"}


def sender(client: "DineroClient", channel: str, resource: str = "invoices") -> Callable[..., dict[str, Any]]:
    """Return a callable that sends a document by this channel once: it takes the Guid, the body and resend.

    :param client: DineroClient
    :param channel: str: email, einvoice, or for invoices sms
    :param resource: str, invoices or credit_notes; default invoices
    :raises DineroInvalidBody: there is no such channel
    """
    from airflow_provider_dinero.api.resources import channels

    return channels.sender(client, channel, resource)


def check_mailout(
    client: "DineroClient", channel: str, mailout: Mapping[str, Any] | None, resource: str = "invoices"
) -> Mapping[str, Any]:
    """Check the mail-out before the document is booked.

    :param client: DineroClient
    :param channel: str, as for `sender`
    :param mailout: mapping or None, the body
    :param resource: str, as for `sender`
    :return: mapping, the checked body
    :raises DineroInvalidBody: there is no such channel, or the body is wrong for it
    """
    from airflow_provider_dinero.api.resources import channels

    channels.sender(client, channel, resource)
    return channels.check_mailout(channel, {} if mailout is None else require_mapping("mailout", mailout))


def summary(channel: str, sent: Mapping[str, Any]) -> str:
    """Return the text for the log about a document that was sent.

    :param channel: str
    :param sent: mapping with Recipients and Change
    """
    done = CHANNELS[channel] if sent["Change"] == "created" else f"was already {CHANNELS[channel]}"
    return f"{done}, recipients: {len(sent['Recipients'])}"
