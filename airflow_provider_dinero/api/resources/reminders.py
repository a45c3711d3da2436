"""Reminders of overdue invoices: at most three, ten days apart; draft, book, send."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from airflow_provider_dinero.api import keys
from airflow_provider_dinero.api.bodies import check
from airflow_provider_dinero.api.operations import MAILED, REFUSED, UNKNOWN, Lost, Operation, Repeat
from airflow_provider_dinero.api.resources.base import Resource, Row, Rows, guarded, optional, since
from airflow_provider_dinero.api.resources.documents import PDF

_ALL = "/v1/{organizationId}/invoices/{voucherGuid}/reminders"
_ONE = f"{_ALL}/{{id}}"
_SEEN = Lost("Timestamp", "the reminders of the invoice", "yes", REFUSED)
_LIST = Operation("GET", _ALL, changes_since=True)
_GET = Operation("GET", _ONE)
_NEXT = Operation("GET", f"{_ALL}/next")
_FETCH = Operation("POST", f"{_ALL}/fetch", body="ReminderFetchModel")
_CREATE = Operation(
    "POST",
    _ALL,
    Repeat.FENCED,
    body="ReminderCreateModel",
    lost=Lost("Timestamp", "the drafts among the reminders of the invoice, compared with the body", "yes", UNKNOWN),
)
_UPDATE = Operation("PUT", _ONE, Repeat.FENCED, body="ReminderCreateModel", lost=_SEEN)
_DELETE = Operation("DELETE", _ONE, Repeat.FENCED, body="ReminderDeleteModel", lost=_SEEN)
_BOOK = Operation("POST", f"{_ONE}/book", Repeat.FENCED, body="ReminderBookModel", lost=_SEEN)
_TEMPLATE = Operation("GET", f"{_ALL}/email/template")
_EMAIL = Operation("POST", f"{_ALL}/email", Repeat.BARE, body="ApiMailoutModel", lost=MAILED)
_E_REMINDER = Operation("POST", f"{_ONE}/e-reminder", Repeat.BARE, body="EanReminderModel", lost=MAILED)


class Reminders(Resource):
    """Reminders. Their ids are small numbers; a Timestamp is the reminder's, or that of `next` for a new one."""

    @_LIST.performed_by
    def list(self, invoice_guid: str, *, changes_since: datetime | str | None = None) -> Rows:
        """Return the reminders of an invoice (`GET /v1/{organizationId}/invoices/{voucherGuid}/reminders`).

        :param invoice_guid: str
        :param changes_since: datetime or ISO 8601 text, only what was made or changed after it
        :return: list of at most three dicts with Id, IsDraft, IsDeleted, Date, the amounts and Timestamp
        """
        return self._array(_LIST, {"voucherGuid": invoice_guid}, query=optional(changesSince=since(changes_since)))

    @_GET.performed_by
    def get(self, invoice_guid: str, reminder_id: int | str) -> Row:
        """Return a reminder (`GET /v1/{organizationId}/invoices/{voucherGuid}/reminders/{id}`).

        :param invoice_guid: str
        :param reminder_id: int
        """
        return self._object(_GET, _place(invoice_guid, reminder_id))

    def pdf(self, invoice_guid: str, reminder_id: int | str) -> bytes:
        """Return the PDF of a reminder (`GET /v1/{organizationId}/invoices/{voucherGuid}/reminders/{id}`).

        :param invoice_guid: str
        :param reminder_id: int
        """
        return self.client.send(_GET, _place(invoice_guid, reminder_id), accept=PDF).content

    @_NEXT.performed_by
    def next(self, invoice_guid: str) -> Row:
        """Return what Dinero proposes for the next reminder.

        `GET /v1/{organizationId}/invoices/{voucherGuid}/reminders/next`

        :param invoice_guid: str
        :return: dict with Title, Description, Date, the amounts and the Timestamp that `create` takes
        """
        return self._object(_NEXT, {"voucherGuid": invoice_guid})

    @_FETCH.performed_by
    def fetch(self, invoice_guid: str, body: Mapping[str, Any]) -> Row:
        """Return what a reminder would come to, without saving it.

        `POST /v1/{organizationId}/invoices/{voucherGuid}/reminders/fetch`

        :param invoice_guid: str
        :param body: mapping as ReminderFetchModel
        """
        return self._object(_FETCH, {"voucherGuid": invoice_guid}, body=body)

    @_CREATE.performed_by
    @guarded
    def create(self, invoice_guid: str, body: Mapping[str, Any], *, timestamp: str | None = None) -> Row:
        """Add a draft to an overdue invoice (`POST /v1/{organizationId}/invoices/{voucherGuid}/reminders`).

        :param invoice_guid: str
        :param body: mapping as ReminderCreateModel
        :param timestamp: str, that of the invoice; default the body's, else that of `next`, which takes a request
        :return: dict, the reminder
        :raises DineroOutcomeUnknown: the answers were lost, and the reminder can't be found
        """
        wanted = _checked(body, timestamp, lambda: str(self.next(invoice_guid)["Timestamp"]))

        def look() -> Row | None:
            drafts = [each for each in self.list(invoice_guid) if each["IsDraft"] and not each["IsDeleted"]]
            return next((each for each in drafts if _same(wanted, each)), None)

        return self._settled(
            lambda: self._object(_CREATE, {"voucherGuid": invoice_guid}, body=wanted),
            look,
            operation=_CREATE,
            harmless=False,
        )

    @_UPDATE.performed_by
    @guarded
    def update(
        self, invoice_guid: str, reminder_id: int | str, body: Mapping[str, Any], *, timestamp: str | None = None
    ) -> Row:
        """Change a draft (`PUT /v1/{organizationId}/invoices/{voucherGuid}/reminders/{id}`).

        :param invoice_guid: str
        :param reminder_id: int
        :param body: mapping as ReminderCreateModel
        :param timestamp: str, that of the reminder; default the body's, else the latest, which takes a request
        :return: dict, the reminder
        """
        wanted = _checked(body, timestamp, lambda: str(self.get(invoice_guid, reminder_id)["Timestamp"]))

        def look() -> Row | None:
            there = self.get(invoice_guid, reminder_id)
            return there if _same(wanted, there) else None

        return self._settled(
            lambda: self._object(_UPDATE, _place(invoice_guid, reminder_id), body=wanted), look, operation=_UPDATE
        )

    @_DELETE.performed_by
    @guarded
    def delete(self, invoice_guid: str, reminder_id: int | str, *, timestamp: str | None = None) -> None:
        """Delete a draft, or offset a booked reminder.

        `DELETE /v1/{organizationId}/invoices/{voucherGuid}/reminders/{id}`

        :param invoice_guid: str
        :param reminder_id: int
        :param timestamp: str, that of the reminder; default the latest, which takes a request
        """
        body = {"Timestamp": timestamp or self.get(invoice_guid, reminder_id)["Timestamp"]}

        def look() -> bool | None:
            there = [each for each in self.list(invoice_guid) if str(each["Id"]) == str(reminder_id)]
            return all(each["IsDeleted"] for each in there) or None

        self._settled(
            lambda: self._sent(_DELETE, _place(invoice_guid, reminder_id), body=body), look, operation=_DELETE
        )

    @_BOOK.performed_by
    @guarded
    def book(self, invoice_guid: str, reminder_id: int | str, *, timestamp: str | None = None) -> Row:
        """Book a draft (`POST /v1/{organizationId}/invoices/{voucherGuid}/reminders/{id}/book`).

        :param invoice_guid: str
        :param reminder_id: int
        :param timestamp: str, that of the reminder; default the latest, which takes a request
        :return: dict, the reminder; a booked one is returned as it is
        """
        if timestamp is None:
            there = self.get(invoice_guid, reminder_id)
            if not there["IsDraft"]:
                return there
            timestamp = there["Timestamp"]

        def look() -> Row | None:
            there = self.get(invoice_guid, reminder_id)
            return None if there["IsDraft"] else there

        return self._settled(
            lambda: self._object(_BOOK, _place(invoice_guid, reminder_id), body={"Timestamp": timestamp}),
            look,
            operation=_BOOK,
        )

    @_TEMPLATE.performed_by
    def email_template(self, invoice_guid: str) -> Row:
        """Return the e-mail that would go out.

        `GET /v1/{organizationId}/invoices/{voucherGuid}/reminders/email/template`

        :param invoice_guid: str
        :return: dict with Sender, Receiver, Subject, Message and more
        """
        return self._object(_TEMPLATE, {"voucherGuid": invoice_guid})

    @_EMAIL.performed_by
    def email(self, invoice_guid: str, body: Mapping[str, Any] | None = None) -> Row:
        """E-mail the booked reminder, each time it is called.

        `POST /v1/{organizationId}/invoices/{voucherGuid}/reminders/email`

        :param invoice_guid: str
        :param body: mapping as ApiMailoutModel; default none: Dinero's template, to the contact
        :return: `{"Recipients": [{"Email"}]}`
        :raises DineroOutcomeUnknown: the answer was lost
        """
        return self._object(_EMAIL, {"voucherGuid": invoice_guid}, body=body)

    @_E_REMINDER.performed_by
    def send_e_reminder(self, invoice_guid: str, reminder_id: int | str, body: Mapping[str, Any] | None = None) -> None:
        """Send a booked reminder to a contact that receives electronic invoices, each time it is called.

        `POST /v1/{organizationId}/invoices/{voucherGuid}/reminders/{id}/e-reminder`

        :param invoice_guid: str
        :param reminder_id: int
        :param body: mapping as EanReminderModel; PaymentMeanEnum is Domestic unless it is given
        :raises DineroOutcomeUnknown: the answer was lost
        """
        self.client.send(_E_REMINDER, _place(invoice_guid, reminder_id), body=body)


def _checked(body: Mapping[str, Any], timestamp: str | None, latest: Callable[[], str]) -> Row:
    """Return a body, checked before anything is asked for, with its Timestamp."""
    given = timestamp or body.get("Timestamp")
    wanted: Row = check("ReminderCreateModel", {**body, "Timestamp": given or "the latest"})
    return wanted if given else {**wanted, "Timestamp": latest()}


def _place(invoice_guid: str, reminder_id: int | str) -> dict[str, object]:
    return {"voucherGuid": invoice_guid, "id": reminder_id}


def _same(wanted: Row, there: Row) -> bool:
    content = {name: value for name, value in wanted.items() if name != "Timestamp"}
    return not keys.differences(content, there, strict=True)
