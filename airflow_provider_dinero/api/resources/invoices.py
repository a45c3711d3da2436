"""Sales invoices: draft, book, send, pay, credit."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from airflow_provider_dinero.api.bodies.crediting import require_debt
from airflow_provider_dinero.api.bodies.totals import ExpectedTotal
from airflow_provider_dinero.api.operations import (
    BOOKED,
    DELETED,
    MAILED,
    NOWHERE,
    OWN_GUID,
    PAID,
    REPLACED,
    UNPAID,
    Operation,
    Repeat,
)
from airflow_provider_dinero.api.resources.base import Row, Rows, guarded, optional, since
from airflow_provider_dinero.api.resources.contacts import Contacts
from airflow_provider_dinero.api.resources.documents import OwnDraft
from airflow_provider_dinero.api.resources.mailing import EmailedDocuments
from airflow_provider_dinero.api.resources.payments import WithPayments
from airflow_provider_dinero.api.resources.priced import PricedDocuments
from airflow_provider_dinero.api.resources.sales import SalesLists
from airflow_provider_dinero.api.session import Session

_ONE = "/v1/{organizationId}/invoices/{guid}"
_LIST = Operation("GET", "/v1/{organizationId}/invoices", paginated=True, changes_since=True)
_GET = Operation("GET", _ONE)
_CREATE = Operation("POST", "/v1/{organizationId}/invoices", Repeat.KEYED, body="InvoiceCreateModel", lost=OWN_GUID)
_FETCH = Operation("POST", "/v1/{organizationId}/invoices/fetch", body="InvoiceCreateFetchModel")
_UPDATE = Operation(
    "PUT", "/v1.2/{organizationId}/invoices/{guid}", Repeat.FENCED, body="InvoiceUpdateModel", lost=REPLACED
)
_DELETE = Operation("DELETE", _ONE, Repeat.FENCED, body="TimestampObject", lost=DELETED)
_BOOK = Operation("POST", f"{_ONE}/book", Repeat.FENCED, body="BookModel", lost=BOOKED)
_PAYMENTS = Operation("GET", "/v2/{organizationId}/invoices/{guid}/payments")
_ADD_PAYMENT = Operation("POST", f"{_ONE}/payments", Repeat.FENCED, body="PaymentCreateModel", lost=PAID)
_DELETE_PAYMENT = Operation(
    "DELETE", f"{_ONE}/payments/{{paymentGuid}}", Repeat.FENCED, body="RequiredTimestampObject", lost=UNPAID
)
# It is undocumented whether this changes the invoice's Timestamp, so the Timestamp is not a fence.
_GENERATE = Operation(
    "POST",
    f"{_ONE}/generate-creditnote",
    Repeat.BARE,
    body="TimestampObject",
    lost=NOWHERE._replace(
        look_up="(the client can't check: use credit_notes.create with CreditNoteFor and a Guid instead)"
    ),
)
_TEMPLATES = Operation("GET", "/v1/{organizationId}/invoices/templates")
_EMAIL = Operation(
    "POST",
    f"{_ONE}/email",
    Repeat.BARE,
    body="ApiMailoutModel",
    lost=MAILED._replace(look_up="the invoice has a mail-out of this kind; only `email_once` checks this", sure="yes"),
)
_TEMPLATE = Operation("GET", "/v2/{organizationId}/invoices/{guid}/email/template")
_MAILOUTS = Operation("GET", f"{_ONE}/mailouts", changes_since=True)
_PRE_REMINDER = Operation(
    "POST",
    f"{_ONE}/email/pre-reminder",
    Repeat.BARE,
    body="ApiMailoutModel",
    lost=MAILED._replace(
        look_up="the invoice has a mail-out of this kind; only `reminders.pre_remind_once` checks this"
    ),
)
_PRE_REMINDER_TEMPLATE = Operation("GET", f"{_ONE}/email/pre-reminder/template")
_E_INVOICE = Operation(
    "POST",
    "/v3/{organizationId}/invoices/{guid}/e-invoice",
    Repeat.BARE,
    body="EInvoiceSendModel",
    lost=MAILED._replace(
        look_up="the invoice has a mail-out of this kind; only `send_e_invoice_once` checks this", sure="yes"
    ),
)


class Invoices(EmailedDocuments, PricedDocuments, WithPayments, SalesLists):
    """Sales invoices.

    :param session: Session
    :param contacts: Contacts, the receivers
    """

    WHAT = "Invoice"
    NAME = "invoices"
    EMAIL = _EMAIL
    EMAIL_TEMPLATE = _TEMPLATE
    LIST, UPDATE, BOOK, ADD_PAYMENT = _LIST, _UPDATE, _BOOK, _ADD_PAYMENT

    def __init__(self, session: Session, contacts: Contacts) -> None:
        super().__init__(session)
        self._contacts = contacts

    @guarded
    def rows_of(self, wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], Rows]:
        """Return the invoices with these values: one list request per thousand, or one lookup each if cheaper.

        :param wanted: collection of (property, value), of Number and ExternalReference
        :return: dict of lists of dicts
        """

        def read(filters: Any = (), note_total: Any = lambda total: None) -> Iterator[Row]:
            number = next((str(each.value) for each in filters if each.name == "Number"), None)
            found = {"filters": filters} if number is None else {"text": number}
            return self._read(note_total=note_total, **found)

        return self._rows_of(read, wanted, lambda by, value: "" if value is None else str(value).strip())

    @_GET.performed_by
    def get(self, guid: str) -> Row:
        """Return an invoice, deleted or not (`GET /v1/{organizationId}/invoices/{guid}`).

        :param guid: str
        :return: dict; Status is Draft or Booked, PaymentStatus has the rest, PaymentDate is the due date
        :raises DineroNotFound: it doesn't exist
        """
        return self._object(_GET, {"guid": guid})

    def pdf(self, guid: str) -> bytes:
        """Return the PDF of a booked invoice (`GET /v1/{organizationId}/invoices/{guid}`).

        :param guid: str
        """
        return self._pdf(_GET, guid)

    @_CREATE.performed_by
    @guarded
    def create(
        self, body: Mapping[str, Any], *, expected: ExpectedTotal | None = None, own_draft: OwnDraft | None = None
    ) -> Row:
        """Create a draft (`POST /v1/{organizationId}/invoices`); with a Guid, repeated calls create only one.

        :param body: mapping with ProductLines and more, like InvoiceCreateModel
        :param expected: ExpectedTotal, of which an earlier try may have added a rounding line; default none
        :param own_draft: OwnDraft, which drafts with other content to update; default none, they are a conflict
        :return: `{"Guid", "TimeStamp", "Change"}`, Change being created, or updated; or the whole invoice, Change being
            unchanged, if it already existed with the same content
        :raises DineroInvalidBody: the body is invalid; nothing was sent
        :raises DineroConflict: an invoice with this Guid exists with other content, or was deleted
        :raises DineroOutcomeUnknown: all responses were lost, and the body has no Guid by which a retry could find it
        """
        require_debt(body)
        return self._create(_CREATE, body, expected=expected, own_draft=own_draft, update=self.update)

    @_FETCH.performed_by
    def fetch(self, body: Mapping[str, Any]) -> Row:
        """Return the totals that an invoice would have, without saving it (`POST /v1/{organizationId}/invoices/fetch`).

        :param body: mapping like InvoiceCreateFetchModel
        :return: dict with the totals and TotalLines
        """
        return self._object(_FETCH, body=body)

    @_UPDATE.performed_by
    @guarded
    def update(self, guid: str, body: Mapping[str, Any], *, timestamp: str | None = None) -> Row:
        """Replace a whole draft (`PUT /v1.2/{organizationId}/invoices/{guid}`).

        :param guid: str
        :param body: mapping like InvoiceUpdateModel; properties that you leave out are removed
        :param timestamp: str, the TimeStamp of the draft; default the body's, else the latest, which takes a request
        :return: `{"Guid", "TimeStamp"}`, or the whole invoice if a response was lost
        :raises DineroStaleTimestamp: the draft has changed since its TimeStamp was read
        """
        return self._update(_UPDATE, guid, body, timestamp)[0]

    @guarded
    def update_once(self, guid: str, body: Mapping[str, Any], *, timestamp: str | None = None) -> Row:
        """Replace a whole draft, unless it already has the content of the body.

        This takes one request with a TimeStamp, two without, and one more if the draft has changed since.

        :param guid: str
        :param body: mapping like InvoiceUpdateModel; properties that you leave out are removed
        :param timestamp: str, the TimeStamp of the draft; default the body's, else any
        :return: `{"Guid", "TimeStamp", "Change"}`, or the whole invoice, Change being updated or unchanged
        :raises DineroStaleTimestamp: the draft has changed since its TimeStamp was read, with both versions
        """
        return self._update_once(_UPDATE, guid, body, timestamp)

    @_DELETE.performed_by
    @guarded
    def delete(self, guid: str, *, timestamp: str | None = None) -> Row:
        """Delete a draft (`DELETE /v1/{organizationId}/invoices/{guid}`).

        :param guid: str
        :param timestamp: str, the TimeStamp of the draft; default any
        :return: `{"Guid", "Change"}`, Change being deleted, or unchanged if it was already deleted
        """
        return self._delete(_DELETE, guid, timestamp)

    @_PAYMENTS.performed_by
    def payments(self, guid: str) -> Row:
        """Return the payments and what remains (`GET /v2/{organizationId}/invoices/{guid}/payments`).

        :param guid: str
        :return: dict with Payments, RemainingAmount (negative when overpaid), PaidAmount and more
        """
        return self._object(_PAYMENTS, {"guid": guid})

    @_DELETE_PAYMENT.performed_by
    @guarded
    def delete_payment(self, guid: str, payment_guid: str, *, timestamp: str | None = None) -> Row:
        """Remove a payment (`DELETE /v1/{organizationId}/invoices/{guid}/payments/{paymentGuid}`).

        :param guid: str
        :param payment_guid: str
        :param timestamp: str, the TimeStamp of the invoice; default the latest, which takes a request
        :return: `{"TimeStamp"}`
        """
        place = {"guid": guid, "paymentGuid": payment_guid}
        return self._unpay(_DELETE_PAYMENT, guid, payment_guid, place, {"Timestamp": timestamp or self._latest(guid)})

    @_GENERATE.performed_by
    def generate_credit_note(self, guid: str, *, timestamp: str | None = None) -> Row:
        """Create a draft credit note for a whole booked invoice, again at each call.

        `POST /v1/{organizationId}/invoices/{guid}/generate-creditnote`

        :param guid: str
        :param timestamp: str, the TimeStamp of the invoice; default any
        :return: `{"Guid", "TimeStamp"}` of the credit note
        :raises DineroOutcomeUnknown: the response was lost; prefer `credit_notes.create` with your own Guid
        """
        return self._object(_GENERATE, {"guid": guid}, body={"Timestamp": timestamp} if timestamp else {})

    @_MAILOUTS.performed_by
    def mailouts(self, guid: str, *, changes_since: datetime | str | None = None, include_sms: bool = True) -> Rows:
        """Return the mail-outs of an invoice (`GET /v1/{organizationId}/invoices/{guid}/mailouts`).

        :param guid: str
        :param changes_since: datetime or ISO 8601 text; only those created or changed after it
        :param include_sms: bool, default True
        :return: list of dicts with Id, Date, Receiver, Type, Status and more
        """
        query = optional(changesSince=since(changes_since), includeSms=include_sms)
        return self._array(_MAILOUTS, {"guid": guid}, query=query)

    @_PRE_REMINDER.performed_by
    def email_pre_reminder(self, guid: str, body: Mapping[str, Any] | None = None) -> None:
        """E-mail a pre-reminder for an overdue invoice, again at each call; this creates no reminder.

        `POST /v1/{organizationId}/invoices/{guid}/email/pre-reminder`

        :param guid: str
        :param body: mapping like ApiMailoutModel; default Dinero's template, sent to the contact
        :raises DineroOutcomeUnknown: the response was lost
        """
        self.session.send(_PRE_REMINDER, {"guid": guid}, body=body)

    @_PRE_REMINDER_TEMPLATE.performed_by
    def pre_reminder_template(self, guid: str) -> Row:
        """Return the pre-reminder that would be sent.

        `GET /v1/{organizationId}/invoices/{guid}/email/pre-reminder/template`

        :param guid: str
        :return: dict with Sender, Receiver, Subject, Message and more
        """
        return self._object(_PRE_REMINDER_TEMPLATE, {"guid": guid})

    @_E_INVOICE.performed_by
    def send_e_invoice(self, guid: str, body: Mapping[str, Any] | None = None) -> None:
        """Send a booked invoice by CVR, EAN/GLN, SE or P number, again at each call.

        `POST /v3/{organizationId}/invoices/{guid}/e-invoice`

        :param guid: str
        :param body: mapping like EInvoiceSendModel; PaymentMeanEnum is Domestic by default
        :raises DineroOutcomeUnknown: the response was lost
        """
        self.session.send(_E_INVOICE, {"guid": guid}, body=body)

    @guarded
    def send_e_invoice_once(
        self,
        guid: str,
        body: Mapping[str, Any] | None = None,
        *,
        resend: int = 0,
        to: str | None = None,
        new: bool = False,
    ) -> Row:
        """Send a booked invoice electronically, unless this was done before; this first checks the contact.

        :param guid: str
        :param body: mapping like EInvoiceSendModel; AttPerson is required with an EAN number if the contact has none
        :param resend: int, how many earlier electronic ones to ignore; default 0
        :param to: str, the recipient, as a `Preflight` returns it; default it is looked up
        :param new: bool, whether the caller has just booked it, and has held its `sending_lock` since before that;
            default False
        :return: `{"Recipients": [number], "Change"}`, Change being created or unchanged
        :raises DineroInvalidBody: the body is invalid, or the contact can't receive it; nothing was sent
        :raises DineroOutcomeUnknown: the response was lost, and no mail-out shows up
        """
        name = self.sending_lock(guid, "einvoice")
        return self._send_electronically(
            name, guid, body, self.get, self._contacts, self.send_e_invoice, resend=resend, to=to, new=new
        )

    @_TEMPLATES.performed_by
    def templates(self) -> Rows:
        """Return the designs that an invoice can have (`GET /v1/{organizationId}/invoices/templates`).

        :return: list of dicts
        """
        return self._array(_TEMPLATES)

    def _payments(self, guid: str) -> Rows:
        return self.payments(guid)["Payments"] or []
