"""How an invoice reaches its customer: e-mail, e-invoice, pre-reminder."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from airflow_provider_dinero.api.bodies.validation import check
from airflow_provider_dinero.api.operations import MAILED, Operation, Repeat
from airflow_provider_dinero.api.resources.base import Row, Rows, guarded, optional, since
from airflow_provider_dinero.api.resources.mailing import Mailing, addresses, of_kind

_EMAIL = Operation(
    "POST",
    "/v1/{organizationId}/invoices/{guid}/email",
    Repeat.BARE,
    body="ApiMailoutModel",
    lost=MAILED._replace(look_up="the mail-outs of the invoice, by `email_once`", sure="yes"),
)
_TEMPLATE = Operation("GET", "/v2/{organizationId}/invoices/{guid}/email/template")
_MAILOUTS = Operation("GET", "/v1/{organizationId}/invoices/{guid}/mailouts", changes_since=True)
_PRE_REMINDER = Operation(
    "POST",
    "/v1/{organizationId}/invoices/{guid}/email/pre-reminder",
    Repeat.BARE,
    body="ApiMailoutModel",
    lost=MAILED,
)
_PRE_REMINDER_TEMPLATE = Operation("GET", "/v1/{organizationId}/invoices/{guid}/email/pre-reminder/template")
_E_INVOICE = Operation(
    "POST",
    "/v3/{organizationId}/invoices/{guid}/e-invoice",
    Repeat.BARE,
    body="EInvoiceSendModel",
    lost=MAILED._replace(look_up="the mail-outs of the invoice, by `send_e_invoice_once`", sure="yes"),
)


class InvoiceMail(Mailing):
    """Sends invoices."""

    @_EMAIL.performed_by
    def email(self, guid: str, body: Mapping[str, Any] | None = None) -> Row:
        """E-mail a booked invoice (`POST /v1/{organizationId}/invoices/{guid}/email`), each time it is called.

        :param guid: str
        :param body: mapping as ApiMailoutModel; default none: Dinero's template, to the contact
        :return: `{"Recipients": [{"Email"}]}`
        :raises DineroOutcomeUnknown: the answer was lost
        """
        return self._object(_EMAIL, {"guid": guid}, body=body)

    @guarded
    def email_once(self, guid: str, body: Mapping[str, Any] | None = None, *, resend: int = 0) -> Row:
        """E-mail a booked invoice, unless it was e-mailed before.

        :param guid: str
        :param body: mapping as ApiMailoutModel; default none: Dinero's template, to the contact
        :param resend: int, how many e-mails before don't count; default 0
        :return: `{"Recipients": [address], "Change"}`, Change being created or unchanged
        :raises DineroInvalidBody: before anything is sent
        :raises DineroOutcomeUnknown: the answer was lost, and no mail-out is to be seen
        """
        check("ApiMailoutModel", body or {})
        return self._mail_once(
            f"invoices/{guid}/email",
            lambda: of_kind("Mailout", self.mailouts(guid, include_sms=False)),
            lambda: addresses(self.email(guid, body)),
            resend=resend,
        )

    @_TEMPLATE.performed_by
    def email_template(self, guid: str) -> Row:
        """Return the e-mail that would go out (`GET /v2/{organizationId}/invoices/{guid}/email/template`).

        :param guid: str
        :return: dict with Sender, Receiver, Subject, Message and more
        """
        return self._object(_TEMPLATE, {"guid": guid})

    @_MAILOUTS.performed_by
    def mailouts(self, guid: str, *, changes_since: datetime | str | None = None, include_sms: bool = True) -> Rows:
        """Return the mail-outs of an invoice (`GET /v1/{organizationId}/invoices/{guid}/mailouts`).

        :param guid: str
        :param changes_since: datetime or ISO 8601 text, only what was made or changed after it
        :param include_sms: bool, default True
        :return: list of dicts with Id, Date, Receiver, Type, Status and more
        """
        query = optional(changesSince=since(changes_since), includeSms=include_sms)
        return self._array(_MAILOUTS, {"guid": guid}, query=query)

    @_PRE_REMINDER.performed_by
    def email_pre_reminder(self, guid: str, body: Mapping[str, Any] | None = None) -> None:
        """E-mail a friendly word about an overdue invoice, each time it is called; it makes no reminder.

        `POST /v1/{organizationId}/invoices/{guid}/email/pre-reminder`

        :param guid: str
        :param body: mapping as ApiMailoutModel; default none: Dinero's template, to the contact
        :raises DineroOutcomeUnknown: the answer was lost
        """
        self.client.send(_PRE_REMINDER, {"guid": guid}, body=body)

    @_PRE_REMINDER_TEMPLATE.performed_by
    def pre_reminder_template(self, guid: str) -> Row:
        """Return the pre-reminder that would go out.

        `GET /v1/{organizationId}/invoices/{guid}/email/pre-reminder/template`

        :param guid: str
        :return: dict with Sender, Receiver, Subject, Message and more
        """
        return self._object(_PRE_REMINDER_TEMPLATE, {"guid": guid})

    @_E_INVOICE.performed_by
    def send_e_invoice(self, guid: str, body: Mapping[str, Any] | None = None) -> None:
        """Send a booked invoice by CVR, EAN/GLN, SE or P number, each time it is called.

        `POST /v3/{organizationId}/invoices/{guid}/e-invoice`

        :param guid: str
        :param body: mapping as EInvoiceSendModel; PaymentMeanEnum is Domestic unless it is given
        :raises DineroOutcomeUnknown: the answer was lost
        """
        self.client.send(_E_INVOICE, {"guid": guid}, body=body)

    @guarded
    def send_e_invoice_once(self, guid: str, body: Mapping[str, Any] | None = None, *, resend: int = 0) -> Row:
        """Send a booked invoice electronically, unless it was before; first the contact is checked, two requests.

        :param guid: str
        :param body: mapping as EInvoiceSendModel; AttPerson is needed for an EAN number where the contact has none
        :param resend: int, how many electronic ones before don't count; default 0
        :return: `{"Recipients": [number], "Change"}`, Change being created or unchanged
        :raises DineroInvalidBody: before anything is sent: a wrong body, or a contact that can't receive it
        :raises DineroOutcomeUnknown: the answer was lost, and no mail-out is to be seen
        """
        name = f"invoices/{guid}/e-invoice"
        get = self.client.invoices.get
        return self._send_electronically(name, guid, body, get, self.mailouts, self.send_e_invoice, resend)
