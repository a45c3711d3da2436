"""Manual vouchers: postings by hand, from one account to another."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_dinero.api.errors import DineroStaleTimestamp
from airflow_provider_dinero.links import document_url
from airflow_provider_dinero.operators.base import DineroBaseOperator
from airflow_provider_dinero.operators.sales import own_draft, remember_draft
from airflow_provider_dinero.operators.sales_lifecycle import change_of
from airflow_provider_dinero.operators.vouchers import referenced

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_dinero.api.resources.documents import OwnDraft


class DineroManualVoucherOperator(DineroBaseOperator):
    """Creates a manual voucher and optionally books it: each once, as far as Dinero shows existing vouchers.

    Dinero accepts no id of our own for it and has no list: an interrupted try can end in DineroOutcomeUnknown, and
    another task with the same key finds a draft only by a note beside the shared lock. Prefer
    `DineroPostLedgerItemsOperator`, which books the same.

    Dinero: `GET /v1/{organizationId}/entries`, `POST /v1/{organizationId}/vouchers/manuel`, `POST …/{guid}/book`.

    :param voucher: dict in Dinero's own property names (Lines with Amount, AccountNumber and BalancingAccountNumber;
        VoucherDate is required to find a voucher again). Lines without a BalancingAccountNumber must sum to 0.00, with
        the VAT that Dinero adds to sales; else nothing is booked. Its own ExternalReference replaces the idempotency
        key. Templated.
    :param idempotency_key: str or int, identifies the voucher; default the task's own identity: dag_id, run_id, task_id
        and map_index. Templated.
    :param generation: int, raise it to create the voucher again on purpose; default 0. Templated.
    :param book: bool, whether to book it; default False, which leaves a draft
    :return: `{"Guid", "Timestamp", "Number", "Status", "Change"}`, Change being created, updated (this run booked it,
        or updated its own draft to this content) or unchanged
    """

    resource = "manual_vouchers"
    template_fields: Sequence[str] = (*DineroBaseOperator.template_fields, "voucher", "idempotency_key", "generation")
    template_fields_renderers: ClassVar[dict[str, str]] = {"voucher": "json"}

    def __init__(
        self,
        *,
        voucher: Mapping[str, Any],
        idempotency_key: str | int | None = None,
        generation: int | str = 0,
        book: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.voucher = voucher
        self.idempotency_key = idempotency_key
        self.generation = generation
        self.book = book

    def perform(self, context: "Context") -> dict[str, Any]:
        """Do the requested steps that haven't been done yet."""
        from airflow_provider_dinero.api.resources.documents import DRAFTS

        body = referenced(self, context)
        own = own_draft(self.client, context, self.resource, body["ExternalReference"])
        told = self.step("create", lambda: self._create(body, own))
        changes = [told["Change"]]
        self.document_url = document_url(self.client, f"vouchers/{told['Guid']}")
        if self.book and told["Status"] in DRAFTS:
            draft = dict(told)
            told |= self.step("book", lambda: self._book(draft, body))
            changes.append("updated")
        done = change_of(changes)
        place = "a draft" if told["Status"] in DRAFTS else f"number {told['Number']}"
        self.log.info("manual voucher %s %s, %s", told["Guid"], done, place)
        return {**told, "Change": done}

    def _create(self, body: Mapping[str, Any], own: "OwnDraft") -> dict[str, Any]:
        vouchers = self.client.manual_vouchers
        made = vouchers.create_once(body, own_draft=own)
        remember_draft(self.client, self.resource, made, body["ExternalReference"])
        vouchers.require_balanced(made)
        return {**_to_xcom(made), "Change": made["Change"]}

    def _book(self, draft: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
        vouchers = self.client.manual_vouchers
        try:
            return _to_xcom(vouchers.book(draft["Guid"], timestamp=draft["Timestamp"]))
        except (
            DineroStaleTimestamp
        ):  # somebody changed the draft just now: it is booked if it still has the wanted content
            again = vouchers.create_once(body)
            return _to_xcom(vouchers.book(again["Guid"], timestamp=again["Timestamp"]))


def _to_xcom(voucher: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Guid": voucher["Guid"],
        "Timestamp": voucher["Timestamp"],
        "Status": voucher["Status"],
        "Number": voucher["VoucherNumber"],
    }
