"""The whole life of an invoice in one task."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_dinero.api.errors import DineroInvalidBody, DineroStaleTimestamp
from airflow_provider_dinero.links import document_url
from airflow_provider_dinero.operators.base import DineroBaseOperator, money, require_mapping, whole
from airflow_provider_dinero.operators.sales import calculated, keyed, small
from airflow_provider_dinero.operators.sending import check_mailout, sender, told_of

if TYPE_CHECKING:
    from airflow.sdk import Context


class DineroInvoiceOperator(DineroBaseOperator):
    """Creates an invoice, books it, sends it, registers its payment, as far as asked: each once, however often it runs.

    What was done is read from Dinero: a run that starts over goes on where the last one ended. It takes a request to
    create, one to book, two to send an e-mail and two to register a payment: before each of these, Dinero is asked
    whether it was done.

    Dinero: `POST /v1/{organizationId}/invoices`, `POST …/{guid}/book`, `GET …/{guid}/mailouts`, `POST …/{guid}/email`
    (or e-invoice, or SMS), `GET` and `POST …/{guid}/payments`.

    :param invoice: dict in Dinero's own property names (ProductLines is required), without Guid. Templated.
    :param idempotency_key: str, what the invoice is for, such as an order number; default the task's own place: dag_id,
        run_id, task_id and map_index. Give one in mapped tasks: an index moves when the list changes. Templated.
    :param generation: int, raised to make an invoice anew after it was deleted in Dinero; default 0. Templated.
    :param book: bool, whether to book it; default False: it stays a draft
    :param number: int, the voucher number; default Dinero's next. Templated.
    :param send: str or None: email, einvoice or sms; default None: it isn't sent. It needs book.
    :param mailout: dict as Dinero's model for that way of sending; default none: Dinero's template, to the contact.
        Templated.
    :param resend: int, how many times it was sent before that don't count; default 0. Templated.
    :param payment: dict as Dinero's PaymentCreateModel, of which DepositAccountNumber and Description are needed;
        Amount is the invoice's total, ExternalReference the key. Default none: it isn't paid. It needs book. Templated.
    :return: `{"Guid", "TimeStamp", "Change"}`, and when it is booked what `DineroBookInvoiceOperator` returns, with
        `Recipients` and `PaymentGuid`; Change is created, updated (something was done now) or unchanged; in a dry run
        `{"DryRun", "Next", "Guid", "TotalInclVat"}`
    """

    resource = "invoices"
    template_fields: Sequence[str] = (
        *DineroBaseOperator.template_fields,
        "invoice",
        "idempotency_key",
        "generation",
        "number",
        "mailout",
        "resend",
        "payment",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"invoice": "json", "mailout": "json", "payment": "json"}

    def __init__(
        self,
        *,
        invoice: Mapping[str, Any],
        idempotency_key: str | None = None,
        generation: int | str = 0,
        book: bool = False,
        number: int | str | None = None,
        send: str | None = None,
        mailout: Mapping[str, Any] | None = None,
        resend: int | str = 0,
        payment: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not book and (send or payment is not None):
            raise DineroInvalidBody("Only what is booked is sent and paid.", "Set book=True.")
        self.invoice = invoice
        self.idempotency_key = idempotency_key
        self.generation = generation
        self.book = book
        self.number = number
        self.send = send
        self.mailout = mailout
        self.resend = resend
        self.payment = payment

    def perform(self, context: "Context") -> dict[str, Any]:
        """Do what is asked for, and wasn't done."""
        key = self.key_of(context, self.idempotency_key)
        body = keyed(self.client, "invoices", "invoice", self.invoice, key, self.generation)
        guid = str(body["Guid"])
        payment = self._checked(body, key)
        self.document_url = document_url(self.client, f"sales/{guid}")
        told = self.step("create", lambda: self._create(body, key))
        changes = [told["Change"]]
        if self.book:
            draft = dict(told)
            told |= self.step("book", lambda: self._book(draft, body))
            changes.append(told["Change"])
        if self.send:
            told |= self.step("send", lambda: self._send(guid))
            changes.append(told["Change"])
        if payment is not None:
            booked = dict(told)
            paid = self.step("pay", lambda: self._pay(booked, payment))
            told |= {"PaymentGuid": paid["Guid"], "TimeStamp": paid.get("TimeStamp") or told["TimeStamp"]}
            changes.append(paid["Change"])
        done = [each for each in changes if each != "unchanged"]
        return {**told, "Change": "unchanged" if not done else "created" if changes[0] == "created" else "updated"}

    def calculate(self, body: Any) -> dict[str, Any]:
        """Return the Guid that the invoice will get, and what it comes to."""
        return calculated(self.client.invoices.fetch, body, self.log)

    def _checked(self, body: Mapping[str, Any], key: str) -> dict[str, Any] | None:
        """Check what comes after the draft before anything is sent, and return the payment."""
        from airflow_provider_dinero.api.bodies import check
        from airflow_provider_dinero.api.keys import reference_for

        if self.send:
            check_mailout(self.client, self.send, self.mailout)
        if self.payment is None:
            return None
        given = require_mapping("payment", self.payment)
        if given.get("Amount") is None and (body.get("Currency") or "DKK") != "DKK":
            raise DineroInvalidBody("payment: an Amount in DKK is needed.", "The invoice is in another currency.")
        payment = {"RemainderIsFee": False, "ExternalReference": reference_for(key), **given}
        check("PaymentCreateModel", {"Amount": 1, **payment, "Timestamp": "the latest"})
        return payment

    def _create(self, body: Mapping[str, Any], key: str) -> dict[str, Any]:
        invoice = self.client.invoices.create(body)
        change = "unchanged" if "Status" in invoice else "created"
        self.log.info("invoice %s for %s %s", body["Guid"], key, change)
        return {**small(invoice), "Change": change}

    def _book(self, draft: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
        number = None if self.number is None else whole("number", self.number)
        if draft.get("Status") == "Booked":
            if number is not None:
                self.client.invoices.book(draft["Guid"], number=number)  # refuses another number
            return {"Change": "unchanged"}
        try:
            booked = self.client.invoices.book(draft["Guid"], timestamp=draft["TimeStamp"], number=number)
        except DineroStaleTimestamp:  # somebody changed the draft just now: if it still is what is wanted, it is booked
            stamp = self.client.invoices.create(body)["TimeStamp"]
            booked = self.client.invoices.book(draft["Guid"], timestamp=stamp, number=number)
        self.log.info("booked invoice %s, %s", booked["Number"], money(booked["TotalInclVat"], booked["Currency"]))
        return {**small(booked), "Change": "updated"}

    def _send(self, guid: str) -> dict[str, Any]:
        way = sender(self.client, self.send or "")
        sent = way(guid, self.mailout, resend=whole("resend", self.resend))
        self.log.info("invoice %s %s", guid, told_of(self.send or "", sent))
        return sent

    def _pay(self, booked: Mapping[str, Any], payment: Mapping[str, Any]) -> dict[str, Any]:
        body = {"Amount": booked["TotalInclVat"], **payment}
        paid = self.client.invoices.add_payment_once(booked["Guid"], body, timestamp=booked["TimeStamp"])
        done = "paid" if paid["Change"] == "created" else "was paid before:"
        self.log.info("invoice %s %s %s", booked["Number"], done, money(body["Amount"]))
        return paid
