"""The preflight: check that all later steps of a document can be done, before it is booked irrevocably."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from airflow_provider_dinero.api.errors import DineroInvalidBody, DineroNotFound
from airflow_provider_dinero.api.resources.accounts import Accounts
from airflow_provider_dinero.api.resources.base import Row, Rows
from airflow_provider_dinero.api.resources.contacts import Contacts
from airflow_provider_dinero.api.resources.lookups import AccountingYears
from airflow_provider_dinero.api.resources.mailing import receiver_of
from airflow_provider_dinero.api.session import Session

# Booking into the next accounting year creates it if it doesn't exist yet.
A_YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Plan:
    """The planned steps of a document.

    :param body: mapping, the document's body, of which ContactGuid and Date are used
    :param channel: str or None, how to send it: email, einvoice or sms; default None: don't send it
    :param mailout: mapping or None, the checked mail-out to send; default None
    :param payment: mapping or None, the checked payment to register; default None
    """

    body: Mapping[str, Any]
    channel: str | None = None
    mailout: Mapping[str, Any] | None = None
    payment: Mapping[str, Any] | None = None


class Preflight:
    """Checks plans. It caches what it reads from Dinero, so use one instance for many documents.

    :param session: Session
    :param contacts: Contacts
    :param accounts: Accounts
    :param years: AccountingYears
    """

    def __init__(self, session: Session, contacts: Contacts, accounts: Accounts, years: AccountingYears) -> None:
        self._session = session
        self._contacts, self._accounts, self._years = contacts, accounts, years
        self._known: dict[str, Row] = {}
        self._listed: set[str] = set()  # known only from a list
        self._deposits: Rows | None = None
        self._all_years: Rows | None = None

    def know(self, contacts: Iterable[Row]) -> None:
        """Take contacts that were read already, so that they aren't read again.

        :param contacts: iterable of dicts with all properties that a list shows; recipients of electronic documents are
            read nevertheless, since lists leave out some of their numbers
        """
        given = {str(each["ContactGuid"]).lower(): each for each in contacts}
        self._known |= given
        self._listed |= given.keys()

    def check(self, plan: Plan) -> str | None:
        """Check that the steps after the booking can be done; the booking itself is left to Dinero to refuse.

        This takes one request for the contact if the channel needs its address, one for the deposit accounts if there
        is a payment, and one for the accounting years unless the payment's date is between the start of the month of
        the document's date and a year after that date. What was read for an earlier plan isn't read again.

        :param plan: Plan
        :return: str, the recipient; None if nothing will be sent
        :raises DineroInvalidBody: a step can't be done; the error says why, and what to do
        """
        with self._session.guard():
            self._require_contact(plan)
            if plan.payment is not None:
                self._require_deposit_account(int(plan.payment["DepositAccountNumber"]))
                self._require_date_of_payment(plan)
            return None if plan.channel is None else self._receiver(plan)

    def check_all(self, plan: Plan) -> Row | None:
        """Check the same as `check`, and everything that Dinero would refuse when booking: for a dry run.

        A contact that doesn't exist yet may be one that an earlier dry run would create: its Guid is derived from the
        property that it is matched by.

        :param plan: Plan
        :return: dict, the contact; None if it doesn't exist yet
        :raises DineroInvalidBody: a step can't be done; the error says why, and what to do
        """
        with self._session.guard():
            self._require_contact(plan)
            if plan.payment is not None:
                self._require_deposit_account(int(plan.payment["DepositAccountNumber"]))
                if day := plan.payment.get("PaymentDate"):
                    self.require_year("The PaymentDate", str(day))
            if day := plan.body.get("Date"):
                self.require_year("The Date", str(day))
            guid = str(plan.body["ContactGuid"])
            try:
                contact = self.contact(guid)
            except DineroInvalidBody:
                if UUID(guid).version != 5:  # not derived from a property that a contact is matched by
                    raise
                return None
            if plan.channel is not None:
                self._receiver(plan)
            return contact

    def contact(self, guid: str, *, whole: bool = False) -> Row:
        """Return a contact that isn't deleted.

        :param guid: str
        :param whole: bool, with the properties that lists leave out; default False
        :raises DineroInvalidBody: it doesn't exist, or was deleted
        """
        key = guid.lower()
        if key not in self._known or (whole and key in self._listed):
            try:
                self._known[key] = self._contacts.get(guid)
            except DineroNotFound:
                raise DineroInvalidBody(f"There is no contact {guid}.", "The document wasn't booked.") from None
            self._listed.discard(key)
        found = self._known[key]
        if found.get("DeletedAt"):
            raise DineroInvalidBody(
                f"The contact {found['Name']} ({guid}) was deleted in Dinero.",
                "Restore it, or pass another one; the document wasn't booked.",
            )
        return found

    def require_year(self, what: str, day: str) -> None:
        """Check that Dinero can book on a day: in an existing accounting year, or in the next one.

        :param what: str, the name of the date in the error
        :param day: str, YYYY-MM-DD
        :raises DineroInvalidBody: it can't; the error lists the existing years
        """
        wanted = date.fromisoformat(day[:10])
        if self._all_years is None:
            self._all_years = self._years.list()
        spans = [
            tuple(date.fromisoformat(str(year[end])[:10]) for end in ("FromDate", "ToDate")) for year in self._all_years
        ]
        last = max((to for _, to in spans), default=None)
        if last is None or any(first <= wanted <= to for first, to in spans) or last < wanted <= last + A_YEAR:
            return
        there = ", ".join(
            f"{year['Name']} ({first} to {to})" for year, (first, to) in zip(self._all_years, spans, strict=True)
        )
        raise DineroInvalidBody(
            f"{what} {wanted} is in the year {wanted.year}, and Dinero has no such accounting year: it has {there}.",
            "Use a date in one of them; the document wasn't booked.",
        )

    def require_deposit_account(self, number: int) -> None:
        """Check that an account is a deposit account, on which payments can be registered.

        :param number: int
        :raises DineroInvalidBody: it isn't; the error lists the deposit accounts
        """
        with self._session.guard():
            self._require_deposit_account(number)

    def _require_contact(self, plan: Plan) -> None:
        if not plan.body.get("ContactGuid"):
            raise DineroInvalidBody(
                "There is no ContactGuid: a document without a contact can't be booked.",
                "Pass one; the document wasn't booked.",
            )

    def _require_deposit_account(self, number: int) -> None:
        if self._deposits is None:
            self._deposits = self._accounts.deposit()
        there = {int(each["AccountNumber"]): each["Name"] for each in self._deposits}
        if number not in there:
            known = ", ".join(f"{each} {name}" for each, name in there.items())
            raise DineroInvalidBody(
                f"{number} is not a deposit account.", f"The deposit accounts are: {known}. The document wasn't booked."
            )

    def _require_date_of_payment(self, plan: Plan) -> None:
        """Check the year of a payment, unless it must be the document's year or the next, which Dinero creates."""
        assert plan.payment is not None
        today = datetime.now(UTC).date()
        booked, paid = (
            date.fromisoformat(str(day)[:10]) if day else today
            for day in (plan.body.get("Date"), plan.payment.get("PaymentDate"))
        )
        # Years begin and end with a month.
        if not booked.replace(day=1) <= paid <= booked + A_YEAR:
            self.require_year("The PaymentDate", str(paid))

    def _receiver(self, plan: Plan) -> str:
        guid, whole = str(plan.body["ContactGuid"]), plan.channel == "einvoice"
        return receiver_of(plan.channel or "", plan.mailout or {}, lambda: self.contact(guid, whole=whole))
