"""Sales invoices: draft, book, e-mail."""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from airflow_provider_dinero.api import keys
from airflow_provider_dinero.api.bodies import as_list, check
from airflow_provider_dinero.api.changes import Changes
from airflow_provider_dinero.api.errors import (
    DineroConflict,
    DineroDuplicate,
    DineroInvalidRequest,
    DineroStaleTimestamp,
)
from airflow_provider_dinero.api.filters import Condition
from airflow_provider_dinero.api.operations import Operation, Repeat
from airflow_provider_dinero.api.resources.base import Resource, guarded

log = logging.getLogger(__name__)

FIELDS = (
    "Number", "Guid", "ExternalReference", "ContactName", "ContactGuid", "Date", "PaymentDate", "Description",
    "Currency", "Status", "MailOutStatus", "LatestMailOutType", "TotalExclVatInDkk", "TotalInclVatInDkk",
    "TotalExclVat", "TotalInclVat", "CreatedAt", "UpdatedAt", "DeletedAt",
)  # fmt: skip
list_ = list  # inside the class, list is its method

FILTERABLE = ("ExternalReference", "ContactGuid", "Description")

_LIST = Operation("GET", "/v1/{organizationId}/invoices", paginated=True, changes_since=True)
_GET = Operation("GET", "/v1/{organizationId}/invoices/{guid}")
_CREATE = Operation(
    "POST",
    "/v1/{organizationId}/invoices",
    Repeat.KEYED,
    body="InvoiceCreateModel",
    settled_by="the Guid: a second create is refused, and the invoice is read back and compared",
)
_BOOK = Operation(
    "POST",
    "/v1/{organizationId}/invoices/{guid}/book",
    Repeat.FENCED,
    body="BookModel",
    settled_by="the invoice: there is no way back from Booked",
)
# Its Timestamp is no fence: nobody knows whether a mail-out changes the invoice's.
_EMAIL = Operation(
    "POST",
    "/v1/{organizationId}/invoices/{guid}/email",
    Repeat.BARE,
    body="ApiMailoutModel",
    settled_by="the mail-outs of the invoice",
)
_MAILOUTS = Operation("GET", "/v1/{organizationId}/invoices/{guid}/mailouts", changes_since=True)


class Invoices(Resource):
    """Sales invoices."""

    @_LIST.performed_by
    def list(
        self,
        *,
        fields: Collection[str] = FIELDS,
        filters: Iterable[Condition] = (),
        status: Collection[str] = (),
        text: str | None = None,
        start_date: date | str | None = None,
        end_date: date | str | None = None,
        changes_since: datetime | str | None = None,
        deleted_only: bool = False,
        sort: str | None = None,
        sort_order: str | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Yield invoices (`GET /v1/{organizationId}/invoices`). In lists, Status is the payment status.

        :param fields: names of the properties to get; default all that lists have
        :param filters: conditions made by `eq` and `contains`, on ExternalReference, ContactGuid or Description
        :param status: any of Draft, Booked, Paid, OverPaid, Overdue; default all
        :param text: str, searched in Number, ContactName, Description and total
        :param start_date: date or YYYY-MM-DD, goes with end_date; drafts are not filtered by it
        :param end_date: date or YYYY-MM-DD, goes with start_date
        :param changes_since: datetime or ISO 8601 text, only what changed at or after it
        :param deleted_only: bool, only deleted ones; default False
        :param sort: str, of VoucherNumber, VoucherDate, Status, Contact; default VoucherNumber,VoucherDate
        :param sort_order: str, ascending or descending; default descending
        :return: iterator of dicts, amounts as Decimal
        """
        return self._list(
            _LIST,
            "Guid",
            fields,
            filters=filters,
            filterable=FILTERABLE,
            since=changes_since,
            deleted_only=deleted_only,
            statusFilter=",".join(as_list(status)) or None,
            freeTextSearch=text,
            startDate=str(start_date) if start_date else None,
            endDate=str(end_date) if end_date else None,
            sort=sort,
            sortOrder=sort_order,
        )

    @_LIST.performed_by
    def changes(
        self, since: datetime | str, *, fields: Collection[str] = FIELDS, include_deleted: bool = True
    ) -> Changes:
        """Return invoices created, updated or deleted at or after an instant (`GET /v1/{organizationId}/invoices`).

        :param since: datetime or ISO 8601 text
        :param fields: names of the properties to get; default all that lists have
        :param include_deleted: bool, also deleted ones, which takes a second request; default True
        :return: Changes, to be iterated: (kind, row)
        """
        names = sorted({*fields, "CreatedAt", "DeletedAt"})
        with self.client.guard():
            return Changes(
                since,
                lambda deleted_only, note: self._list(
                    _LIST, "Guid", names, since=since, deleted_only=deleted_only, note_date=note
                ),
                include_deleted=include_deleted,
                deleted_apart=True,
            )

    @_GET.performed_by
    def get(self, guid: str) -> dict[str, Any]:
        """Return an invoice, deleted or not (`GET /v1/{organizationId}/invoices/{guid}`).

        :param guid: str
        :raises DineroNotFound: there is none
        """
        found: dict[str, Any] = self.client.json(_GET, {"guid": guid})
        return found

    @_CREATE.performed_by
    @guarded
    def create(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create a draft (`POST /v1/{organizationId}/invoices`); with a Guid, once however often it is called.

        :param body: mapping with ProductLines and more, as InvoiceCreateModel
        :return: `{"Guid", "TimeStamp"}`, or the whole invoice where it was there and is the same
        :raises DineroInvalidBody: before anything is sent
        :raises DineroConflict: an invoice with this Guid is there, with other content, or was deleted
        """
        wanted = keys.with_guid("InvoiceCreateModel", body, "Guid")
        with suppress(DineroDuplicate):
            created: dict[str, Any] | None = self.client.json(_CREATE, body=wanted)
            return created or self.get(str(wanted["Guid"]))  # a 201 may come without a body
        existing = self.get(str(wanted["Guid"]))
        keys.require_same(f"Invoice {wanted['Guid']}", wanted, existing)
        return existing

    @_BOOK.performed_by
    @guarded
    def book(self, guid: str, *, timestamp: str | None = None, number: int | None = None) -> dict[str, Any]:
        """Book a draft (`POST /v1/{organizationId}/invoices/{guid}/book`); a booked one is returned as it is.

        A draft that was changed after its TimeStamp was read is not booked. One that was booked in between is
        returned, whoever booked it: there is no way back, and what was booked is what the customer owes.

        :param guid: str
        :param timestamp: str, the TimeStamp of the draft that is meant; default the latest, which takes a request
        :param number: int, the voucher number; default Dinero's next
        :return: dict, the whole invoice
        :raises DineroStaleTimestamp: the draft was changed since its TimeStamp was read
        :raises DineroConflict: it is booked under another number than the one that is wanted
        """
        if timestamp is None:
            invoice = self.get(guid)
            if invoice["Status"] == "Booked":
                return _numbered(invoice, number)
            timestamp = str(invoice["TimeStamp"])
        body = {"Timestamp": timestamp} | ({} if number is None else {"Number": number})
        try:
            booked: dict[str, Any] | None = self.client.json(_BOOK, {"guid": guid}, body=body)
        except (DineroStaleTimestamp, DineroInvalidRequest) as error:
            # Stale or refused, because it is booked? By us, when an answer was lost, or by somebody else.
            invoice = self.get(guid)
            if invoice["Status"] != "Booked":
                raise
            log.warning("invoice %s was booked already, as %s (%s)", guid, invoice["Number"], type(error).__name__)
            return _numbered(invoice, number)
        return booked or self.get(guid)

    @_EMAIL.performed_by
    def email(self, guid: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """E-mail a booked invoice (`POST /v1/{organizationId}/invoices/{guid}/email`), each time it is called.

        :param guid: str
        :param body: mapping as ApiMailoutModel; default none: Dinero's template, to the contact
        :return: `{"Recipients": [{"Email"}]}`
        :raises DineroOutcomeUnknown: the answer was lost
        """
        sent: dict[str, Any] = self.client.json(_EMAIL, {"guid": guid}, body=body)
        return sent

    @_MAILOUTS.performed_by
    def mailouts(self, guid: str, *, include_sms: bool = True) -> list_[dict[str, Any]]:
        """Return the mail-outs of an invoice (`GET /v1/{organizationId}/invoices/{guid}/mailouts`).

        :param guid: str
        :param include_sms: bool, default True
        :return: list of dicts with Id, Date, Receiver, Type, Status and more
        """
        query = {"includeSms": None if include_sms else "false"}
        found: list_[dict[str, Any]] = self.client.json(_MAILOUTS, {"guid": guid}, query=query)
        return found

    @guarded
    def email_once(self, guid: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """E-mail a booked invoice, unless it was e-mailed before.

        :param guid: str
        :param body: mapping as ApiMailoutModel; default none: Dinero's template, to the contact
        :return: `{"Recipients": [address], "Change"}`, Change being created or unchanged
        :raises DineroInvalidBody: before anything is sent
        :raises DineroOutcomeUnknown: the answer was lost, and no mail-out is to be seen
        """
        check("ApiMailoutModel", body or {})

        def send() -> list_[str]:
            return [each["Email"] for each in self.email(guid, body)["Recipients"] or ()]

        recipients, change = self._once(f"invoices/{guid}/email", lambda: self._mailed_to(guid), send)
        return {"Recipients": recipients, "Change": change}

    def _mailed_to(self, guid: str) -> list_[str] | None:
        """Return to whom the invoice itself was e-mailed; None when it was not, or the mail failed."""
        for mailout in self.mailouts(guid, include_sms=False):
            if mailout["Type"] == "Mailout" and mailout["Status"] != "Failed":
                return [address.strip() for address in str(mailout["Receiver"] or "").split(",")]
        return None


def _numbered(invoice: dict[str, Any], number: int | None) -> dict[str, Any]:
    """Return a booked invoice, which must have the number that is wanted."""
    if number is not None and invoice["Number"] != number:
        raise DineroConflict(
            f"Invoice {invoice['Guid']} is booked as {invoice['Number']}, wanted is {number}.",
            "A booked invoice keeps its number: leave the number out, or credit the invoice.",
        )
    return invoice
