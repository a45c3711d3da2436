"""Entries: the postings of the books."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.api.lists.changes import OVERLAP, Changes, as_utc, server_time
from airflow_provider_dinero.api.operations import Operation
from airflow_provider_dinero.api.resources.base import Resource, Row, optional
from airflow_provider_dinero.api.resources.lookups import AccountingYears
from airflow_provider_dinero.api.session import Session

_BETWEEN = Operation("GET", "/v1/{organizationId}/entries")
_CHANGES = Operation("GET", "/v1/{organizationId}/entries/changes", changes_since=True)

LONGEST_WINDOW = timedelta(days=31)


# Receives the Date header of the first response, or None.
Note = Callable[[str | None], None]


def _ignore(date: str | None) -> None: ...


class Entries(Resource):
    """Entries. As Dinero intends: all entries of a year once, then only new ones.

    :param session: Session
    :param accounting_years: AccountingYears
    """

    def __init__(self, session: Session, accounting_years: AccountingYears) -> None:
        super().__init__(session)
        self._accounting_years = accounting_years

    @_BETWEEN.performed_by
    def between(self, from_date: date | str, to_date: date | str, *, include_primo: bool = True) -> Iterator[Row]:
        """Yield the entries of a period (`GET /v1/{organizationId}/entries`), with a request for each accounting year.

        :param from_date: date or YYYY-MM-DD
        :param to_date: date or YYYY-MM-DD, included; days outside the accounting years have no entries
        :param include_primo: bool, whether to include the opening entries of the years; default True
        :return: iterator of dicts with EntryGuid, AccountNumber, Date, Amount, VoucherGuid and more
        """
        with self.session.guard():
            first, last = _day(from_date), _day(to_date)
            if last < first:
                raise DineroInvalidBody(f"{last} is before {first}.", "Swap the two dates; nothing was sent.")
        return self._guarded(self._between(first, last, include_primo=include_primo))

    @_CHANGES.performed_by
    def changes(
        self,
        from_time: datetime | str,
        to_time: datetime | str | None = None,
        *,
        include_primo: bool = True,
    ) -> Iterator[Row]:
        """Yield the entries added in a period (`GET /v1/{organizationId}/entries/changes`), with a request per 31 days.

        :param from_time: datetime or ISO 8601 text (UTC if it has no zone)
        :param to_time: datetime or ISO 8601 text; default now, by this host's clock or Dinero's, whichever is later
        :param include_primo: bool, whether to include changed opening entries, with their present totals; default True
        :return: iterator of dicts, each EntryGuid once; an opening entry keeps its EntryGuid when its total changes
        """
        with self.session.guard():
            first, last = as_utc(from_time), None if to_time is None else as_utc(to_time)
            if last is not None and last < first:
                raise DineroInvalidBody(f"{last} is before {first}.", "Swap the two times; nothing was sent.")
        return self._guarded(self._changed(first, last, include_primo=include_primo))

    def follow(self, since: datetime | str | None) -> Changes:
        """Return what was added at or after an instant (`GET /v1/{organizationId}/entries/changes`).

        :param since: datetime or ISO 8601 text; None for all entries
        :return: Changes, to be iterated: (kind, row), the kind being created
        """

        def read(deleted_only: bool, note_date: Note) -> Iterator[Row]:
            if since is None:
                return self._guarded(self._between(date.min, date.max, note_date))
            return self._guarded(self._changed(as_utc(since), None, note_date))

        return Changes(since, read, include_deleted=False, deleted_apart=False)

    def _between(
        self, first: date, last: date, note_date: Note = _ignore, *, include_primo: bool = True
    ) -> Iterator[Row]:
        for year in self._accounting_years.list():
            begin, end = max(first, _day(year["FromDate"])), min(last, _day(year["ToDate"]))
            if begin <= end:
                query = optional(fromDate=begin, toDate=end, includePrimo=include_primo)
                answer = self.session.send(_BETWEEN, query=query)
                note_date(answer.headers.get("Date"))
                note_date = _ignore
                yield from answer.value
        note_date(None)

    def _changed(
        self, first: datetime, to_time: datetime | None, note_date: Note = _ignore, *, include_primo: bool = True
    ) -> Iterator[Row]:
        # The windows touch, and it is undocumented whether their ends are included: entries of both are yielded once.
        before: set[str] = set()
        primo: set[str] = set()
        last = to_time or max(first, datetime.now(UTC) + OVERLAP)
        while True:
            end = last if last - first <= LONGEST_WINDOW else first + LONGEST_WINDOW
            query = optional(changesFrom=_instant(first), changesTo=_instant(end), includePrimo=include_primo)
            answer = self.session.send(_CHANGES, query=query)
            told, found = answer.headers.get("Date"), answer.value
            note_date(told)
            note_date = _ignore
            theirs = server_time(told)
            if to_time is None and theirs and theirs > last:
                last = theirs + OVERLAP
            yield from (row for row in found if row["EntryGuid"] not in before)
            if end >= last:
                return
            # Opening entries are repeated in every window in which their total changed.
            primo |= {row["EntryGuid"] for row in found if row["Type"] == "Primo"}
            before = {row["EntryGuid"] for row in found} | primo
            first = end


def _day(given: date | str) -> date:
    """Return a day, even from a text with a time."""
    if isinstance(given, datetime):
        return given.date()
    try:
        return given if isinstance(given, date) else date.fromisoformat(str(given)[:10])
    except ValueError as error:
        raise DineroInvalidBody(
            f"{str(given)[:80]!r} is not a date.", "Write it as YYYY-MM-DD; nothing was sent."
        ) from error


def _instant(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03}Z"
