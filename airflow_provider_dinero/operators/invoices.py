"""Sales invoices: draft, book, e-mail."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.operators.base import DineroBaseOperator, require_mapping, whole

if TYPE_CHECKING:
    from airflow.sdk import Context


class DineroCreateInvoiceOperator(DineroBaseOperator):
    """Creates a draft, once for each idempotency key, however often it runs.

    Dinero: `POST /v1/{organizationId}/invoices`, with a Guid made from the key.

    :param invoice: dict in Dinero's own property names (ProductLines is required), without Guid. Templated.
    :param idempotency_key: str, what the invoice is for, such as an order number; default the task's own place: dag_id,
        run_id, task_id and map_index. Give one in mapped tasks: an index moves when the list changes. Templated.
    :param generation: int, raised to make an invoice anew after it was deleted in Dinero; default 0. Templated.
    :return: `{"Guid", "TimeStamp", "Change"}`, Change being created or unchanged; where the invoice was there, also
        what `DineroBookInvoiceOperator` returns
    """

    template_fields: Sequence[str] = (
        *DineroBaseOperator.template_fields,
        "invoice",
        "idempotency_key",
        "generation",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"invoice": "json"}

    def __init__(
        self,
        *,
        invoice: Mapping[str, Any],
        idempotency_key: str | None = None,
        generation: int | str = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.invoice = invoice
        self.idempotency_key = idempotency_key
        self.generation = generation

    def perform(self, context: "Context") -> dict[str, Any]:
        """Create the draft, or find it."""
        from airflow_provider_dinero.api.keys import guid_for

        key = self._place(context) if self.idempotency_key is None else str(self.idempotency_key).strip()
        if key in {"", "None"}:
            raise DineroInvalidBody("The idempotency_key is empty.", "Leave it out, or correct its template.")
        body = require_mapping("invoice", self.invoice)
        if body.get("Guid"):
            raise DineroInvalidBody("The invoice has a Guid.", "Leave it out: it is made from the idempotency_key.")
        guid = guid_for(self.client.organization_id, "invoices", key, whole("generation", self.generation))
        body = {**body, "Guid": guid}
        invoice = self.client.invoices.create(body)
        change = "unchanged" if "Status" in invoice else "created"
        self.log.info("invoice %s for %s %s", invoice["Guid"], key, change)
        return {**_small(invoice), "Change": change}

    def _place(self, context: "Context") -> str:
        ti = context["ti"]
        if ti.map_index is not None and ti.map_index >= 0:
            self.log.warning("Mapped without idempotency_key: when the list changes, an index means another invoice.")
        return f"{ti.dag_id}/{ti.run_id}/{ti.task_id}/{ti.map_index}"


class DineroBookInvoiceOperator(DineroBaseOperator):
    """Books a draft. A booked invoice is left as it is: there is no way back from Booked.

    Dinero: `POST /v1/{organizationId}/invoices/{guid}/book`.

    :param invoice: str, a Guid; or dict, what another invoice operator returned, whose TimeStamp then makes sure that
        a draft that somebody changed since is not booked. Templated.
    :param number: int, the voucher number; default Dinero's next. Templated.
    :return: `{"Guid", "TimeStamp", "Number", "Status", "ContactName", "TotalInclVat", "Currency", "UpdatedAt"}`,
        the total as str
    """

    template_fields: Sequence[str] = (*DineroBaseOperator.template_fields, "invoice", "number")

    def __init__(self, *, invoice: str | Mapping[str, Any], number: int | str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.invoice = invoice
        self.number = number

    def perform(self, context: "Context") -> dict[str, Any]:
        """Book the invoice."""
        known = _reference(self.invoice)
        done = "was booked before" if known.get("Status") == "Booked" else "booked"
        booked = self.client.invoices.book(
            known["Guid"],
            # A booked one is only read.
            timestamp=None if known.get("Status") == "Booked" else known.get("TimeStamp"),
            number=None if self.number is None else whole("number", self.number),
        )
        self.log.info("invoice %s %s, %s %s", booked["Number"], done, booked["TotalInclVat"], booked["Currency"])
        return _small(booked)


class DineroSendInvoiceOperator(DineroBaseOperator):
    """E-mails a booked invoice, once, however often it runs: what was mailed is read from Dinero.

    Dinero: `GET /v1/{organizationId}/invoices/{guid}/mailouts`, `POST /v1/{organizationId}/invoices/{guid}/email`.

    :param invoice: str, a Guid; or dict, what another invoice operator returned. Templated.
    :param mailout: dict as Dinero's ApiMailoutModel: Receiver, Subject, Message and more; default none: Dinero's
        template, to the contact's address. Templated.
    :return: `{"Guid", "Recipients", "Change"}`, Change being created or unchanged
    """

    template_fields: Sequence[str] = (*DineroBaseOperator.template_fields, "invoice", "mailout")
    template_fields_renderers: ClassVar[dict[str, str]] = {"mailout": "json"}

    def __init__(
        self, *, invoice: str | Mapping[str, Any], mailout: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.invoice = invoice
        self.mailout = mailout

    def perform(self, context: "Context") -> dict[str, Any]:
        """Look for a mail-out, and send one."""
        guid = _reference(self.invoice)["Guid"]
        sent = self.client.invoices.email_once(guid, self.mailout)
        done = "e-mailed" if sent["Change"] == "created" else "was e-mailed before"
        self.log.info("invoice %s %s, recipients: %d", guid, done, len(sent["Recipients"]))
        return {"Guid": guid, **sent}


def _reference(invoice: str | Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is known of an invoice that is given as Guid or as dict."""
    if isinstance(invoice, str) and not invoice.lstrip().startswith("{"):
        return {"Guid": invoice}
    known = require_mapping("invoice", invoice)
    if not known.get("Guid"):
        raise DineroInvalidBody("The invoice has no Guid.", "Pass what another invoice operator returned, or a Guid.")
    return known


def _small(invoice: Mapping[str, Any]) -> dict[str, Any]:
    """Return what fits into an XCom: plain JSON, the total as text, so that no øre is lost."""
    names = ("Guid", "TimeStamp", "Number", "Status", "ContactName", "Currency", "UpdatedAt")
    small = {name: invoice[name] for name in names if name in invoice}
    if "TotalInclVat" in invoice:
        small["TotalInclVat"] = f"{Decimal(invoice['TotalInclVat']):.2f}"
    return small
