"""What leaves the house, once: e-mails, electronic documents and text messages, told by a document's mail-outs."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from airflow_provider_dinero.api.bodies.validation import check
from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.api.resources.base import Resource, Row
from airflow_provider_dinero.api.resources.electronic import address_of


class Mailing(Resource):
    """What sends documents."""

    def _mail_once(
        self,
        name: str,
        mailouts: Callable[[], Iterable[Row]],
        send: Callable[[], list[str]],
        *,
        resend: int = 0,
        confirm: bool = False,
    ) -> Row:
        """Send unless it was sent before; what failed wasn't.

        :param name: str, the document and the way it is sent; the same for every resend, which waits for what a try
            before it may have sent
        :param mailouts: callable that reads the mail-outs of this kind
        :param send: callable that sends, and returns to whom
        :param resend: int, how many of them don't count; default 0
        :param confirm: bool, the answer says nothing: the mail-outs are read once more; default False
        :return: `{"Recipients", "Change"}`
        """
        if resend < 0:
            raise DineroInvalidBody(f"resend: {resend} is below 0.", "It is how many mail-outs don't count.")

        def find() -> list[str] | None:
            gone = sorted(
                (each for each in mailouts() if each["Status"] != "Failed"),
                key=lambda each: (str(each["Date"]), each["Id"]),
            )
            if len(gone) <= resend:
                return None
            return [address.strip() for address in str(gone[-1]["Receiver"] or "").split(",")]

        recipients, change = self._once(name, find, send, confirm=confirm)
        return {"Recipients": recipients, "Change": change}

    def _send_electronically(
        self,
        name: str,
        guid: str,
        body: Mapping[str, Any] | None,
        get: Callable[[str], Row],
        mailouts: Callable[[str], Iterable[Row]],
        send: Callable[[str, Mapping[str, Any] | None], None],
        resend: int,
    ) -> Row:
        """Send electronically, once, to a contact that can receive it."""
        wanted = check("EInvoiceSendModel", {"PaymentMeanEnum": "Domestic", **(body or {})})

        def checked_and_sent() -> list[str]:
            to = address_of(self.client, get(guid)["ContactGuid"], wanted.get("AttPerson"))
            send(guid, body)
            return [to]

        sent = partial(self._mail_once, name, lambda: of_kind("Einvoice", mailouts(guid)), checked_and_sent)
        return sent(resend=resend, confirm=True)


def of_kind(kind: str, mailouts: Iterable[Row]) -> list[Row]:
    """Return those of some mail-outs that are of this kind, and no text messages.

    :param kind: str, as Dinero's Type names it: Mailout, Einvoice, TradeOffer, PreReminder, ...
    :param mailouts: iterable of dicts, as Dinero gives them
    """
    return [each for each in mailouts if each["Type"] == kind and not each["IsSmsMessage"]]


def addresses(answer: Row) -> list[str]:
    """Return to whom an e-mail went, by the answer of the request that sent it.

    :param answer: dict
    """
    recipients: list[dict[str, Any]] = answer["Recipients"] or []
    return [str(each["Email"]) for each in recipients]
