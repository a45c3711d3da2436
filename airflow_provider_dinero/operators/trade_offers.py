"""Trade offers: draft, e-mail, invoice."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_dinero.links import document_url
from airflow_provider_dinero.operators.base import DineroBaseOperator, require_mapping, whole
from airflow_provider_dinero.operators.sales import own_draft, preview, remember_draft, to_xcom, with_guid
from airflow_provider_dinero.operators.sending import summary

if TYPE_CHECKING:
    from airflow.sdk import Context


class DineroCreateTradeOfferOperator(DineroBaseOperator):
    """Creates a trade offer, once per idempotency key, however often the task runs.

    Dinero: `POST /v1/{organizationId}/tradeoffers`, with a Guid made from the key.

    :param trade_offer: dict in Dinero's own property names (ContactGuid and ProductLines are required), without Guid.
        Templated.
    :param idempotency_key: str or int, identifies the offer; default the task's own identity: dag_id, run_id, task_id
        and map_index. Set it in mapped tasks, since an index changes with the list. Templated.
    :param generation: int, raise it to create it again after it was deleted in Dinero; default 0. Templated.
    :return: `{"Guid", "TimeStamp", "Change"}`, Change being created, updated (an unsent, untouched draft with the same
        key was updated to this content) or unchanged; if it already existed, also Number, Status, ContactName,
        TotalInclVat, Currency and UpdatedAt; in a dry run `{"DryRun", "Next", "Guid", "TotalInclVat"}`
    """

    resource = "trade_offers"
    template_fields: Sequence[str] = (
        *DineroBaseOperator.template_fields,
        "trade_offer",
        "idempotency_key",
        "generation",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"trade_offer": "json"}

    def __init__(
        self,
        *,
        trade_offer: Mapping[str, Any],
        idempotency_key: str | int | None = None,
        generation: int | str = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.trade_offer = trade_offer
        self.idempotency_key = idempotency_key
        self.generation = generation

    def perform(self, context: "Context") -> dict[str, Any]:
        """Create the offer, or find it."""
        key = self.key_of(context, self.idempotency_key)
        body = with_guid(
            self.client,
            "trade_offers",
            "trade_offer",
            self.trade_offer,
            key,
            self.generation,
            is_own_key=self.idempotency_key is not None,
        )
        own = own_draft(self.client, context, self.resource, body["Guid"])
        offer = self.client.trade_offers.create(body, own_draft=own)
        remember_draft(self.client, self.resource, offer)
        change = offer["Change"]
        self.document_url = document_url(self.client, f"tradeoffers/{body['Guid']}")
        self.log.info("trade offer %s for %s %s", body["Guid"], key, change)
        return {**to_xcom(offer), "Change": change}

    def preview(self, body: Any) -> dict[str, Any]:
        """Return the Guid that the offer will get, and its total."""
        return preview(self.client, self.resource, body, self.log)


class DineroSendTradeOfferOperator(DineroBaseOperator):
    """E-mails a trade offer once, however often the task runs: it reads the mail-outs from Dinero.

    Dinero: `GET /v1/{organizationId}/tradeoffers/{guid}/mailouts`, `POST …/{guid}/email`.

    :param trade_offer: str, a Guid; or dict, the output of another operator. Templated.
    :param mailout: dict like Dinero's ApiMailoutModel: Receiver, Subject, Message and more; default Dinero's template,
        sent to the contact. Templated.
    :param resend: int, how many earlier e-mails to ignore; default 0. Templated.
    :return: `{"Guid", "Recipients", "Change"}`, Change being created or unchanged
    """

    resource = "trade_offers"
    template_fields: Sequence[str] = (*DineroBaseOperator.template_fields, "trade_offer", "mailout", "resend")
    template_fields_renderers: ClassVar[dict[str, str]] = {"mailout": "json"}

    def __init__(
        self,
        *,
        trade_offer: str | Mapping[str, Any],
        mailout: Mapping[str, Any] | None = None,
        resend: int | str = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.trade_offer = trade_offer
        self.mailout = mailout
        self.resend = resend

    def perform(self, context: "Context") -> dict[str, Any]:
        """Search for a mail-out, and send one."""
        guid = self.document("trade_offer", self.trade_offer)["Guid"]
        self.document_url = document_url(self.client, f"tradeoffers/{guid}")
        mailout = None if self.mailout is None else require_mapping("mailout", self.mailout)
        sent = self.client.trade_offers.email_once(guid, mailout, resend=whole("resend", self.resend))
        self.log.info("trade offer %s %s", guid, summary("email", sent))
        return {"Guid": guid, **sent}


class DineroInvoiceTradeOfferOperator(DineroBaseOperator):
    """Turns a trade offer into a draft invoice once, however often it runs: it reads the offer's invoices from Dinero.

    It uses the offer in its present version: a customer's answer changes the version.

    Dinero: `GET /v1/{organizationId}/tradeoffers/{guid}`, `POST …/{guid}/generate-invoice`.

    :param trade_offer: str, a Guid; or dict, the output of another operator. Templated.
    :param generation: int, how many of its invoices to ignore, such as deleted ones; default 0. Templated.
    :return: the invoice's `{"Guid", "TimeStamp", "Change"}`, Change being created or unchanged; if it already existed,
        also what `DineroBookInvoiceOperator` returns
    """

    resource = "invoices"
    template_fields: Sequence[str] = (*DineroBaseOperator.template_fields, "trade_offer", "generation")

    def __init__(self, *, trade_offer: str | Mapping[str, Any], generation: int | str = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.trade_offer = trade_offer
        self.generation = generation

    def perform(self, context: "Context") -> dict[str, Any]:
        """Check which invoices the offer has, and create one."""
        guid = self.document("trade_offer", self.trade_offer)["Guid"]
        generation = whole("generation", self.generation)
        invoice = self.client.trade_offers.generate_invoice_once(guid, generation=generation)
        self.document_url = document_url(self.client, f"sales/{invoice['Guid']}")
        self.log.info("invoice %s of trade offer %s %s", invoice["Guid"], guid, invoice["Change"])
        return {**to_xcom(invoice), "Change": invoice["Change"]}
