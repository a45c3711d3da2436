"""Sending reminders of overdue invoices to their customers."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from airflow_provider_dinero.api.bodies.validation import check
from airflow_provider_dinero.api.errors import DineroNotDue, DineroRefused
from airflow_provider_dinero.api.operations import MAILED, Operation, Repeat
from airflow_provider_dinero.api.resources.base import Row, Rows, guarded
from airflow_provider_dinero.api.resources.contacts import Contacts
from airflow_provider_dinero.api.resources.invoices import Invoices
from airflow_provider_dinero.api.resources.mailing import Mailing, addresses, of_kind, receiver_of, receiving
from airflow_provider_dinero.api.session import Session

_ALL = "/v1/{organizationId}/invoices/{voucherGuid}/reminders"
_TEMPLATE = Operation("GET", f"{_ALL}/email/template")
_EMAIL = Operation(
    "POST",
    f"{_ALL}/email",
    Repeat.BARE,
    body="ApiMailoutModel",
    lost=MAILED._replace(look_up="the invoice has a mail-out since the reminder's Date; only `email_once` checks this"),
)
_E_REMINDER = Operation(
    "POST",
    f"{_ALL}/{{id}}/e-reminder",
    Repeat.BARE,
    body="EanReminderModel",
    lost=MAILED._replace(
        look_up="the invoice has a mail-out since the reminder's Date; only `send_e_reminder_once` checks this"
    ),
)
# Refusals that mean that there is nothing to send a reminder for.
NOT_DUE = (59, 74)


class ReminderMail(Mailing):
    """Sends reminders.

    :param session: Session
    :param invoices: Invoices
    :param contacts: Contacts
    """

    def __init__(self, session: Session, invoices: Invoices, contacts: Contacts) -> None:
        super().__init__(session)
        self._invoices = invoices
        self._contacts = contacts

    @_TEMPLATE.performed_by
    def email_template(self, invoice_guid: str) -> Row:
        """Return the e-mail that would be sent.

        `GET /v1/{organizationId}/invoices/{voucherGuid}/reminders/email/template`

        :param invoice_guid: str
        :return: dict with Sender, Receiver, Subject, Message and more
        """
        return self._object(_TEMPLATE, {"voucherGuid": invoice_guid})

    @_EMAIL.performed_by
    def email(self, invoice_guid: str, body: Mapping[str, Any] | None = None) -> Row:
        """E-mail the booked reminder, again at each call.

        `POST /v1/{organizationId}/invoices/{voucherGuid}/reminders/email`

        :param invoice_guid: str
        :param body: mapping like ApiMailoutModel; default Dinero's template, sent to the contact
        :return: `{"Recipients": [{"Email"}]}`
        :raises DineroOutcomeUnknown: the response was lost
        """
        return self._object(_EMAIL, {"voucherGuid": invoice_guid}, body=body)

    @_E_REMINDER.performed_by
    def send_e_reminder(self, invoice_guid: str, reminder_id: int | str, body: Mapping[str, Any] | None = None) -> None:
        """Send a booked reminder to a contact that receives electronic invoices, again at each call.

        `POST /v1/{organizationId}/invoices/{voucherGuid}/reminders/{id}/e-reminder`

        :param invoice_guid: str
        :param reminder_id: int
        :param body: mapping like EanReminderModel; PaymentMeanEnum is Domestic by default
        :raises DineroOutcomeUnknown: the response was lost
        """
        self.session.send(_E_REMINDER, {"voucherGuid": invoice_guid, "id": reminder_id}, body=body)

    @guarded
    def email_once(
        self, invoice_guid: str, reminder: Mapping[str, Any], body: Mapping[str, Any] | None = None, *, resend: int = 0
    ) -> Row:
        """E-mail the latest booked reminder, unless one was e-mailed since its Date.

        :param invoice_guid: str
        :param reminder: mapping with its Id and Date
        :param body: mapping like ApiMailoutModel; default Dinero's template, sent to the contact
        :param resend: int, how many e-mails since its Date to ignore; default 0
        :return: `{"Recipients": [address], "Change"}`, Change being created or unchanged
        :raises DineroOutcomeUnknown: the response was lost, and no mail-out shows up
        """
        wanted = check("ApiMailoutModel", body or {})
        return self._mail_once(
            f"invoices/{invoice_guid}/reminders/{reminder['Id']}/email",
            lambda: self._mailed("Reminder", invoice_guid, str(reminder["Date"])),
            lambda: addresses(self.email(invoice_guid, wanted)),
            resend=resend,
        )

    @guarded
    def send_e_reminder_once(
        self,
        invoice_guid: str,
        reminder: Mapping[str, Any],
        body: Mapping[str, Any] | None = None,
        *,
        resend: int = 0,
        to: str | None = None,
    ) -> Row:
        """Send a booked reminder electronically, unless this was done since its Date; this first checks the contact.

        :param invoice_guid: str
        :param reminder: mapping with its Id and Date
        :param body: mapping like EanReminderModel; default none
        :param resend: int, how many since its Date to ignore; default 0
        :param to: str, the recipient, as a `Preflight` returns it; default it is looked up
        :return: `{"Recipients": [number], "Change"}`, Change being created or unchanged
        :raises DineroInvalidBody: the body is invalid, or the contact can't receive it; nothing was sent
        :raises DineroOutcomeUnknown: the response was lost, and no mail-out shows up
        """
        wanted = check("EanReminderModel", {"PaymentMeanEnum": "Domestic", **(body or {})})

        def send() -> list[str]:
            address = to or receiver_of(
                "einvoice",
                wanted,
                lambda: receiving(self._invoices.get(invoice_guid)["ContactGuid"], self._contacts),
            )
            self.send_e_reminder(invoice_guid, reminder["Id"], wanted)
            return [address]

        return self._mail_once(
            f"invoices/{invoice_guid}/reminders/{reminder['Id']}/e-reminder",
            lambda: self._mailed("ElectronicInvoiceReminder", invoice_guid, str(reminder["Date"])),
            send,
            resend=resend,
            confirm=True,
        )

    @guarded
    def pre_remind_once(self, invoice_guid: str, body: Mapping[str, Any] | None = None, *, resend: int = 0) -> Row:
        """E-mail a pre-reminder for an overdue invoice, unless that was done before; this creates no reminder.

        :param invoice_guid: str
        :param body: mapping like ApiMailoutModel; default Dinero's template, sent to the contact
        :param resend: int, how many earlier ones to ignore; default 0
        :return: `{"Recipients": [address], "Change"}`, Change being created or unchanged
        :raises DineroNotDue: the invoice is not booked, or not overdue
        :raises DineroOutcomeUnknown: the response was lost, and no mail-out shows up
        """
        wanted = check("ApiMailoutModel", body or {})
        given = wanted.get("Receiver")

        def send() -> list[str]:
            try:
                self._invoices.email_pre_reminder(invoice_guid, wanted)
            except DineroRefused as error:
                if error.code in NOT_DUE:
                    raise DineroNotDue(f"No pre-reminder is due: {error.said or error}") from None
                raise
            return [each.strip() for each in str(given or "").split(",") if each.strip()]

        return self._mail_once(
            f"invoices/{invoice_guid}/pre-reminder",
            lambda: self._mailed("PreReminder", invoice_guid),
            send,
            resend=resend,
            confirm=True,
        )

    def _mailed(self, kind: str, invoice_guid: str, day: str | None = None) -> Rows:
        """Return the mail-outs of a kind; with the date of the latest reminder only its own (ten days apart)."""
        sent = of_kind(kind, self._invoices.mailouts(invoice_guid, include_sms=False))
        if day is None:
            return sent
        # At night, Danish days and UTC days differ.
        since = (date.fromisoformat(day[:10]) - timedelta(days=1)).isoformat()
        return [each for each in sent if str(each["Date"])[:10] >= since]
