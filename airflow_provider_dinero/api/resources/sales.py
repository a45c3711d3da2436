"""Sales: invoices and credit notes in one list."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime
from typing import Any, ClassVar, TypedDict, Unpack

from airflow_provider_dinero.api.bodies.validation import as_list
from airflow_provider_dinero.api.lists.filters import Condition
from airflow_provider_dinero.api.operations import Operation, performs
from airflow_provider_dinero.api.resources.base import Listed, Row, optional

FIELDS = (
    "Number", "Guid", "ExternalReference", "ContactName", "ContactGuid", "Date", "PaymentDate", "Description",
    "Currency", "Status", "MailOutStatus", "LatestMailOutType", "TotalExclVatInDkk", "TotalInclVatInDkk",
    "TotalExclVat", "TotalInclVat", "CreatedAt", "UpdatedAt", "DeletedAt",
)  # fmt: skip
FILTERABLE = ("ExternalReference", "ContactGuid", "Description")

_LIST = Operation("GET", "/v1/{organizationId}/sales", paginated=True, changes_since=True)
_SETTINGS = Operation("GET", "/v1/{organizationId}/sales/settings")


class SalesQuery(TypedDict, total=False):
    """Options of the lists of invoices, credit notes and sales. All are optional.

    :param fields: names of the properties to get, in any case; default all of the list
    :param filters: conditions made by `eq` and `contains`, on ExternalReference, ContactGuid or Description
    :param status: any of Draft, Booked, Paid, OverPaid, Overdue; default all
    :param text: str, searched in Number, ContactName, Description and total
    :param start_date: date or YYYY-MM-DD, goes with end_date; drafts of invoices are not filtered by it
    :param end_date: date or YYYY-MM-DD, goes with start_date
    :param changes_since: datetime or ISO 8601 text; only rows that changed at or after it
    :param deleted_only: bool, whether to return only deleted ones; default False
    :param sort: str, of VoucherNumber, VoucherDate, Status, Contact; default VoucherNumber,VoucherDate
    :param sort_order: str, ascending or descending; default descending
    """

    fields: Collection[str]
    filters: Condition | Iterable[Condition]
    status: str | Collection[str]
    text: str
    start_date: date | str
    end_date: date | str
    changes_since: datetime | str
    deleted_only: bool
    sort: str
    sort_order: str


# The Number of a draft in Dinero's lists: the largest int64.
NO_NUMBER = 2**63 - 1


def _without_draft_number(rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        if row.get("Number") == NO_NUMBER:
            row["Number"] = None
        yield row


class SalesLists(Listed):
    """A list of sales. The Number of a draft is None."""

    # The operation, and the properties that its rows have.
    LIST: ClassVar[Operation]
    ALLOWED: ClassVar[tuple[str, ...]] = FIELDS

    @performs("LIST")
    def list(self, **query: Unpack[SalesQuery]) -> Iterator[Row]:
        """Yield rows of the list (`GET /v1/{organizationId}/…`). Their Status is the payment status.

        :param query: see `SalesQuery`
        :return: iterator of dicts, amounts as Decimal
        """
        return self._read(**query)

    def _read(
        self,
        *,
        status: str | Collection[str] = (),
        text: str | None = None,
        start_date: date | str | None = None,
        end_date: date | str | None = None,
        sort: str | None = None,
        sort_order: str | None = None,
        **query: Any,
    ) -> Iterator[Row]:
        rows = self._list(
            self.LIST,
            "Guid",
            self.ALLOWED,
            filterable=FILTERABLE,
            query=optional(
                statusFilter=",".join(as_list(status)) or None,
                freeTextSearch=text,
                startDate=start_date or None,
                endDate=end_date or None,
                sort=sort,
                sortOrder=sort_order,
            ),
            **query,
        )
        return _without_draft_number(rows)


class Sales(SalesLists):
    """Invoices and credit notes together, distinguished by Type. Slow for Dinero: prefer `changes`."""

    LIST = _LIST
    ALLOWED = (*FIELDS, "Type")

    @_SETTINGS.performed_by
    def settings(self) -> Row:
        """Return what the web app proposes for a new invoice (`GET /v1/{organizationId}/sales/settings`).

        :return: dict
        """
        return self._object(_SETTINGS)
