"""What the operators for the lifecycle of an invoice or a credit note share."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from airflow_provider_dinero.api.errors import DineroInvalidBody, DineroPermanentError, DineroStaleTimestamp
from airflow_provider_dinero.links import document_url
from airflow_provider_dinero.operators.base import whole
from airflow_provider_dinero.operators.sales import (
    in_dkk,
    own_draft,
    preview,
    remember_draft,
    summary_of_booking,
    to_xcom,
    with_guid,
)
from airflow_provider_dinero.operators.sending import check_mailout, sender, summary
from airflow_provider_dinero.operators.totals import RoundingOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_dinero.api.bodies.validation import CheckedBody
    from airflow_provider_dinero.api.resources.credit_notes import CreditNotes
    from airflow_provider_dinero.api.resources.documents import OwnDraft
    from airflow_provider_dinero.api.resources.invoices import Invoices
    from airflow_provider_dinero.api.resources.preflight import Plan


class Payment(NamedTuple):
    """A payment to register after booking.

    :param body: CheckedBody, which the preflight checks
    :param register: callable that takes what is known about the booked document, and registers the payment unless it
        already is
    """

    body: "CheckedBody"
    register: Callable[[Mapping[str, Any]], dict[str, Any]]


class SalesLifecycleOperator(RoundingOperator):
    """Creates a document, and optionally books and sends it.

    :param idempotency_key: str, int or None, identifies the document; default None, the task's own identity. Templated.
    :param generation: int, raise it to create it again after it was deleted; default 0. Templated.
    :param book: bool; default False
    :param number: int or None, the voucher number; default None: Dinero's next. Templated.
    :param send: str or None, the channel; default None, not sent
    :param mailout: dict or None, like Dinero's model for that channel; default None. Templated.
    :param resend: int, how many earlier mail-outs to ignore; default 0. Templated.
    """

    template_fields: Sequence[str] = (
        *RoundingOperator.template_fields,
        "idempotency_key",
        "generation",
        "number",
        "mailout",
        "resend",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"mailout": "json"}
    what: ClassVar[str]
    # The recipient, if this try's preflight has found it; and whether this try has booked the document.
    _to: str | None = None
    _new = False

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
            raise DineroInvalidBody("Only a booked document can be sent.", "Set book=True.")
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
    def make(self, body: dict[str, Any], own: "OwnDraft | None" = None) -> dict[str, Any]:
        """Create the draft, or find the existing document, and check that it has the same content.

        :param body: dict, with its Guid
        :param own: OwnDraft or None, how to recognize a draft of ours with other content; default None
        """

    def run_steps(
        self, context: "Context", key: str, given: Any, payment: Payment | None = None
    ) -> tuple[dict[str, Any], list[str]]:
        """Do the requested steps that haven't been done yet.

        :param context: Context
        :param key: str, the idempotency key
        :param given: dict, the author's body
        :param payment: Payment or None, the payment to register after booking; default None
        :return: the document as plain JSON, and the Change of each step
        """
        body = with_guid(
            self.client,
            self.resource,
            self.what.replace(" ", "_"),
            given,
            key,
            self.generation,
            is_own_key=self.idempotency_key is not None,
        )
        mailout = check_mailout(self.client, self.send, self.mailout, self.resource) if self.send else None
        self._plan = self.plan(body, mailout, payment.body if payment else None)
        self.document_url = document_url(self.client, f"sales/{body['Guid']}")
        own = own_draft(self.client, context, self.resource, body["Guid"])
        told = self.step("create", lambda: self._create(body, key, own))
        changes = [told["Change"]]
        with ExitStack() as held:
            if self.book:
                draft = dict(told)
                if draft.get("Status") != "Booked":
                    self.step("check", lambda: self._check(draft, body))
                told |= self.step("book", lambda: self._book(draft, body, held))
                changes.append(told["Change"])
            if payment is not None:  # a mail-out may change the TimeStamp that the payment needs
                booked = dict(told)
                paid = self.step("pay", lambda: self._paid(booked, payment))
                told |= {"PaymentGuid": paid["Guid"], "TimeStamp": paid.get("TimeStamp") or told["TimeStamp"]}
                changes.append(paid["Change"])
            if self.send:
                told |= self.step("send", lambda: self._send(body["Guid"], mailout or {}))
                changes.append(told["Change"])
        if self.book:
            booked = dict(told)
            told |= self.step("total", lambda: in_dkk(self.documents, booked))
        return told, changes

    def _paid(self, booked: Mapping[str, Any], payment: Payment) -> dict[str, Any]:
        try:
            return payment.register(booked)
        except DineroPermanentError as error:
            if self.send:
                error.done_before = f"{self.what.capitalize()} {booked['Number']} is booked, but wasn't sent."
            raise

    def whole_body(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the body with the additions of the operator; default none.

        :param body: dict, with its Guid
        """
        return body

    def plan(self, body: Mapping[str, Any], mailout: Mapping[str, Any] | None, payment: "CheckedBody | None") -> "Plan":
        """Return the planned steps of the document.

        :param body: mapping
        :param mailout: mapping or None
        :param payment: CheckedBody or None
        """
        from airflow_provider_dinero.api.resources.preflight import Plan

        return Plan(body, self.send, mailout, payment)

    def preview(self, body: Any) -> dict[str, Any]:
        """Check all steps of the document, and return its Guid and total."""
        plan = replace(self._plan, body=body) if self.book else None
        return preview(self.client, self.resource, body, self.log, plan=plan, expected=self.expected)

    def _create(self, body: dict[str, Any], key: str, own: "OwnDraft") -> dict[str, Any]:
        made = self.make(body, own)
        remember_draft(self.client, self.resource, made)
        if self.expected is not None:
            made = self.documents.require_total(self.whole_body(body), made, self.expected)
        change = made["Change"]
        self.log.info("%s %s for %s %s", self.what, body["Guid"], key, change)
        return {**to_xcom(made), "Change": change}

    def _book(self, draft: Mapping[str, Any], body: dict[str, Any], held: ExitStack) -> dict[str, Any]:
        number = None if self.number is None else whole("number", self.number)
        if draft.get("Status") == "Booked":
            if number is not None:
                self.documents.book(draft["Guid"], number=number)  # raises for another number
            self.log.info("%s", summary_of_booking(self.what, {**draft, "Change": "unchanged"}))
            return {"Change": "unchanged"}
        if self.send:
            # Held until it is sent: nobody else can send it before it is booked, so no mail-out can exist.
            held.enter_context(self.client.lock.hold(self.documents.sending_lock(draft["Guid"], self.send)))
        try:
            booked = self.documents.book(draft["Guid"], timestamp=draft["TimeStamp"], number=number)
        except DineroStaleTimestamp:
            # Somebody changed the draft just now: it is booked if it still has the wanted content.
            again = self.make(body)
            if self.expected is not None:
                self.expected.require(f"{self.what} {draft['Guid']}".capitalize(), again)
            booked = self.documents.book(draft["Guid"], timestamp=again["TimeStamp"], number=number)
        self._new = booked.get("Change") == "updated"
        self.log.info("%s", summary_of_booking(self.what, booked))
        return {**to_xcom(booked), "Change": "updated"}

    def check_before_booking(self, draft: Mapping[str, Any], body: dict[str, Any]) -> None:
        """Check that all later steps can be done, as long as nothing is booked.

        :param draft: mapping, what is known about the draft
        :param body: dict, the body that it was created from
        :raises DineroInvalidBody: a step can't be done; the error says why
        """
        self._to = self.client.preflight().check(self._plan)

    def _check(self, draft: Mapping[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        self.check_before_booking(draft, body)
        return {}  # the recipient isn't kept while the task is deferred

    def _send(self, guid: str, mailout: Mapping[str, Any]) -> dict[str, Any]:
        channel = self.send or ""
        known: dict[str, Any] = {"new": self._new and not mailout.get("IsReminder")}
        if channel == "einvoice":
            known["to"] = self._to
        elif channel == "sms" and self._to:
            mailout = {**mailout, "ReceiverPhoneNumber": self._to}
        once = sender(self.client, channel, self.resource)
        sent = once(guid, mailout, resend=whole("resend", self.resend), **known)
        self.log.info("%s %s %s", self.what, guid, summary(channel, sent))
        return sent


def change_of(changes: Sequence[str]) -> str:
    """Return the Change of several steps: created, updated (this run did something) or unchanged.

    :param changes: sequence of str, the first being that of the document itself
    """
    if changes[0] == "created":
        return "created"
    return "unchanged" if set(changes) == {"unchanged"} else "updated"
