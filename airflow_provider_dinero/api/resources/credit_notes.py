"""Sales credit notes: draft, book, send, pay back."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from airflow_provider_dinero.api.bodies.crediting import crediting, require_positive
from airflow_provider_dinero.api.bodies.totals import ExpectedTotal
from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.api.operations import (
    BOOKED,
    DELETED,
    MAILED,
    OWN_GUID,
    PAID,
    REPLACED,
    UNPAID,
    Operation,
    Repeat,
)
from airflow_provider_dinero.api.resources.base import Row, Rows, guarded, optional, since
from airflow_provider_dinero.api.resources.contacts import Contacts
from airflow_provider_dinero.api.resources.documents import PDF, OwnDraft
from airflow_provider_dinero.api.resources.invoices import Invoices
from airflow_provider_dinero.api.resources.mailing import EmailedDocuments
from airflow_provider_dinero.api.resources.payments import WithPayments
from airflow_provider_dinero.api.resources.priced import PricedDocuments
from airflow_provider_dinero.api.resources.sales import FIELDS, SalesLists
from airflow_provider_dinero.api.session import Session

_ALL = "/v1/{organizationId}/sales/creditnotes"
_ONE = f"{_ALL}/{{guid}}"
_LIST = Operation("GET", _ALL, paginated=True, changes_since=True)
_GET = Operation("GET", _ONE)
_PDF = Operation("GET", f"{_ONE}/pdf")
_CREATE = Operation("POST", _ALL, Repeat.KEYED, body="SalesCreditNoteCreateModel", lost=OWN_GUID)
_FETCH = Operation("POST", f"{_ALL}/fetch", body="SalesCreditNoteCreateFetchModel")
_UPDATE = Operation(
    "PUT",
    "/v1.2/{organizationId}/sales/creditnotes/{guid}",
    Repeat.FENCED,
    body="SalesCreditNoteUpdateModel",
    lost=REPLACED,
)
_DELETE = Operation("DELETE", _ONE, Repeat.FENCED, body="TimestampObject", lost=DELETED)
_BOOK = Operation("POST", f"{_ONE}/book", Repeat.FENCED, body="BookModel", lost=BOOKED)
_TEMPLATE = Operation("GET", f"{_ONE}/email/template")
_EMAIL = Operation(
    "POST",
    f"{_ONE}/email",
    Repeat.BARE,
    body="ApiMailoutModel",
    lost=MAILED._replace(
        look_up="the credit note has a mail-out of this kind; only `email_once` checks this", sure="yes"
    ),
)
_E_CREDIT_NOTE = Operation(
    "POST",
    "/v3/{organizationId}/sales/creditnotes/{guid}/e-creditNote",
    Repeat.BARE,
    body="EInvoiceSendModel",
    lost=MAILED._replace(
        look_up="the credit note has a mail-out of this kind; only `send_e_credit_note_once` checks this", sure="yes"
    ),
)
_MAILOUTS = Operation("GET", f"{_ONE}/mailouts", changes_since=True)
_PAYMENTS = Operation("GET", f"{_ONE}/payments")
_ADD_PAYMENT = Operation("POST", f"{_ONE}/payments", Repeat.FENCED, body="PaymentCreateModel", lost=PAID)
_DELETE_PAYMENT = Operation(
    "DELETE", f"{_ONE}/payments/{{paymentGuid}}", Repeat.FENCED, body="TimestampObject", lost=UNPAID
)


class CreditNotes(EmailedDocuments, PricedDocuments, WithPayments, SalesLists):
    """Sales credit notes. Their amounts are positive; booking one that is linked to an invoice reduces what is owed.

    :param session: Session
    :param invoices: Invoices, which they credit
    :param contacts: Contacts, the receivers
    """

    WHAT = "Credit note"
    NAME = "credit_notes"
    EMAIL = _EMAIL
    EMAIL_TEMPLATE = _TEMPLATE
    LIST, UPDATE, BOOK, ADD_PAYMENT = _LIST, _UPDATE, _BOOK, _ADD_PAYMENT
    LOCKS: ClassVar[Mapping[str, str]] = {**EmailedDocuments.LOCKS, "einvoice": "e-credit-note"}
    ALLOWED = tuple(name for name in FIELDS if name != "LatestMailOutType")

    def __init__(self, session: Session, invoices: Invoices, contacts: Contacts) -> None:
        super().__init__(session)
        self._invoices = invoices
        self._contacts = contacts

    @_GET.performed_by
    def get(self, guid: str) -> Row:
        """Return a credit note, deleted or not (`GET /v1/{organizationId}/sales/creditnotes/{guid}`).

        :param guid: str
        :raises DineroNotFound: it doesn't exist
        """
        return self._object(_GET, {"guid": guid})

    @_PDF.performed_by
    def pdf(self, guid: str) -> bytes:
        """Return the PDF of a booked credit note (`GET /v1/{organizationId}/sales/creditnotes/{guid}/pdf`).

        :param guid: str
        """
        return self.session.send(_PDF, {"guid": guid}, accept=PDF).content

    @_CREATE.performed_by
    @guarded
    def create(
        self, body: Mapping[str, Any], *, expected: ExpectedTotal | None = None, own_draft: OwnDraft | None = None
    ) -> Row:
        """Create a draft (`POST /v1/{organizationId}/sales/creditnotes`); with a Guid, repeated calls create only one.

        :param body: mapping with ProductLines, CreditNoteFor and more, like SalesCreditNoteCreateModel
        :param expected: ExpectedTotal, of which an earlier try may have added a rounding line; default none
        :param own_draft: OwnDraft, which drafts with other content to update; default none, they are a conflict
        :return: `{"Guid", "TimeStamp", "Change"}`, Change being created, or updated; or the whole credit note, Change
            being unchanged, if it already existed with the same content
        :raises DineroInvalidBody: the body is invalid; nothing was sent
        :raises DineroConflict: a credit note with this Guid exists with other content, or was deleted
        :raises DineroOutcomeUnknown: all responses were lost, and the body has no Guid by which a retry could find it
        """
        require_positive(body)
        return self._create(_CREATE, body, expected=expected, own_draft=own_draft, update=self.update)

    @guarded
    def create_for(
        self,
        invoice_guid: str,
        body: Mapping[str, Any],
        *,
        expected: ExpectedTotal | None = None,
        own_draft: OwnDraft | None = None,
    ) -> Row:
        """Create a draft for a booked invoice; with a Guid, repeated calls create only one.

        Without ProductLines it credits the whole invoice: it copies the lines, with their text and price on the
        invoice. With ProductLines it credits a part. Other properties that the body leaves out are those of the
        invoice: the contact, ShowLinesInclVat, the currency and the language.

        Prefer this to `invoices.generate_credit_note`. It takes two requests, three if the credit note already exists.

        :param invoice_guid: str
        :param body: mapping with Guid and more, like SalesCreditNoteCreateModel; overrides copied properties
        :param expected: as for `create`
        :param own_draft: as for `create`
        :return: as for `create`
        :raises DineroInvalidBody: the invoice isn't booked, the contact is another one, or a line would raise the debt
        :raises DineroConflict: as for `create`
        """
        return self.create_of(self._invoices.get(invoice_guid), body, expected=expected, own_draft=own_draft)

    @guarded
    def create_of(
        self,
        invoice: Row,
        body: Mapping[str, Any],
        *,
        expected: ExpectedTotal | None = None,
        own_draft: OwnDraft | None = None,
    ) -> Row:
        """Do the same for an invoice that was read already.

        :param invoice: dict from `invoices.get`
        :param body: as `create_for` takes it
        :param expected: as `create` takes it
        :param own_draft: as `create` takes it
        :return: as `create` returns
        """
        copied = crediting(invoice, body)
        inherited = [name for name in copied if name not in ("ProductLines", "CreditNoteFor") and name not in body]
        return self._create(
            _CREATE,
            {**copied, **body},
            inherited=inherited if body.get("ProductLines") is not None else (),
            expected=expected,
            own_draft=own_draft,
            update=self.update,
        )

    @guarded
    def require_left(self, invoice: Mapping[str, Any], credit_note: Mapping[str, Any]) -> None:
        """Check that a credit note doesn't credit more than is left of its invoice; this takes one request.

        :param invoice: dict from `invoices.get`
        :param credit_note: dict with Guid and TotalInclVat
        :raises DineroInvalidBody: it does; the error says what is left, and what is already credited
        """
        total, wanted = Decimal(invoice["TotalInclVat"]), Decimal(credit_note["TotalInclVat"])
        if wanted < 0:
            raise DineroInvalidBody(
                f"The credit note comes to {wanted:.2f}: it would increase the debt.", "Its amounts must be positive."
            )
        before = Decimal(0)
        for payment in self._invoices.payments(str(invoice["Guid"]))["Payments"] or []:
            related = payment["RelatedVoucherId"]
            # Whoever pays money has a deposit account; ledger items have none either, but they are no credit notes.
            if payment["DepositAccountNumber"] is None and related and self._there(str(related)) is not None:
                before += Decimal(payment["Amount"])
        if wanted > total - before:
            credited = f", of which {before:.2f} is already credited" if before else ""
            raise DineroInvalidBody(
                f"The credit note comes to {wanted:.2f}, but the invoice to {total:.2f} {invoice['Currency']}"
                f"{credited}: {total - before:.2f} is left to credit.",
                "Credit no more than that; nothing was booked.",
            )

    @_FETCH.performed_by
    def fetch(self, body: Mapping[str, Any]) -> Row:
        """Return the totals that a credit note would have (`POST /v1/{organizationId}/sales/creditnotes/fetch`).

        :param body: mapping like SalesCreditNoteCreateFetchModel; nothing is saved
        :return: dict with the totals and TotalLines
        """
        return self._object(_FETCH, body=body)

    @_UPDATE.performed_by
    @guarded
    def update(self, guid: str, body: Mapping[str, Any], *, timestamp: str | None = None) -> Row:
        """Replace a whole draft (`PUT /v1.2/{organizationId}/sales/creditnotes/{guid}`).

        :param guid: str
        :param body: mapping like SalesCreditNoteUpdateModel; properties that you leave out are removed
        :param timestamp: str, the TimeStamp of the draft; default the body's, else the latest, which takes a request
        :return: `{"Guid", "TimeStamp"}`, or the whole credit note if a response was lost
        :raises DineroStaleTimestamp: the draft has changed since its TimeStamp was read
        """
        return self._update(_UPDATE, guid, body, timestamp)[0]

    @_DELETE.performed_by
    @guarded
    def delete(self, guid: str, *, timestamp: str | None = None) -> Row:
        """Delete a draft (`DELETE /v1/{organizationId}/sales/creditnotes/{guid}`).

        :param guid: str
        :param timestamp: str, the TimeStamp of the draft; default any
        :return: `{"Guid", "Change"}`, Change being deleted, or unchanged if it was already deleted
        """
        return self._delete(_DELETE, guid, timestamp)

    @_E_CREDIT_NOTE.performed_by
    def send_e_credit_note(self, guid: str, body: Mapping[str, Any] | None = None) -> None:
        """Send a booked credit note by CVR, EAN/GLN, SE or P number, again at each call.

        `POST /v3/{organizationId}/sales/creditnotes/{guid}/e-creditNote`

        :param guid: str
        :param body: mapping like EInvoiceSendModel; PaymentMeanEnum is Domestic by default
        :raises DineroOutcomeUnknown: the response was lost
        """
        self.session.send(_E_CREDIT_NOTE, {"guid": guid}, body=body)

    @guarded
    def send_e_credit_note_once(
        self,
        guid: str,
        body: Mapping[str, Any] | None = None,
        *,
        resend: int = 0,
        to: str | None = None,
        new: bool = False,
    ) -> Row:
        """Send a booked credit note electronically, unless this was done before; this first checks the contact.

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
            name, guid, body, self.get, self._contacts, self.send_e_credit_note, resend=resend, to=to, new=new
        )

    @_MAILOUTS.performed_by
    def mailouts(self, guid: str, *, changes_since: datetime | str | None = None) -> Rows:
        """Return the mail-outs of a credit note (`GET /v1/{organizationId}/sales/creditnotes/{guid}/mailouts`).

        :param guid: str
        :param changes_since: datetime or ISO 8601 text; only those created or changed after it
        :return: list of dicts with Id, Date, Receiver, Type, Status and more
        """
        return self._array(_MAILOUTS, {"guid": guid}, query=optional(changesSince=since(changes_since)))

    @_PAYMENTS.performed_by
    def payments(self, guid: str) -> Row:
        """Return the payments and what remains (`GET /v1/{organizationId}/sales/creditnotes/{guid}/payments`).

        :param guid: str
        :return: dict with Payments, RemainingAmount, PaidAmount and more
        """
        return self._object(_PAYMENTS, {"guid": guid})

    @_DELETE_PAYMENT.performed_by
    @guarded
    def delete_payment(self, guid: str, payment_guid: str, *, timestamp: str | None = None) -> Row:
        """Remove a payment (`DELETE /v1/{organizationId}/sales/creditnotes/{guid}/payments/{paymentGuid}`).

        :param guid: str
        :param payment_guid: str
        :param timestamp: str, the TimeStamp of the credit note; default any
        :return: `{"TimeStamp"}`
        """
        place = {"guid": guid, "paymentGuid": payment_guid}
        body = {"Timestamp": timestamp} if timestamp else {}
        return self._unpay(_DELETE_PAYMENT, guid, payment_guid, place, body)

    def _payments(self, guid: str) -> Rows:
        return self.payments(guid)["Payments"] or []
