"""Text messages with a link to a document."""

from collections.abc import Mapping
from typing import Any

from airflow_provider_dinero.api.bodies.validation import CheckedBody, check
from airflow_provider_dinero.api.errors import DineroInvalidBody, DineroStaleTimestamp
from airflow_provider_dinero.api.operations import MAILED, Operation, Repeat
from airflow_provider_dinero.api.resources.base import Row, Rows, guarded
from airflow_provider_dinero.api.resources.contacts import Contacts
from airflow_provider_dinero.api.resources.invoices import Invoices
from airflow_provider_dinero.api.resources.mailing import UNSET, Mailing, phone_of
from airflow_provider_dinero.api.session import Session

# Its Timestamp is not a fence: it isn't known whether a mail-out changes the document's.
_SEND = Operation(
    "POST",
    "/v1/{organizationId}/sms/{voucherGuid}/send-sms",
    Repeat.BARE,
    body="SmsSendModel",
    lost=MAILED._replace(look_up="the invoice has a mail-out of this kind; only `send_once` checks this", sure="yes"),
)


DEFAULTS = {"ReceiverPhoneNumber": UNSET, "ReceiverName": UNSET, "IsReminder": False, "Timestamp": UNSET}


class Sms(Mailing):
    """Text messages, which Dinero charges for.

    :param session: Session
    :param invoices: Invoices
    :param contacts: Contacts
    """

    def __init__(self, session: Session, invoices: Invoices, contacts: Contacts) -> None:
        super().__init__(session)
        self._invoices = invoices
        self._contacts = contacts

    @_SEND.performed_by
    def send(self, voucher_guid: str, body: Mapping[str, Any], *, timestamp: str | None = None) -> None:
        """Send a text message with a link to a booked invoice, again at each call.

        `POST /v1/{organizationId}/sms/{voucherGuid}/send-sms`

        :param voucher_guid: str
        :param body: mapping like SmsSendModel: ReceiverPhoneNumber, ReceiverName, IsReminder and Message
        :param timestamp: str, the TimeStamp of the invoice; default the body's
        :raises DineroOutcomeUnknown: the response was lost
        """
        stamp = {"Timestamp": timestamp} if timestamp else {}
        self.session.send(_SEND, {"voucherGuid": voucher_guid}, body={**body, **stamp})

    @guarded
    def send_once(
        self, voucher_guid: str, body: Mapping[str, Any] | None = None, *, resend: int = 0, new: bool = False
    ) -> Row:
        """Send a text message with a link to a booked invoice, unless this was done before. Reminders count separately.

        :param voucher_guid: str
        :param body: mapping like SmsSendModel; default the contact's name and phone number, no reminder, Dinero's text
        :param resend: int, how many earlier text messages to ignore; default 0
        :param new: bool, whether the caller has just booked it, and has held its `sending_lock` since before that;
            default False
        :return: `{"Recipients": [phone number], "Change"}`, Change being created or unchanged. Four requests, five
            if the phone number is the contact's
        :raises DineroInvalidBody: the body is invalid, or the contact has no phone number; nothing was sent
        :raises DineroOutcomeUnknown: the response was lost, and no mail-out shows up
        """
        wanted = check("SmsSendModel", body if isinstance(body, CheckedBody) else {**DEFAULTS, **(body or {})})
        kind = "Reminder" if wanted["IsReminder"] else "Mailout"

        def mailouts() -> Rows:
            sent = self._invoices.mailouts(voucher_guid)
            return [each for each in sent if each["IsSmsMessage"] and each["Type"] == kind]

        def send() -> list[str]:
            invoice = self._invoices.get(voucher_guid)
            whole = {**wanted, **self._receiver(invoice, wanted)}  # checked again: the receiver comes from a contact
            if wanted["Timestamp"] != UNSET:
                self.send(voucher_guid, whole)
                return [str(whole["ReceiverPhoneNumber"])]
            try:
                self.send(voucher_guid, whole, timestamp=invoice["TimeStamp"])
            except DineroStaleTimestamp:  # changed just now: the message only contains a link
                self.send(voucher_guid, whole, timestamp=self._invoices.get(voucher_guid)["TimeStamp"])
            return [str(whole["ReceiverPhoneNumber"])]

        name = f"invoices/{voucher_guid}/sms/{kind}"
        return self._mail_once(name, mailouts, send, resend=resend, confirm=True, new=new)

    def _receiver(self, invoice: Row, wanted: Row) -> Row:
        """Return the receiver, the contact by default."""
        found: Row = {}
        if wanted["ReceiverName"] == UNSET:
            found["ReceiverName"] = invoice["ContactName"] or "-"
        if wanted["ReceiverPhoneNumber"] == UNSET:
            found["ReceiverPhoneNumber"] = phone_of({}, lambda: self._contact(invoice))
        return found

    def _contact(self, invoice: Row) -> Row:
        if not invoice["ContactGuid"]:
            raise DineroInvalidBody("The invoice has no contact.", "Pass a ReceiverPhoneNumber; nothing was sent.")
        return self._contacts.get(invoice["ContactGuid"])
