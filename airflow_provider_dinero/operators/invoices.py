"""Sales invoices: draft, book, send. `invoice_lifecycle` does all of it in one task."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_dinero.links import document_url
from airflow_provider_dinero.operators.base import DineroBaseOperator, require_mapping, whole
from airflow_provider_dinero.operators.sales import (
    in_dkk,
    own_draft,
    preview,
    remember_draft,
    summary_of_booking,
    to_xcom,
    with_guid,
)
from airflow_provider_dinero.operators.sending import sender, summary
from airflow_provider_dinero.operators.totals import ExpectingOperator, RoundingOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_dinero.api.bodies.totals import ExpectedTotal


class DineroCreateInvoiceOperator(RoundingOperator):
    """Creates a draft, once per idempotency key, however often the task runs.

    Dinero: `POST /v1/{organizationId}/invoices`, with a Guid made from the key.

    :param invoice: dict in Dinero's own property names (ProductLines is required), without Guid. Templated.
    :param idempotency_key: str or int, identifies the invoice, such as an order number; default the task's own
        identity: dag_id, run_id, task_id and map_index. Set it in mapped tasks, since an index changes with the list.
        Templated.
    :param generation: int, raise it to create an invoice again after it was deleted in Dinero; default 0. Templated.
    :param expected_total: str, Decimal or int, the total that the invoice must have, including VAT, in its own
        currency; another total is an error; default None: any total. Templated.
    :param rounding_account: int, the account of a line for a difference of up to max_rounding, preferably an account
        without VAT; default None: no such line. Templated.
    :param max_rounding: str, Decimal or int, the largest difference for that line, such as "0.05"; required with
        rounding_account; default None. Templated.
    :return: `{"Guid", "TimeStamp", "Change"}`, Change being created, updated (an untouched draft with the same key was
        updated to this content) or unchanged; if the invoice already existed, or a total is expected, also what
        `DineroBookInvoiceOperator` returns; in a dry run `{"DryRun", "Next", "Guid", "TotalInclVat"}`
    """

    resource = "invoices"

    template_fields: Sequence[str] = (
        *RoundingOperator.template_fields,
        "invoice",
        "idempotency_key",
        "generation",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"invoice": "json"}

    def __init__(
        self,
        *,
        invoice: Mapping[str, Any],
        idempotency_key: str | int | None = None,
        generation: int | str = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.invoice = invoice
        self.idempotency_key = idempotency_key
        self.generation = generation

    def perform(self, context: "Context") -> dict[str, Any]:
        """Create the draft, or find it."""
        key = self.key_of(context, self.idempotency_key)
        body = with_guid(
            self.client,
            "invoices",
            "invoice",
            self.invoice,
            key,
            self.generation,
            is_own_key=self.idempotency_key is not None,
        )
        own = own_draft(self.client, context, self.resource, body["Guid"])
        invoice = self.client.invoices.create(body, expected=self.expected, own_draft=own)
        remember_draft(self.client, self.resource, invoice)
        if self.expected is not None:
            invoice = self.client.invoices.require_total(body, invoice, self.expected)
        change = invoice["Change"]
        self.document_url = document_url(self.client, f"sales/{body['Guid']}")
        self.log.info("invoice %s for %s %s", body["Guid"], key, change)
        return {**to_xcom(invoice), "Change": change}

    def preview(self, body: Any) -> dict[str, Any]:
        """Return the Guid that the invoice will get, and its total."""
        return preview(self.client, self.resource, body, self.log, expected=self.expected)


class DineroUpdateInvoiceOperator(DineroBaseOperator):
    """Replaces a whole draft; properties that you leave out are removed.

    If you pass only a Guid, the operator reads the draft first, and doesn't write if the draft already has the given
    content. If you pass a TimeStamp, the operator writes without reading the draft. If somebody has changed the draft
    since then, Dinero refuses the write. The operator then reads the draft: it succeeds if the draft already has the
    given content, and otherwise raises `DineroStaleTimestamp`.

    Dinero: `PUT /v1.2/{organizationId}/invoices/{guid}`, and `GET …/{guid}` to read the draft.

    :param invoice: str, a Guid; or dict, the output of another invoice operator, whose TimeStamp protects a draft
        that somebody has changed in the meantime from being overwritten. Templated.
    :param content: dict in Dinero's own property names (ProductLines is required). Templated.
    :return: `{"Guid", "TimeStamp", "Change"}`, Change being updated or unchanged
    """

    resource = "invoices"
    template_fields: Sequence[str] = (*DineroBaseOperator.template_fields, "invoice", "content")
    template_fields_renderers: ClassVar[dict[str, str]] = {"invoice": "json", "content": "json"}

    def __init__(self, *, invoice: str | Mapping[str, Any], content: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.invoice = invoice
        self.content = content

    def perform(self, context: "Context") -> dict[str, Any]:
        """Replace the draft."""
        known = self.document("invoice", self.invoice)
        guid = known["Guid"]
        self.document_url = document_url(self.client, f"sales/{guid}")
        content = require_mapping("content", self.content)
        updated = self.client.invoices.update_once(guid, content, timestamp=known.get("TimeStamp"))
        self.log.info("invoice %s %s", guid, updated["Change"])
        return {"Guid": guid, "TimeStamp": updated["TimeStamp"], "Change": updated["Change"]}

    def preview(self, body: Any) -> dict[str, Any]:
        """Return the total that the invoice will have."""
        content = {name: value for name, value in body.items() if name != "Timestamp"}
        return preview(self.client, self.resource, content, self.log)


class DineroBookInvoiceOperator(ExpectingOperator):
    """Books a draft. It leaves a booked invoice unchanged: booking can't be undone.

    Dinero: `POST /v1/{organizationId}/invoices/{guid}/book`.

    :param invoice: str, a Guid; or dict, the output of another invoice operator, whose TimeStamp keeps a draft that
        somebody has changed since from being booked. Templated.
    :param number: int, the voucher number; default Dinero's next. Templated.
    :param expected_total: str, Decimal or int, the total that the invoice must have, including VAT, in its own
        currency; an invoice with another total isn't booked; default None: any total. Templated.
    :return: `{"Guid", "TimeStamp", "Number", "Status", "ContactName", "TotalInclVat", "TotalInclVatInDkk", "Currency",
        "Date", "UpdatedAt"}`, the totals as str; the one in DKK takes a request if the currency is another one
    """

    resource = "invoices"
    template_fields: Sequence[str] = (*ExpectingOperator.template_fields, "invoice", "number")

    def __init__(self, *, invoice: str | Mapping[str, Any], number: int | str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.invoice = invoice
        self.number = number

    def perform(self, context: "Context") -> dict[str, Any]:
        """Book the invoice."""
        known = self.document("invoice", self.invoice)
        booked = self.client.invoices.book(
            known["Guid"],
            # A booked invoice is only read.
            timestamp=None if known.get("Status") == "Booked" else known.get("TimeStamp"),
            number=None if self.number is None else whole("number", self.number),
            expected=self._unchecked(known),
        )
        self.document_url = document_url(self.client, f"sales/{known['Guid']}")
        self.log.info("%s", summary_of_booking("invoice", booked))
        return {**to_xcom(booked), **in_dkk(self.client.invoices, booked)}

    def _unchecked(self, known: Mapping[str, Any]) -> "ExpectedTotal | None":
        """Return the expected total; None if the draft is known to have it, at the TimeStamp that is booked."""
        from airflow_provider_dinero.api.bodies.totals import total_of

        wanted = self.expected
        if wanted is None or (known.get("TimeStamp") and "TotalInclVat" in known and total_of(known) == wanted.total):
            return None
        return wanted


class DineroSendInvoiceOperator(DineroBaseOperator):
    """Sends a booked invoice once by each channel, however often it runs: it reads the mail-outs from Dinero.

    Before it sends an electronic invoice, it checks the contact: the public sector requires an EAN number and an att.
    person.

    Dinero: `GET /v1/{organizationId}/invoices/{guid}/mailouts`, and `POST /v1/{organizationId}/invoices/{guid}/email`,
    `POST /v3/{organizationId}/invoices/{guid}/e-invoice` or `POST /v1/{organizationId}/sms/{voucherGuid}/send-sms`.

    :param invoice: str, a Guid; or dict, the output of another invoice operator. Templated.
    :param channel: str: email, einvoice or sms; default email. Templated.
    :param mailout: dict like Dinero's ApiMailoutModel (Receiver, Subject, Message and more), EInvoiceSendModel
        (OrderReference, AttPerson) or SmsSendModel (ReceiverPhoneNumber, Message); default Dinero's template, sent to
        the contact. Templated.
    :param resend: int, how many earlier mail-outs by this channel to ignore; default 0. Templated.
    :return: `{"Guid", "Recipients", "Change"}`, Change being created or unchanged
    """

    resource = "invoices"
    template_fields: Sequence[str] = (
        *DineroBaseOperator.template_fields,
        "invoice",
        "channel",
        "mailout",
        "resend",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"mailout": "json"}

    def __init__(
        self,
        *,
        invoice: str | Mapping[str, Any],
        channel: str = "email",
        mailout: Mapping[str, Any] | None = None,
        resend: int | str = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.invoice = invoice
        self.channel = channel
        self.mailout = mailout
        self.resend = resend

    def perform(self, context: "Context") -> dict[str, Any]:
        """Search for a mail-out, and send one."""
        guid = self.document("invoice", self.invoice)["Guid"]
        self.document_url = document_url(self.client, f"sales/{guid}")
        mailout = None if self.mailout is None else require_mapping("mailout", self.mailout)
        sent = sender(self.client, self.channel)(guid, mailout, resend=whole("resend", self.resend))
        self.log.info("invoice %s %s", guid, summary(self.channel, sent))
        return {"Guid": guid, **sent}


class DineroDeleteInvoiceOperator(DineroBaseOperator):
    """Deletes a draft, and succeeds if it is already deleted. A booked invoice can't be deleted: credit it.

    Dinero: `DELETE /v1/{organizationId}/invoices/{guid}`.

    :param invoice: str, a Guid; or dict, the output of another invoice operator, whose TimeStamp keeps a draft that
        somebody has changed since from being deleted. Templated.
    :return: `{"Guid", "Change"}`, Change being deleted
    """

    resource = "invoices"
    template_fields: Sequence[str] = (*DineroBaseOperator.template_fields, "invoice")

    def __init__(self, *, invoice: str | Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.invoice = invoice

    def perform(self, context: "Context") -> dict[str, Any]:
        """Delete the draft."""
        known = self.document("invoice", self.invoice)
        self.document_url = document_url(self.client, f"sales/{known['Guid']}")
        change = self.client.invoices.delete(known["Guid"], timestamp=known.get("TimeStamp"))["Change"]
        self.log.info("invoice %s %s", known["Guid"], "deleted" if change == "deleted" else "was already deleted")
        return {"Guid": known["Guid"], "Change": "deleted"}
