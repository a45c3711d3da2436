"""The channels by which a sales document is sent."""

from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_dinero.api.bodies.validation import CheckedBody, check
from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.api.resources.catalog import Resources
from airflow_provider_dinero.api.resources.sms import DEFAULTS

# The model of each channel, and the defaults of its body.
MODELS: dict[str, tuple[str, Mapping[str, Any]]] = {
    "email": ("ApiMailoutModel", {}),
    "einvoice": ("EInvoiceSendModel", {"PaymentMeanEnum": "Domestic"}),
    "sms": ("SmsSendModel", DEFAULTS),
}


def sender(resources: Resources, channel: str, resource: str = "invoices") -> Callable[..., dict[str, Any]]:
    """Return a callable that sends a document by this channel once: it takes the Guid, the body and resend.

    :param resources: Resources, such as a client
    :param channel: str: email, einvoice, or for invoices sms
    :param resource: str, invoices or credit_notes; default invoices
    :raises DineroInvalidBody: there is no such channel
    """
    ways: dict[str, Callable[..., dict[str, Any]]] = {
        "email": resources.invoices.email_once,
        "einvoice": resources.invoices.send_e_invoice_once,
        "sms": resources.sms.send_once,
    }
    if resource == "credit_notes":
        notes = resources.credit_notes
        ways = {"email": notes.email_once, "einvoice": notes.send_e_credit_note_once}
    require_way(channel, ways)
    return ways[channel]


def require_way(channel: str, ways: Mapping[str, Any] = MODELS) -> None:
    """Check that there is such a channel.

    :param channel: str
    :param ways: mapping of the existing names; default all
    :raises DineroInvalidBody: there is none
    """
    if channel not in ways:
        raise DineroInvalidBody(f"There is no channel {channel!r}.", f"Use {' or '.join(ways)}; nothing was sent.")


def check_mailout(channel: str, mailout: Mapping[str, Any]) -> CheckedBody:
    """Return the checked body of a mail-out.

    :param channel: str
    :param mailout: mapping, as the author wrote it
    :raises DineroInvalidBody: there is no such channel, or the body is wrong for it
    """
    require_way(channel)
    model, defaults = MODELS[channel]
    checked: CheckedBody = check(model, {**defaults, **mailout})
    return checked
