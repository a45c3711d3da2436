"""The preflight: what must be right for all that is to become of a document, asked before it is booked for good."""

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

# A year that isn't there yet is made by booking into it, if it is the next one.
A_YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Plan:
    """What is to become of a document.

    :param body: mapping, the document's body: ContactGuid and Date count
    :param channel: str or None, how it is to be sent: email, einvoice or sms; default None: it isn't
    :param mailout: mapping or None, what is to be sent, checked; default None
    :param payment: mapping or None, the payment that is to be registered, checked; default None
    """

    body: Mapping[str, Any]
    channel: str | None = None
    mailout: Mapping[str, Any] | None = None
    payment: Mapping[str, Any] | None = None


class Preflight:
    """Checks plans. What it has read of Dinero it remembers: for many documents make one, and use it for all.

    :param session: Session
    :param contacts: Contacts
    :param accounts: Accounts
    :param years: AccountingYears
    """

    def __init__(self, session: Session, contacts: Contacts, accounts: Accounts, years: AccountingYears) -> None:
        self._session = session
        self._contacts, self._accounts, self._years = contacts, accounts, years
        self._known: dict[str, Row] = {}
        self._listed: set[str] = set()  # known as a list shows them
        self._deposits: Rows | None = None
        self._all_years: Rows | None = None

    def know(self, contacts: Iterable[Row]) -> None:
        """Take contacts as they are given, so that they aren't read.

        :param contacts: iterable of dicts with all that a list shows; who receives electronic documents is read all the
            same, since lists leave some of their numbers out
        """
        given = {str(each["ContactGuid"]).lower(): each for each in contacts}
        self._known |= given
        self._listed |= given.keys()

    def check(self, plan: Plan) -> str | None:
        """Make sure that what comes after the booking can be done; the booking itself is refused by Dinero.

        It takes a request for the contact where the way of sending needs its address, one for the deposit accounts
        where there is a payment, and one for the accounting years where the payment's date isn't in or soon after the
        month of the document's. What was read for an earlier plan isn't read again.

        :param plan: Plan
        :return: str, to whom it will be sent; None where nothing is sent
        :raises DineroInvalidBody: what is wrong, and what to do
        """
        with self._session.guard():
            self._require_contact(plan)
            if plan.payment is not None:
                self._require_deposit_account(int(plan.payment["DepositAccountNumber"]))
                self._require_date_of_payment(plan)
            return None if plan.channel is None else self._receiver(plan)

    def check_all(self, plan: Plan) -> Row | None:
        """Make sure of the same, and of all that Dinero would refuse when it books: for a dry run.

        A contact that isn't there yet may be one that an earlier dry run would make: its Guid is made of what it is
        found by.

        :param plan: Plan
        :return: dict, the contact; None where there is none yet
        :raises DineroInvalidBody: what is wrong, and what to do
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
                if UUID(guid).version != 5:  # not one of those that are made of what a contact is found by
                    raise
                return None
            if plan.channel is not None:
                self._receiver(plan)
            return contact

    def contact(self, guid: str, *, whole: bool = False) -> Row:
        """Return a contact that isn't deleted.

        :param guid: str
        :param whole: bool, with what lists leave out; default False
        :raises DineroInvalidBody: there is none, or it was deleted
        """
        key = guid.lower()
        if key not in self._known or (whole and key in self._listed):
            try:
                self._known[key] = self._contacts.get(guid)
            except DineroNotFound:
                raise DineroInvalidBody(f"There is no contact {guid}.", "Nothing was booked.") from None
            self._listed.discard(key)
        found = self._known[key]
        if found.get("DeletedAt"):
            raise DineroInvalidBody(
                f"The contact {found['Name']} ({guid}) was deleted in Dinero.",
                "Restore it, or give another one; nothing was booked.",
            )
        return found

    def require_year(self, what: str, day: str) -> None:
        """Make sure that something can be booked on a day: in an accounting year that is there, or in the next one.

        :param what: str, names the date in the error
        :param day: str, YYYY-MM-DD
        :raises DineroInvalidBody: it can't, with the years that there are
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
            "Give a date in one of them; nothing was booked.",
        )

    def require_deposit_account(self, number: int) -> None:
        """Make sure that an account is one that payments are registered on.

        :param number: int
        :raises DineroInvalidBody: it is none, with those that there are
        """
        with self._session.guard():
            self._require_deposit_account(number)

    def _require_contact(self, plan: Plan) -> None:
        if not plan.body.get("ContactGuid"):
            raise DineroInvalidBody(
                "There is no ContactGuid: without a contact nothing can be booked.", "Give one; nothing was booked."
            )

    def _require_deposit_account(self, number: int) -> None:
        if self._deposits is None:
            self._deposits = self._accounts.deposit()
        there = {int(each["AccountNumber"]): each["Name"] for each in self._deposits}
        if number not in there:
            known = ", ".join(f"{each} {name}" for each, name in there.items())
            raise DineroInvalidBody(f"{number} is not a deposit account.", f"There are: {known}. Nothing was booked.")

    def _require_date_of_payment(self, plan: Plan) -> None:
        """Make sure of the year of a payment, unless it is the document's, or the next one, which Dinero makes."""
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
