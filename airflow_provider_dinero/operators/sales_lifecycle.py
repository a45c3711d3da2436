"""What the operators share that take an invoice or a credit note through its life."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_dinero.api.errors import DineroInvalidBody, DineroStaleTimestamp
from airflow_provider_dinero.links import document_url
from airflow_provider_dinero.operators.base import DineroBaseOperator, whole
from airflow_provider_dinero.operators.money import money
from airflow_provider_dinero.operators.sales import preview, to_xcom, with_guid
from airflow_provider_dinero.operators.sending import check_mailout, sender, summary

if TYPE_CHECKING:
    from airflow_provider_dinero.api.resources.credit_notes import CreditNotes
    from airflow_provider_dinero.api.resources.invoices import Invoices


class SalesLifecycleOperator(DineroBaseOperator):
    """Creates a document, books it and sends it, as far as asked.

    :param idempotency_key: str, int or None, what it is for; default None: the task's own place. Templated.
    :param generation: int, raised to make it anew after it was deleted; default 0. Templated.
    :param book: bool; default False
    :param number: int or None, the voucher number; default None: Dinero's next. Templated.
    :param send: str or None, the way; default None: it isn't sent
    :param mailout: dict or None, as Dinero's model for that way; default None. Templated.
    :param resend: int, how many times it was sent before that don't count; default 0. Templated.
    """

    template_fields: Sequence[str] = (
        *DineroBaseOperator.template_fields,
        "idempotency_key",
        "generation",
        "number",
        "mailout",
        "resend",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"mailout": "json"}
    what: ClassVar[str]

    def __init__(
        self,
        *,
        idempotency_key: str | int | None = None,
        generation: int | str = 0,
        book: bool = False,
        number: int | str | None = None,
        send: str | None = None,
        mailout: Mapping[str, Any] | None = None,
        resend: int | str = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if send and not book:
            raise DineroInvalidBody("Only what is booked is sent.", "Set book=True.")
        self.idempotency_key = idempotency_key
        self.generation = generation
        self.book = book
        self.number = number
        self.send = send
        self.mailout = mailout
        self.resend = resend

    @property
    def documents(self) -> "Invoices | CreditNotes":
        """The client's resource."""
        found: Invoices | CreditNotes = getattr(self.client, self.resource)
        return found

    @abstractmethod
    def make(self, body: dict[str, Any]) -> dict[str, Any]:
        """Create the draft, or find what was made of it, and make sure that it is the same.

        :param body: dict, with its Guid
        """

    def run_steps(self, key: str, given: Any) -> tuple[dict[str, Any], list[str]]:
        """Do what is asked for, and wasn't done.

        :param key: str, the idempotency key
        :param given: dict, the author's body
        :return: what is there, as plain JSON, and the Change of each step
        """
        body = with_guid(self.client, self.resource, self.what.replace(" ", "_"), given, key, self.generation)
        if self.send:
            mailout = check_mailout(self.client, self.send, self.mailout, self.resource)
        self.document_url = document_url(self.client, f"sales/{body['Guid']}")
        told = self.step("create", lambda: self._create(body, key))
        changes = [told["Change"]]
        if self.book:
            draft = dict(told)
            told |= self.step("book", lambda: self._book(draft, body))
            changes.append(told["Change"])
        if self.send:
            told |= self.step("send", lambda: self._send(body["Guid"], mailout))
            changes.append(told["Change"])
        return told, changes

    def preview(self, body: Any) -> dict[str, Any]:
        """Return the Guid that the document will get, and what it comes to."""
        emailed = self.send == "email" and not (self.mailout or {}).get("Receiver")
        return preview(self.client, self.resource, body, self.log, emailed=emailed)

    def _create(self, body: dict[str, Any], key: str) -> dict[str, Any]:
        made = self.make(body)
        change = made["Change"]
        self.log.info("%s %s for %s %s", self.what, body["Guid"], key, change)
        return {**to_xcom(made), "Change": change}

    def _book(self, draft: Mapping[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        number = None if self.number is None else whole("number", self.number)
        if draft.get("Status") == "Booked":
            if number is not None:
                self.documents.book(draft["Guid"], number=number)  # refuses another number
            return {"Change": "unchanged"}
        try:
            booked = self.documents.book(draft["Guid"], timestamp=draft["TimeStamp"], number=number)
        except DineroStaleTimestamp:  # somebody changed the draft just now: if it still is what is wanted, it is booked
            booked = self.documents.book(draft["Guid"], timestamp=self.make(body)["TimeStamp"], number=number)
        total = money(booked["TotalInclVat"], booked["Currency"])
        self.log.info("booked %s %s, %s", self.what, booked["Number"], total)
        return {**to_xcom(booked), "Change": "updated"}

    def _send(self, guid: str, mailout: Mapping[str, Any]) -> dict[str, Any]:
        channel = self.send or ""
        sent = sender(self.client, channel, self.resource)(guid, mailout, resend=whole("resend", self.resend))
        self.log.info("%s %s %s", self.what, guid, summary(channel, sent))
        return sent


def change_of(changes: Sequence[str]) -> str:
    """Return what several steps come to: created, updated (something was done now) or unchanged.

    :param changes: sequence of str, the first being that of the document itself
    """
    if changes[0] == "created":
        return "created"
    return "unchanged" if set(changes) == {"unchanged"} else "updated"
