"""The ways in which a sales document is sent."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

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
    from airflow_provider_dinero.api.resources import channels

    return channels.sender(client, channel, resource)


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
    from airflow_provider_dinero.api.resources import channels

    channels.sender(client, channel, resource)
    return channels.check_mailout(channel, {} if mailout is None else require_mapping("mailout", mailout))


def summary(channel: str, sent: Mapping[str, Any]) -> str:
    """Return how the log says that a document was sent.

    :param channel: str
    :param sent: mapping with Recipients and Change
    """
    done = CHANNELS[channel] if sent["Change"] == "created" else f"was {CHANNELS[channel]} before"
    return f"{done}, recipients: {len(sent['Recipients'])}"
