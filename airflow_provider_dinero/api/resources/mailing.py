"""Outgoing messages: e-mails, electronic documents and text messages, each sent once according to the mail-outs."""

import re
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, ClassVar

from airflow_provider_dinero.api.bodies.validation import CheckedBody, check
from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.api.operations import Operation, performs
from airflow_provider_dinero.api.resources.base import Resource, Row, Rows, guarded
from airflow_provider_dinero.api.resources.contacts import Contacts

# A contact's preferred channel, and the property that it needs.
NUMBERS = {"GLN": "EanNumber", "VAT": "VatNumber", "SE": "SENumber", "P": "PNumber"}
ADVICE = "Correct the contact in Dinero, or send by e-mail instead; nothing was sent."
# What `sms.send_once` fills in.
UNSET = "-"


class Mailing(Resource):
    """Sends documents."""

    def _mail_once(
        self,
        name: str,
        mailouts: Callable[[], Iterable[Row]],
        send: Callable[[], list[str]],
        *,
        resend: int = 0,
        confirm: bool = False,
        new: bool = False,
    ) -> Row:
        """Send unless it was sent before; a failed mail-out doesn't count.

        :param name: str, the document and the channel; the same for every resend, which waits for what an earlier
            try may have sent
        :param mailouts: callable that reads the mail-outs of this kind
        :param send: callable that sends, and returns the receivers
        :param resend: int, how many of them to ignore; default 0
        :param confirm: bool, whether the response is empty, so that the mail-outs must be read again; default False
        :param new: bool, as for `_once`; default False
        :return: `{"Recipients", "Change"}`
        """
        if resend < 0:
            raise DineroInvalidBody(
                f"resend is {resend}, but must not be below 0.", "It is how many mail-outs to ignore."
            )

        def find() -> list[str] | None:
            gone = sorted(
                (each for each in mailouts() if each["Status"] != "Failed"),
                key=lambda each: (str(each["Date"]), each["Id"]),
            )
            if len(gone) <= resend:
                return None
            return [address.strip() for address in str(gone[-1]["Receiver"] or "").split(",")]

        recipients, change = self._once(name, find, send, confirm=confirm, new=new)
        return {"Recipients": recipients, "Change": change}


class EmailedDocuments(Mailing):
    """Documents that are e-mailed: invoices, credit notes and trade offers."""

    # The operations, the name of the resource, and the Type of such an e-mail in the mail-outs.
    EMAIL: ClassVar[Operation]
    EMAIL_TEMPLATE: ClassVar[Operation]
    NAME: ClassVar[str]
    KIND: ClassVar[str] = "Mailout"
    # The endings of the names of intents and locks, by channel.
    LOCKS: ClassVar[Mapping[str, str]] = {"email": "email", "einvoice": "e-invoice", "sms": "sms/Mailout"}

    @abstractmethod
    def mailouts(self, guid: str) -> Rows:
        """Return the mail-outs of a document."""

    @performs("EMAIL")
    def email(self, guid: str, body: Mapping[str, Any] | None = None) -> Row:
        """E-mail a document, again at each call (`POST /v1/{organizationId}/…/{guid}/email`).

        :param guid: str, a booked invoice or credit note, or a trade offer
        :param body: mapping like ApiMailoutModel; default Dinero's template, sent to the contact
        :return: `{"Recipients": [{"Email"}]}`
        :raises DineroOutcomeUnknown: the response was lost
        """
        return self._object(self.EMAIL, {"guid": guid}, body=body)

    def sending_lock(self, guid: str, channel: str) -> str:
        """Return the name of the lock that one holds who sends a document.

        Who books a document while holding it, and has the answer, knows that nothing of it was sent: then `new` saves
        the look.

        :param guid: str
        :param channel: str: email, einvoice or sms
        """
        return f"{self.NAME}/{guid}/{self.LOCKS[channel]}"

    @guarded
    def email_once(
        self, guid: str, body: Mapping[str, Any] | None = None, *, resend: int = 0, new: bool = False
    ) -> Row:
        """E-mail a document, unless it was e-mailed before.

        :param guid: str, a booked invoice or credit note, or a trade offer
        :param body: mapping like ApiMailoutModel; default Dinero's template, sent to the contact
        :param resend: int, how many earlier e-mails to ignore; default 0
        :param new: bool, whether you have just booked it yourself, and have held its `sending_lock` since before that,
            so that nobody can have e-mailed it: this skips the first search, which saves a request; default False
        :return: `{"Recipients": [address], "Change"}`, Change being created or unchanged
        :raises DineroInvalidBody: the body is invalid; nothing was sent
        :raises DineroOutcomeUnknown: the response was lost, and no mail-out shows up
        """
        wanted = check("ApiMailoutModel", body or {})
        return self._mail_once(
            self.sending_lock(guid, "email"),
            lambda: of_kind(self.KIND, self.mailouts(guid)),
            lambda: addresses(self.email(guid, wanted)),
            resend=resend,
            new=new,
        )

    @performs("EMAIL_TEMPLATE")
    def email_template(self, guid: str) -> Row:
        """Return the e-mail that would be sent (`GET /{version}/{organizationId}/…/{guid}/email/template`).

        :param guid: str, an invoice, a credit note or a trade offer
        :return: dict with Sender, Receiver, Subject, Message and more
        """
        return self._object(self.EMAIL_TEMPLATE, {"guid": guid})

    def _send_electronically(
        self,
        name: str,
        guid: str,
        body: Mapping[str, Any] | None,
        get: Callable[[str], Row],
        contacts: Contacts,
        send: Callable[[str, Mapping[str, Any] | None], None],
        *,
        resend: int,
        to: str | None,
        new: bool,
    ) -> Row:
        """Send electronically, once, to a contact that can receive it.

        :param to: str or None, the recipient; None if it isn't known yet
        :param new: bool, as `_mail_once` takes it
        """
        wanted = check(
            "EInvoiceSendModel",
            body if isinstance(body, CheckedBody) else {"PaymentMeanEnum": "Domestic", **(body or {})},
        )

        def checked_and_sent() -> list[str]:
            address = to or address_of(receiving(get(guid)["ContactGuid"], contacts), wanted.get("AttPerson"))
            send(guid, wanted)
            return [address]

        sent = partial(self._mail_once, name, lambda: of_kind("Einvoice", self.mailouts(guid)), checked_and_sent)
        return sent(resend=resend, confirm=True, new=new)


def receiving(contact_guid: str | None, contacts: Contacts) -> Row:
    """Return the contact of a document that is sent.

    :param contact_guid: str or None
    :param contacts: Contacts
    :raises DineroInvalidBody: it has none
    """
    if not contact_guid:
        raise DineroInvalidBody("The document has no contact.", "Nothing was sent.")
    return contacts.get(contact_guid)


def of_kind(kind: str, mailouts: Iterable[Row]) -> list[Row]:
    """Return the mail-outs of this kind, without text messages.

    :param kind: str, Dinero's Type: Mailout, Einvoice, TradeOffer, PreReminder, ...
    :param mailouts: iterable of dicts from Dinero
    """
    return [each for each in mailouts if each["Type"] == kind and not each["IsSmsMessage"]]


def addresses(answer: Row) -> list[str]:
    """Return the receivers of an e-mail, from the response of the request that sent it.

    :param answer: dict
    """
    recipients: list[dict[str, Any]] = answer["Recipients"] or []
    return [str(each["Email"]) for each in recipients]


def receiver_of(channel: str, mailout: Mapping[str, Any], contact: Callable[[], Row]) -> str:
    """Return the recipient of a document: the address that the author gives, or the contact's.

    :param channel: str: email, einvoice or sms
    :param mailout: mapping, the checked mail-out
    :param contact: callable that returns the contact; it is only called if its address is needed
    :raises DineroInvalidBody: there is no address for the channel
    """
    if channel == "einvoice":
        if given := str(mailout.get("ReceiverEanNumber") or "").strip():  # of reminders
            if not _is_ean(given):
                raise DineroInvalidBody(f"ReceiverEanNumber: {given} is not an EAN number.", "Nothing was sent.")
            return f"GLN {given}"
        return address_of(contact(), mailout.get("AttPerson"))
    if channel == "sms":
        return phone_of(mailout, contact)
    given = str(mailout.get("Receiver") or "").strip()
    found = contact() if not given else {}
    to = given or str(found.get("Email") or "").strip()
    if not to:
        raise DineroInvalidBody(
            f"{found['Name']} has no e-mail address.", "Give the contact one, or pass a Receiver in mailout."
        )
    if wrong := [each.strip() for each in to.split(",") if "@" not in each]:
        raise DineroInvalidBody(
            f"{wrong[0]!r} is not an e-mail address.", "Correct the contact or the Receiver in mailout."
        )
    return to


def phone_of(mailout: Mapping[str, Any], contact: Callable[[], Row]) -> str:
    """Return the phone number that a text message goes to: the one that is given, or the contact's.

    :param mailout: mapping, the checked mail-out
    :param contact: callable that returns the contact
    :raises DineroInvalidBody: the contact has none
    """
    if mailout.get("ReceiverPhoneNumber") not in (None, UNSET):
        return str(mailout["ReceiverPhoneNumber"])
    found = contact()
    if not (phone := str(found.get("Phone") or "").strip()):
        raise DineroInvalidBody(
            f"{found['Name']} has no phone number.", "Pass a ReceiverPhoneNumber; nothing was sent."
        )
    return phone


def address_of(contact: Row, att_person: str | None) -> str:
    """Return where a contact receives electronic documents: its preferred channel and its number.

    The public sector receives by EAN number (GLN), and requires an att. person.

    :param contact: dict, as Dinero returns it
    :param att_person: str or None, used instead of the contact's own
    :raises DineroInvalidBody: it can't
    """
    name = contact["Name"]
    way = contact.get("InvoiceMailOutOptionKey") or (
        "GLN" if contact["EanNumber"] or not contact["VatNumber"] else "VAT"
    )
    number = str(contact.get(NUMBERS[way]) or "").strip()
    if not number:
        raise DineroInvalidBody(f"{name} has no {NUMBERS[way]} to receive electronic documents.", ADVICE)
    if way == "GLN":
        if not _is_ean(number):
            raise DineroInvalidBody(f"{name}: {number} is not an EAN number.", ADVICE)
        if not (att_person or contact["AttPerson"]):
            raise DineroInvalidBody(f"{name} has no AttPerson, which the public sector requires.", ADVICE)
    return f"{way} {number}"


def _is_ean(number: str) -> bool:
    """Tell whether a number has 13 digits, with a correct check digit."""
    if not re.fullmatch(r"[0-9]{13}", number):
        return False
    return sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(number)) % 10 == 0
