"""Sales credit notes: draft, book, send."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_dinero.operators.base import require_mapping
from airflow_provider_dinero.operators.sales_lifecycle import SalesLifecycleOperator, change_of

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_dinero.api.resources.documents import OwnDraft


class DineroCreateCreditNoteOperator(SalesLifecycleOperator):
    """Creates a credit note and optionally books and sends it: each once, however often the task runs.

    For a whole invoice it copies the lines; for a part of one, or without one, pass ProductLines. Amounts are positive.

    Dinero: `GET /v1/{organizationId}/invoices/{guid}`, `GET /v2/{organizationId}/invoices/{guid}/payments`,
    `POST /v1/{organizationId}/sales/creditnotes`, `POST …/{guid}/book`, `GET …/{guid}/mailouts`,
    `POST …/{guid}/email` (or e-creditNote).

    :param invoice: str, the Guid of the booked invoice to credit; or dict, the output of another invoice operator;
        default None, a credit note without an invoice. Templated.
    :param credit_note: dict in Dinero's own property names, without Guid; ProductLines are required unless a
        whole invoice is credited; default none. Templated.
    :param idempotency_key: str or int, identifies the credit note; default the task's own identity: dag_id, run_id,
        task_id and map_index. Templated.
    :param generation: int, raise it to create one again after it was deleted in Dinero; default 0. Templated.
    :param book: bool, whether to book it; default False, which leaves a draft
    :param number: int, the voucher number; default Dinero's next. Templated.
    :param send: str or None: email or einvoice; default None, not sent. Requires book.
    :param mailout: dict like Dinero's model for that channel; default Dinero's template, sent to the contact.
        Templated.
    :param resend: int, how many earlier mail-outs to ignore; default 0. Templated.
    :return: `{"Guid", "TimeStamp", "Change"}`; if it is booked, also Number, Status, ContactName, TotalInclVat,
        Currency and UpdatedAt; if it is sent, Recipients; Change is created, updated (this run did something) or
        unchanged; in a dry run `{"DryRun", "Next", "Guid", "TotalInclVat"}`
    """

    resource = "credit_notes"
    what = "credit note"
    template_fields: Sequence[str] = (*SalesLifecycleOperator.template_fields, "invoice", "credit_note")
    template_fields_renderers: ClassVar[dict[str, str]] = {"credit_note": "json", "mailout": "json"}
    _credited: dict[str, Any] | None = None

    def __init__(
        self,
        *,
        invoice: str | Mapping[str, Any] | None = None,
        credit_note: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.invoice = invoice
        self.credit_note = credit_note

    def perform(self, context: "Context") -> dict[str, Any]:
        """Do the requested steps that haven't been done yet."""
        given = {} if self.credit_note is None else {**require_mapping("credit_note", self.credit_note)}
        if self.invoice is not None:
            given["CreditNoteFor"] = self.document("invoice", self.invoice)["Guid"]
        told, changes = self.run_steps(context, self.key_of(context, self.idempotency_key), given)
        return {**told, "Change": change_of(changes)}

    def make(self, body: dict[str, Any], own: "OwnDraft | None" = None) -> dict[str, Any]:
        """Create the draft, or find the existing document, and check that it has the same content."""
        if self.invoice is None:
            return self.client.credit_notes.create(body, expected=self.expected, own_draft=own)
        return self.client.credit_notes.create_of(self._invoice(body), body, expected=self.expected, own_draft=own)

    def check_before_booking(self, draft: Mapping[str, Any], body: dict[str, Any]) -> None:
        """Check that no more is credited than is left, and check the contact and its address."""
        if self.invoice is not None:
            self._plan = replace(self._plan, body=self.whole_body(body))
            notes, invoice = self.client.credit_notes, self._invoice(body)
            if body.get("ProductLines") is None:  # it has the total of the invoice
                draft = invoice
            notes.require_left(invoice, draft if "TotalInclVat" in draft else notes.get(draft["Guid"]))
        super().check_before_booking(draft, body)

    def whole_body(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the body, with what the invoice provides."""
        from airflow_provider_dinero.api.bodies.crediting import crediting

        return body if self.invoice is None else {**crediting(self._invoice(body), body), **body}

    def preview(self, body: Any) -> dict[str, Any]:
        """Check all steps of the credit note, and return its Guid and total."""
        found = super().preview(body)
        if self.invoice is not None:
            self.client.credit_notes.require_left(self._invoice(body), found)
        return found

    def _invoice(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the invoice that is credited; it is read once per try."""
        if self._credited is None:
            self._credited = self.client.invoices.get(body["CreditNoteFor"])
        return self._credited
