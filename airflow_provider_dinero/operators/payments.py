"""Payments of sales invoices."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.links import document_url
from airflow_provider_dinero.operators.base import DineroBaseOperator, require_mapping
from airflow_provider_dinero.operators.money import money

if TYPE_CHECKING:
    from airflow.sdk import Context


class DineroAddPaymentOperator(DineroBaseOperator):
    """Registers a payment or refund of a booked invoice, once per idempotency key, however often the task runs.

    The key is the payment's ExternalReference (or a Guid made from it, if it is longer than 128 characters).

    Dinero: `GET /v2/{organizationId}/invoices/{guid}/payments`, `POST /v1/{organizationId}/invoices/{guid}/payments`.

    :param invoice: str, a Guid; or dict, the output of another invoice operator, which saves a request. Templated.
    :param payment: dict like Dinero's PaymentCreateModel: DepositAccountNumber, Amount (DKK) and Description are
        required; a negative Amount is a refund, for example after a credit note; RemainderIsFee is False by default.
        Templated.
    :param idempotency_key: str or int, identifies the payment, such as the bank's number for it; default the
        ExternalReference of the payment, or else the task's own identity: dag_id, run_id, task_id and map_index.
        Templated.
    :return: `{"Guid", "PaymentGuid", "Change"}`, Guid being the invoice's and Change created or unchanged; with the
        invoice's TimeStamp when it was created
    """

    resource = "invoices"
    template_fields: Sequence[str] = (*DineroBaseOperator.template_fields, "invoice", "payment", "idempotency_key")
    template_fields_renderers: ClassVar[dict[str, str]] = {"payment": "json"}

    def __init__(
        self,
        *,
        invoice: str | Mapping[str, Any],
        payment: Mapping[str, Any],
        idempotency_key: str | int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.invoice = invoice
        self.payment = payment
        self.idempotency_key = idempotency_key

    def perform(self, context: "Context") -> dict[str, Any]:
        """Search for the payment, and register it."""
        from airflow_provider_dinero.api.bodies.idempotency import reference_for

        known = self.document("invoice", self.invoice)
        given = require_mapping("payment", self.payment)
        reference = given.get("ExternalReference")
        if reference and self.idempotency_key is not None:
            raise DineroInvalidBody(
                "The payment has both an ExternalReference and an idempotency_key.", "They mean the same: pass one."
            )
        if not reference:
            reference = reference_for(self.key_of(context, self.idempotency_key))
        body = {"RemainderIsFee": False, **given, "ExternalReference": reference}
        self.document_url = document_url(self.client, f"sales/{known['Guid']}")
        paid = self.client.invoices.add_payment_once(known["Guid"], body, timestamp=known.get("TimeStamp"))
        done = "refunded" if Decimal(str(body["Amount"])) < 0 else "paid"
        done = done if paid["Change"] == "created" else f"was already {done}"
        self.log.info("invoice %s %s %s", known.get("Number") or known["Guid"], done, money(body["Amount"]))
        stamp = {"TimeStamp": paid["TimeStamp"]} if "TimeStamp" in paid else {}
        return {"Guid": known["Guid"], "PaymentGuid": paid["Guid"], **stamp, "Change": paid["Change"]}
