"""Purchase credit notes from suppliers."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_dinero.api.errors import DineroStaleTimestamp
from airflow_provider_dinero.links import document_url
from airflow_provider_dinero.operators.base import require_mapping
from airflow_provider_dinero.operators.money import money
from airflow_provider_dinero.operators.sales import own_draft, remember_draft, with_guid
from airflow_provider_dinero.operators.sales_lifecycle import change_of
from airflow_provider_dinero.operators.totals import ExpectingOperator
from airflow_provider_dinero.operators.vouchers import to_xcom

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_dinero.api.resources.documents import OwnDraft


class DineroPurchaseCreditNoteOperator(ExpectingOperator):
    """Creates a purchase credit note and optionally books it: each once, however often the task runs.

    For a whole booked credit purchase it copies the lines; for a part of one, or without one, pass Lines. Amounts are
    positive and gross.

    Dinero: `GET /v1/{organizationId}/vouchers/purchase/{guid}`,
    `POST /v1/{organizationId}/vouchers/purchase/creditnotes`, with a Guid made from the key, `POST …/{guid}/book`.

    :param voucher: str, the Guid of the purchase voucher that is credited; or dict, the output of
        `DineroPurchaseVoucherOperator`; default None, a credit note without a purchase. Templated.
    :param credit_note: dict in Dinero's own property names, without Guid; Lines are required unless a whole purchase is
        credited; default none. Templated.
    :param idempotency_key: str or int, identifies the credit note; default the task's own identity: dag_id, run_id,
        task_id and map_index. Templated.
    :param generation: int, raise it to create one again after it was deleted in Dinero; default 0. Templated.
    :param book: bool, whether to book it; default False, which leaves a draft
    :param expected_total: str, Decimal or int, the total that the credit note must have, including VAT, in its own
        currency, as a positive amount; another total isn't booked; default None: whatever it comes to. Templated.
    :return: `{"Guid", "Timestamp", "Change"}`, and if it already existed, is booked, or a total is expected, Number,
        Status, TotalInclVat (text), Currency and FileGuid; Change is created, updated (this run booked it, or brought a
        draft of the same key that nobody had touched to this content) or unchanged; in a dry run
        `{"DryRun", "Next", "Guid", "TotalInclVat"}`
    """

    resource = "purchase_credit_notes"
    template_fields: Sequence[str] = (
        *ExpectingOperator.template_fields,
        "voucher",
        "credit_note",
        "idempotency_key",
        "generation",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"credit_note": "json"}

    def __init__(
        self,
        *,
        voucher: str | Mapping[str, Any] | None = None,
        credit_note: Mapping[str, Any] | None = None,
        idempotency_key: str | int | None = None,
        generation: int | str = 0,
        book: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.voucher = voucher
        self.credit_note = credit_note
        self.idempotency_key = idempotency_key
        self.generation = generation
        self.book = book

    def perform(self, context: "Context") -> dict[str, Any]:
        """Do the requested steps that haven't been done yet."""
        from airflow_provider_dinero.api.resources.documents import DRAFTS

        given = {} if self.credit_note is None else {**require_mapping("credit_note", self.credit_note)}
        if self.voucher is not None:
            given["CreditNoteFor"] = self.document("voucher", self.voucher)["Guid"]
        key = self.key_of(context, self.idempotency_key)
        body = with_guid(self.client, self.resource, "credit_note", given, key, self.generation)
        own = own_draft(self.client, context, self.resource, body["Guid"])
        told = self.step("create", lambda: self._create(body, own))
        changes = [told["Change"]]
        self.document_url = document_url(self.client, f"purchases/{body['Guid']}")
        if self.book and told.get("Status", "Draft") in DRAFTS:
            draft = dict(told)
            told |= self.step("book", lambda: self._book(draft, body))
            changes.append("updated")
        done = change_of(changes)
        total = f", {money(told['TotalInclVat'], told['Currency'])}" if "TotalInclVat" in told else ""
        self.log.info("purchase credit note %s for %s %s%s", body["Guid"], key, done, total)
        return {**told, "Change": done}

    def preview(self, body: Any) -> dict[str, Any]:
        """Return the Guid that the credit note will get, and its total."""
        total = sum(Decimal(each["Amount"]) for each in body["Lines"])
        if self.expected is not None:
            self.expected.require("The credit note", {"TotalInclVat": total, "Currency": body.get("Currency")})
        return {"Guid": str(body["Guid"]), "TotalInclVat": f"{total:.2f}"}

    def _create(self, body: dict[str, Any], own: "OwnDraft") -> dict[str, Any]:
        made = self._draft(body, own)
        remember_draft(self.client, self.resource, made)
        whole = made if made["Change"] == "unchanged" else None
        if self.expected is not None:
            whole = whole or self.client.purchase_credit_notes.get(body["Guid"])
            self.expected.require(f"Purchase credit note {body['Guid']}", whole)
        if whole is not None:
            return {**to_xcom(whole), "Change": made["Change"]}
        stamp = made.get("TimeStamp") or made["Timestamp"]
        return {"Guid": made["Guid"], "Timestamp": stamp, "Change": made["Change"]}

    def _draft(self, body: dict[str, Any], own: "OwnDraft | None" = None) -> dict[str, Any]:
        notes = self.client.purchase_credit_notes
        if self.voucher is not None and body.get("Lines") is None:
            return notes.create_for(body["CreditNoteFor"], body, own_draft=own)
        return notes.create(body, own_draft=own)

    def _book(self, draft: Mapping[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        notes = self.client.purchase_credit_notes
        try:
            return to_xcom(notes.book(draft["Guid"], timestamp=draft["Timestamp"]))
        except (
            DineroStaleTimestamp
        ):  # somebody changed the draft just now: it is booked if it still has the wanted content
            return to_xcom(notes.book(draft["Guid"], timestamp=self._draft(body)["Timestamp"]))
