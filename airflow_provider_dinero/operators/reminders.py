"""Dunning: reminders of overdue invoices."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_dinero.api.errors import DineroInvalidBody, DineroNotDue
from airflow_provider_dinero.links import document_url
from airflow_provider_dinero.operators.base import DineroBaseOperator, require_mapping, whole
from airflow_provider_dinero.operators.money import money
from airflow_provider_dinero.operators.sending import summary

if TYPE_CHECKING:
    from airflow.sdk import Context

KINDS = ("reminder", "pre-reminder")
# The model of each channel, and the defaults of its body.
WAYS: dict[str, tuple[str, dict[str, str]]] = {
    "email": ("ApiMailoutModel", {}),
    "einvoice": ("EanReminderModel", {"PaymentMeanEnum": "Domestic"}),
}


class DineroRemindOperator(DineroBaseOperator):
    """Reminds of an overdue invoice by Dinero's rules: at most three reminders, ten days apart.

    The task is skipped, with the reason in its log, if none is due: the invoice is paid or not yet overdue, it is too
    early, or the last reminder is still a draft. A reminder is created once per date, booked once, and sent once.
    Before it is created, the contact and its address for the channel are checked.

    Dinero: `GET` and `POST /v1/{organizationId}/invoices/{voucherGuid}/reminders`, `.../{id}/book`, `.../email`,
    `.../{id}/e-reminder`, and `POST /v1/{organizationId}/invoices/{guid}/email/pre-reminder`.

    :param invoice: str, a Guid; or dict, the output of an invoice operator. Templated.
    :param kind: str, reminder, or pre-reminder: an e-mail that has no effect on the books; default reminder
    :param number: int, which reminder must exist, 1 to 3; default the next one that is due. Templated.
    :param date: str, YYYY-MM-DD, the reminder's date; default the day of the run in Denmark. Templated.
    :param reminder: dict in Dinero's own property names, without Date and Timestamp: Title, Description, WithFee,
        WithInterestFee, WithCompensationFee, WithDebtCollectionWarning; default Dinero's proposal. Templated.
    :param book: bool, whether to book it, so that the customer owes its fee and interest; default False
    :param send: str, the channel: email or einvoice; default None, not sent
    :param mailout: dict like Dinero's ApiMailoutModel, or EanReminderModel for einvoice; default Dinero's template,
        sent to the contact. Templated.
    :param resend: int, how many of its successful mail-outs to ignore; default 0. Templated.
    :return: `{"Guid", "Id", "Number", "Date", "Status", "TotalInclVat", "Timestamp", "Change"}` and, if it was sent,
        `Recipients`; for a pre-reminder `{"Guid", "Recipients", "Change"}`. Guid is the invoice's
    """

    resource = "reminders"
    # The recipient of an electronic reminder, if this try's preflight has found it.
    _to: str | None = None
    template_fields: Sequence[str] = (
        *DineroBaseOperator.template_fields,
        "invoice",
        "number",
        "date",
        "reminder",
        "mailout",
        "resend",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"reminder": "json", "mailout": "json"}

    def __init__(
        self,
        *,
        invoice: str | Mapping[str, Any],
        kind: str = "reminder",
        number: int | str | None = None,
        date: str | None = None,
        reminder: Mapping[str, Any] | None = None,
        book: bool = False,
        send: str | None = None,
        mailout: Mapping[str, Any] | None = None,
        resend: int | str = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.invoice = invoice
        self.kind = kind
        self.number = number
        self.date = date
        self.reminder = reminder
        self.book = book
        self.send = send
        self.mailout = mailout
        self.resend = resend

    def perform(self, context: "Context") -> dict[str, Any]:
        """Remind, if a reminder is due."""
        from airflow.sdk.exceptions import AirflowSkipException

        self._require_known()
        invoice = self.document("invoice", self.invoice)
        guid = invoice["Guid"]
        self._of = f"of invoice {invoice.get('Number') or guid}"
        self.document_url = document_url(self.client, f"sales/{guid}")
        try:
            return self._remind(context, guid) if self.kind == "reminder" else self._pre_remind(guid)
        except DineroNotDue as error:
            raise AirflowSkipException(str(error)) from None

    def preview(self, body: Any) -> dict[str, Any]:
        """Return the total of the reminder, if one would be created; check that a pre-reminder can be sent."""
        if self.kind == "pre-reminder":
            self._preflight(self.client.invoices.get(self.document("invoice", self.invoice)["Guid"]), "email")
        if not isinstance(body, Mapping) or "WithFee" not in body:
            return {}
        wanted = {name: value for name, value in body.items() if name == "Date" or name.startswith("With")}
        guid = self.document("invoice", self.invoice)["Guid"]
        total = self.client.reminders.fetch(guid, wanted)["ReminderTotalInclVatAmount"]
        self.log.info("dry run: the total of the reminder is %s", money(total, "").strip())
        return {"TotalInclVat": f"{total:.2f}"}

    def _require_known(self) -> None:
        if self.kind not in KINDS:
            raise DineroInvalidBody(f"There is no kind {self.kind!r}.", f"Use {' or '.join(KINDS)}.")
        if self.send not in {None, *WAYS}:
            raise DineroInvalidBody(f"There is no channel {self.send!r}.", f"Use {' or '.join(WAYS)}.")
        if self.send and not self.book and self.kind == "reminder":
            raise DineroInvalidBody("A draft can't be sent.", "Pass book=True too.")

    def _remind(self, context: "Context", guid: str) -> dict[str, Any]:
        body = {**require_mapping("reminder", self.reminder or {}), "Date": self._day(context)}
        number = None if self.number is None else whole("number", self.number)
        resend = whole("resend", self.resend)
        reminders = self.client.reminders

        def preflight(invoice: Mapping[str, Any]) -> None:
            if self.send:
                self._preflight(invoice, self.send)

        made = self.step(
            "draft", lambda: to_xcom(guid, reminders.create_due(guid, body, number=number, preflight=preflight))
        )
        told = {"Change": made["Change"]}
        state = "is a draft" if made["Status"] == "Draft" else "was already booked"
        if self.book and made["Status"] == "Draft":
            made = self.step(
                "book", lambda: to_xcom(guid, reminders.book(guid, made["Id"], timestamp=made["Timestamp"]), made)
            )
            state = "booked"
        amount = money(made["TotalInclVat"], "").strip()
        self.log.info("reminder %s %s %s, %s", made["Number"], self._of, state, amount)
        if self.send:
            sent = self.step("send", lambda: self._send(guid, made, resend))
            self.log.info("reminder %s %s %s", made["Number"], self._of, summary(self.send, sent))
            told["Recipients"] = sent["Recipients"]
        return {**made, **told}

    def _preflight(self, invoice: Mapping[str, Any], channel: str) -> None:
        """Check, before anything is created or booked, that the reminder can be sent."""
        from airflow_provider_dinero.api.bodies.validation import check
        from airflow_provider_dinero.api.resources.preflight import Plan

        model, defaults = WAYS[channel]
        mailout = check(model, {**defaults, **require_mapping("mailout", self.mailout or {})})
        self._to = self.client.preflight().check(Plan({"ContactGuid": invoice["ContactGuid"]}, channel, mailout))

    def _send(self, guid: str, made: Mapping[str, Any], resend: int) -> dict[str, Any]:
        if self.send == "email":
            return self.client.reminders.email_once(guid, made, self.mailout, resend=resend)
        return self.client.reminders.send_e_reminder_once(guid, made, self.mailout, resend=resend, to=self._to)

    def _pre_remind(self, guid: str) -> dict[str, Any]:
        sent = self.client.reminders.pre_remind_once(guid, self.mailout, resend=whole("resend", self.resend))
        self.log.info("pre-reminder %s %s", self._of, "sent" if sent["Change"] == "created" else "was already sent")
        return {"Guid": guid, **sent}

    def _day(self, context: "Context") -> str:
        """Return the reminder's date, the same in all tries of a run."""
        if self.date is not None:
            return self.date
        import pendulum

        return pendulum.instance(context["dag_run"].run_after).in_timezone("Europe/Copenhagen").to_date_string()


def to_xcom(guid: str, reminder: Mapping[str, Any], known: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the part of a reminder for an XCom.

    :param guid: str, the invoice's
    :param reminder: mapping from Dinero
    :param known: mapping, what is already known of it: Number and Change
    """
    return {
        "Guid": guid,
        "Id": reminder["Id"],
        "Number": (known or reminder)["Number"],
        "Date": str(reminder["Date"])[:10],
        "Status": "Draft" if reminder["IsDraft"] else "Booked",
        "TotalInclVat": f"{reminder['ReminderTotalInclVatAmount']:.2f}",
        "Timestamp": reminder["Timestamp"],
        "Change": (known or reminder)["Change"],
    }
