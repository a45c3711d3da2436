"""Sales invoices: draft, book, e-mail."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.links import document_url
from airflow_provider_dinero.operators.base import DineroBaseOperator, money, require_mapping, whole

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
        what `DineroBookInvoiceOperator` returns; in a dry run `{"DryRun", "Next", "Guid", "TotalInclVat"}`
    """

    resource = "invoices"

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

        key = self.key_of(context, self.idempotency_key)
        body = require_mapping("invoice", self.invoice)
        if body.get("Guid"):
            raise DineroInvalidBody("The invoice has a Guid.", "Leave it out: it is made from the idempotency_key.")
        guid = guid_for(self.client.organization_id, "invoices", key, whole("generation", self.generation))
        body = {**body, "Guid": guid}
        invoice = self.client.invoices.create(body)
        change = "unchanged" if "Status" in invoice else "created"
        self.document_url = document_url(self.client, f"sales/{guid}")
        self.log.info("invoice %s for %s %s", guid, key, change)
        return {**small(invoice), "Change": change}

    def calculate(self, body: Any) -> dict[str, Any]:
        """Return the Guid that the invoice will get, and what it comes to."""
        wanted = {name: value for name, value in body.items() if name != "Guid"}
        total = self.client.invoices.fetch(wanted)["TotalInclVat"]
        self.log.info("dry run: the invoice comes to %s", money(total, body.get("Currency") or "DKK"))
        return {"Guid": str(body["Guid"]), "TotalInclVat": f"{total:.2f}"}


class DineroBookInvoiceOperator(DineroBaseOperator):
    """Books a draft. A booked invoice is left as it is: there is no way back from Booked.

    Dinero: `POST /v1/{organizationId}/invoices/{guid}/book`.

    :param invoice: str, a Guid; or dict, what another invoice operator returned, whose TimeStamp then makes sure that
        a draft that somebody changed since is not booked. Templated.
    :param number: int, the voucher number; default Dinero's next. Templated.
    :return: `{"Guid", "TimeStamp", "Number", "Status", "ContactName", "TotalInclVat", "Currency", "UpdatedAt"}`,
        the total as str
    """

    resource = "invoices"
    template_fields: Sequence[str] = (*DineroBaseOperator.template_fields, "invoice", "number")

    def __init__(self, *, invoice: str | Mapping[str, Any], number: int | str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.invoice = invoice
        self.number = number

    def perform(self, context: "Context") -> dict[str, Any]:
        """Book the invoice."""
        known = self.document("invoice", self.invoice)
        done = "booked before:" if known.get("Status") == "Booked" else "booked"
        booked = self.client.invoices.book(
            known["Guid"],
            # A booked one is only read.
            timestamp=None if known.get("Status") == "Booked" else known.get("TimeStamp"),
            number=None if self.number is None else whole("number", self.number),
        )
        self.document_url = document_url(self.client, f"sales/{known['Guid']}")
        self.log.info("%s invoice %s, %s", done, booked["Number"], money(booked["TotalInclVat"], booked["Currency"]))
        return small(booked)


class DineroSendInvoiceOperator(DineroBaseOperator):
    """E-mails a booked invoice, once, however often it runs: what was mailed is read from Dinero.

    Dinero: `GET /v1/{organizationId}/invoices/{guid}/mailouts`, `POST /v1/{organizationId}/invoices/{guid}/email`.

    :param invoice: str, a Guid; or dict, what another invoice operator returned. Templated.
    :param mailout: dict as Dinero's ApiMailoutModel: Receiver, Subject, Message and more; default none: Dinero's
        template, to the contact's address. Templated.
    :return: `{"Guid", "Recipients", "Change"}`, Change being created or unchanged
    """

    resource = "invoices"
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
        guid = self.document("invoice", self.invoice)["Guid"]
        self.document_url = document_url(self.client, f"sales/{guid}")
        sent = self.client.invoices.email_once(guid, self.mailout)
        done = "e-mailed" if sent["Change"] == "created" else "was e-mailed before"
        self.log.info("invoice %s %s, recipients: %d", guid, done, len(sent["Recipients"]))
        return {"Guid": guid, **sent}


def small(invoice: Mapping[str, Any]) -> dict[str, Any]:
    """Return what fits into an XCom: plain JSON, the total as text, so that no øre is lost.

    :param invoice: mapping, as Dinero gives it
    """
    names = ("Guid", "TimeStamp", "Number", "Status", "ContactName", "Currency", "UpdatedAt")
    small = {name: invoice[name] for name in names if name in invoice}
    if "TotalInclVat" in invoice:
        small["TotalInclVat"] = f"{Decimal(invoice['TotalInclVat']):.2f}"
    return small
