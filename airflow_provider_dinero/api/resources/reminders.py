"""Reminders of overdue invoices: at most three, ten days apart; draft, book, send."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from airflow_provider_dinero.api.bodies import comparison
from airflow_provider_dinero.api.bodies.validation import check
from airflow_provider_dinero.api.errors import DineroInvalidBody, DineroNotDue, DineroStaleTimestamp
from airflow_provider_dinero.api.operations import BOOKED, DELETED, REPLACED, UNKNOWN, Lost, Operation, Repeat
from airflow_provider_dinero.api.resources.base import Row, Rows, guarded, optional, since
from airflow_provider_dinero.api.resources.documents import PDF
from airflow_provider_dinero.api.resources.reminder_mail import ReminderMail
from airflow_provider_dinero.api.resources.versions import check_stamped

_ALL = "/v1/{organizationId}/invoices/{voucherGuid}/reminders"
_ONE = f"{_ALL}/{{id}}"
_LIST = Operation("GET", _ALL, changes_since=True)
_GET = Operation("GET", _ONE)
_NEXT = Operation("GET", f"{_ALL}/next")
_FETCH = Operation("POST", f"{_ALL}/fetch", body="ReminderFetchModel")
_CREATE = Operation(
    "POST",
    _ALL,
    Repeat.FENCED,
    body="ReminderCreateModel",
    lost=Lost("the Timestamp", "a draft reminder of the invoice has the content of the body", "yes", UNKNOWN),
)
_UPDATE = Operation(
    "PUT",
    _ONE,
    Repeat.FENCED,
    body="ReminderCreateModel",
    lost=REPLACED._replace(look_up="the reminder has the content of the body"),
)
_DELETE = Operation(
    "DELETE", _ONE, Repeat.FENCED, body="ReminderDeleteModel", lost=DELETED._replace(look_up="the reminder is deleted")
)
_BOOK = Operation(
    "POST",
    f"{_ONE}/book",
    Repeat.FENCED,
    body="ReminderBookModel",
    lost=BOOKED._replace(look_up="the reminder is booked"),
)
# Dinero's own rules.
MOST, DAYS_APART = 3, 10


class Reminders(ReminderMail):
    """Reminders. Their ids are small numbers. A Timestamp is the reminder's, or for a new one that of `next`."""

    @_LIST.performed_by
    def list(self, invoice_guid: str, *, changes_since: datetime | str | None = None) -> Rows:
        """Return the reminders of an invoice (`GET /v1/{organizationId}/invoices/{voucherGuid}/reminders`).

        :param invoice_guid: str
        :param changes_since: datetime or ISO 8601 text; only those created or changed after it
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
        return self.session.send(_GET, _place(invoice_guid, reminder_id), accept=PDF).content

    @_NEXT.performed_by
    def next(self, invoice_guid: str) -> Row:
        """Return what Dinero proposes for the next reminder.

        `GET /v1/{organizationId}/invoices/{voucherGuid}/reminders/next`

        :param invoice_guid: str
        :return: dict with Title, Description, Date, the amounts and the Timestamp for `create`
        """
        return self._object(_NEXT, {"voucherGuid": invoice_guid})

    @_FETCH.performed_by
    def fetch(self, invoice_guid: str, body: Mapping[str, Any]) -> Row:
        """Return the totals that a reminder would have, without saving it.

        `POST /v1/{organizationId}/invoices/{voucherGuid}/reminders/fetch`

        :param invoice_guid: str
        :param body: mapping like ReminderFetchModel
        """
        return self._object(_FETCH, {"voucherGuid": invoice_guid}, body=body)

    @_CREATE.performed_by
    @guarded
    def create(self, invoice_guid: str, body: Mapping[str, Any], *, timestamp: str | None = None) -> Row:
        """Add a draft to an overdue invoice (`POST /v1/{organizationId}/invoices/{voucherGuid}/reminders`).

        :param invoice_guid: str
        :param body: mapping like ReminderCreateModel
        :param timestamp: str, that of the invoice; default the body's, else that of `next`, which takes a request
        :return: dict, the reminder
        :raises DineroOutcomeUnknown: the responses were lost, and the reminder can't be found
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
        :param body: mapping like ReminderCreateModel
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
        :return: dict, the reminder; a booked one is returned unchanged
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

    @guarded
    def create_due(
        self,
        invoice_guid: str,
        body: Mapping[str, Any],
        *,
        number: int | None = None,
        preflight: Callable[[Row], object] = lambda invoice: None,
    ) -> Row:
        """Add the draft of the reminder that is due, unless the one with this Date or number exists.

        This takes two requests if it exists, three to create it, and one more if the body lacks a With... property.

        :param invoice_guid: str
        :param body: mapping like ReminderCreateModel, with Date; Dinero proposes the With... properties that it lacks
        :param number: int, which one of the three must exist; default the next one that is due
        :param preflight: callable that takes the invoice, called before a draft is created, and if there is one: it
            checks what comes after; default nothing
        :return: dict, the reminder, and Number and Change, being created or unchanged
        :raises DineroNotDue: none is due by Dinero's rules; it says why
        :raises DineroConflict: the reminder of this Date or number has other content
        """
        check("ReminderCreateModel", {**_NOTHING, **body, "Timestamp": "the latest"})
        try:
            day = date.fromisoformat(str(body["Date"])[:10])
        except ValueError:
            raise DineroInvalidBody(
                f"Date: {body['Date']!r} is not a date in the form YYYY-MM-DD.", "Nothing was sent."
            ) from None
        with self.session.lock.hold(f"{self.session.organization_id}/invoices/{invoice_guid}/reminders"):
            try:
                return self._create_due(invoice_guid, body, day, number, preflight)
            except DineroStaleTimestamp:  # somebody changed the invoice just now: decide again, once
                return self._create_due(invoice_guid, body, day, number, preflight)

    def _create_due(
        self,
        invoice_guid: str,
        body: Mapping[str, Any],
        day: date,
        number: int | None,
        preflight: Callable[[Row], object],
    ) -> Row:
        invoice = self._invoices.get(invoice_guid)
        living = [each for each in self.list(invoice_guid) if not each["IsDeleted"]]
        there = due(invoice, living, day, number)
        if there is None or there["IsDraft"]:
            preflight(invoice)
        if there is not None:
            position = living.index(there) + 1
            wanted = {name: value for name, value in body.items() if name != "Date" or number is None}
            comparison.require_same(f"Reminder {position} of invoice {invoice['Number']}", wanted, there)
            return {**there, "Number": position, "Change": "unchanged"}
        if _NOTHING.keys() - body.keys():
            proposed = self.next(invoice_guid)
            body = {**{name: proposed[name] for name in _NOTHING}, **body}
        made = self.create(invoice_guid, body, timestamp=invoice["TimeStamp"])
        return {**made, "Number": len(living) + 1, "Change": "created"}


_NOTHING = dict.fromkeys(("WithDebtCollectionWarning", "WithFee", "WithInterestFee", "WithCompensationFee"), False)


def due(invoice: Row, living: Rows, day: date, number: int | None) -> Row | None:
    """Decide on a reminder by Dinero's rules.

    :param invoice: dict from Dinero
    :param living: list of dicts, its reminders that are not deleted, oldest first
    :param day: date of the reminder
    :param number: int, the wanted one; None for that of the day, or else the next
    :return: the existing reminder, or None if it must be created
    :raises DineroNotDue: neither
    """
    what = f"of invoice {invoice['Number']}"
    if invoice["PaymentStatus"] != "Overdue":
        raise DineroNotDue(f"No reminder {what} is due: it is {invoice['PaymentStatus']}, not Overdue.")
    last = date.fromisoformat(str(living[-1]["Date"])[:10]) if living else None
    if number is None and last == day:
        return living[-1]
    if number is not None and number == len(living):
        return living[-1]
    if number is not None and number != len(living) + 1:
        raise DineroNotDue(f"Reminder {number} {what} is not due: it has had {len(living)}.")
    if living and living[-1]["IsDraft"]:
        raise DineroNotDue(f"No reminder {what} is due: number {len(living)}, of {last}, is still a draft.")
    if len(living) >= MOST:
        raise DineroNotDue(f"No reminder {what} is due: it has had {MOST}.")
    first = date.fromisoformat(str(invoice["PaymentDate"])[:10]) + timedelta(days=1)
    earliest = first if last is None else last + timedelta(days=DAYS_APART)
    if day < earliest:
        raise DineroNotDue(f"No reminder {what} is due before {earliest}; the day is {day}.")
    return None


def _checked(body: Mapping[str, Any], timestamp: str | None, latest: Callable[[], str]) -> Row:
    """Return a body with its Timestamp, checked before any request."""
    given = timestamp or body.get("Timestamp")
    wanted = check_stamped("ReminderCreateModel", body, given)
    return wanted if given else wanted | {"Timestamp": latest()}


def _place(invoice_guid: str, reminder_id: int | str) -> dict[str, object]:
    return {"voucherGuid": invoice_guid, "id": reminder_id}


def _same(wanted: Row, there: Row) -> bool:
    content = {name: value for name, value in wanted.items() if name != "Timestamp"}
    return not comparison.differences(content, there, strict=True)
