"""What the resources share: a session, lists, changes, and settling lost responses."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import wraps
from itertools import chain
from typing import Any, ClassVar, Concatenate, ParamSpec, TypeVar, Unpack

from airflow_provider_dinero.api.bodies.validation import as_list, canonical
from airflow_provider_dinero.api.http.responses import Response
from airflow_provider_dinero.api.lists import paging
from airflow_provider_dinero.api.lists.changes import Changes, as_utc, changes_since
from airflow_provider_dinero.api.lists.filters import Condition, eq, query_filter
from airflow_provider_dinero.api.operations import Operation
from airflow_provider_dinero.api.resources.once import Once
from airflow_provider_dinero.api.session import Options, Session

P = ParamSpec("P")
T = TypeVar("T")
Row = dict[str, Any]
Rows = list[Row]


class Resource(Once):
    """A resource of one session."""

    def _object(
        self, operation: Operation, values: Mapping[str, object] | None = None, **options: Unpack[Options]
    ) -> Row:
        """Perform an operation whose response is an object."""
        found: Row = self.session.json(operation, values, **options)
        return found

    def _array(
        self, operation: Operation, values: Mapping[str, object] | None = None, **options: Unpack[Options]
    ) -> Rows:
        """Perform an operation whose response is an array."""
        found: Rows = self.session.json(operation, values, **options)
        return found

    def _sent(
        self, operation: Operation, values: Mapping[str, object] | None = None, **options: Unpack[Options]
    ) -> bool:
        """Perform an operation whose response is empty, and return True when it is done."""
        self.session.send(operation, values, **options)
        return True

    def _list(
        self,
        operation: Operation,
        key: str,
        allowed: Collection[str],
        values: Mapping[str, object] | None = None,
        *,
        fields: Collection[str] | None = None,
        filters: Condition | Iterable[Condition] = (),
        filterable: Collection[str] = (),
        changes_since: datetime | str | None = None,
        deleted_only: bool = False,
        query: Mapping[str, str | None] | None = None,
        note_date: Callable[[str | None], None] = lambda date: None,
        note_total: Callable[[int], None] = lambda total: None,
    ) -> Iterator[Row]:
        """Return the rows of a list; arguments are checked now, requests are sent while it is iterated."""
        with self.session.guard():
            # Without fields, Dinero returns only a few, in lower case. The times show what moved meanwhile.
            wanted = canonical(allowed if fields is None else as_list(fields), allowed)
            whole = {
                **(query or {}),
                "fields": ",".join(
                    dict.fromkeys([*wanted, key, *(name for name in ("CreatedAt", "UpdatedAt") if name in allowed)])
                ),
                "queryFilter": query_filter(filters, filterable),
                "changesSince": since(changes_since),
                "deletedOnly": "true" if deleted_only else None,
            }
        return self._pages(operation, key, values, whole, note_date, note_total)

    def _pages(
        self,
        operation: Operation,
        key: str,
        values: Mapping[str, object] | None,
        query: Mapping[str, str | None],
        note_date: Callable[[str | None], None] = lambda date: None,
        note_total: Callable[[int], None] = lambda total: None,
    ) -> Iterator[Row]:
        return self._guarded(paging.rows(_Pages(self.session, operation, values, query, note_date, note_total), key))

    def _rows_of(
        self,
        read: Callable[..., Iterator[Row]],
        wanted: Collection[tuple[str, str]],
        key_of: Callable[[str, object], str],
    ) -> dict[tuple[str, str], Rows]:
        """Return the rows with these values: one list request per thousand, or one lookup each if that is cheaper.

        :param read: callable that reads the list, with `filters` and `note_total`
        :param wanted: collection of (property, value)
        :param key_of: callable that returns the key by which to compare a value of a property
        """
        found: dict[tuple[str, str], Rows] = {each: [] for each in wanted}
        if len(found) > 1 and self._listed(read, found, key_of):
            return found
        for match_by, value in found:
            rows = read(filters=[eq(match_by, value)])
            found[match_by, value] = [row for row in rows if key_of(match_by, row[match_by]) == key_of(match_by, value)]
        return found

    def _listed(
        self,
        read: Callable[..., Iterator[Row]],
        found: dict[tuple[str, str], Rows],
        key_of: Callable[[str, object], str],
    ) -> bool:
        """Find rows in the whole list, unless it has more pages after the first than there are values."""
        by_key = {(match_by, key_of(match_by, value)): rows for (match_by, value), rows in found.items()}
        properties = {match_by for match_by, _ in found}
        totals: list[int] = []
        rows = read(note_total=totals.append)
        first = next(rows, None)
        if first is None:
            return True
        if totals and -(-totals[0] // paging.PAGE_SIZE) - 1 > len(found):
            return False
        for row in chain([first], rows):
            for match_by in properties:
                if (same := by_key.get((match_by, key_of(match_by, row[match_by])))) is not None:
                    same.append(row)
        return True

    def _guarded(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Yield rows, and report errors of the code that reads them to the client's environment."""
        with self.session.guard():
            yield from rows


class Listed(Resource, ABC):
    """A resource with a list that shows what has changed."""

    # Whether deleted rows are in a list of their own, which takes a second request.
    DELETED_APART: ClassVar[bool] = True

    @abstractmethod
    def _read(self, **query: Any) -> Iterator[Row]:
        """Return the rows of the list; takes the options of `_list`."""

    def changes(
        self, since: datetime | str | None, *, fields: Collection[str] | None = None, include_deleted: bool = True
    ) -> Changes:
        """Return what was created, updated or deleted at or after an instant (`GET /{version}/{organizationId}/…`).

        :param since: datetime or ISO 8601 text; None for everything that isn't deleted
        :param fields: names of the properties to get; default all of the list
        :param include_deleted: bool, whether to include deleted ones, which takes a second request, except for
            contacts; default True
        :return: Changes, to be iterated: (kind, row)
        """
        wanted = None if fields is None else [*as_list(fields), "CreatedAt", "DeletedAt"]
        with self.session.guard():
            return Changes(
                since,
                lambda deleted_only, note: self._read(
                    fields=wanted, changes_since=since, deleted_only=deleted_only, note_date=note
                ),
                include_deleted=include_deleted,
                deleted_apart=self.DELETED_APART,
            )


def optional(**query: object) -> dict[str, str | None]:
    """Return a query as text: dates as YYYY-MM-DD, booleans as true and false; None stays None and is left out."""
    return {
        name: None if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in query.items()
    }


def stripped(wanted: Row, name: str) -> str:
    """Return the value to search by, stripped in the body as well: with a blank at its end it would be another value.

    :param wanted: dict, a checked body, in which it is replaced
    :param name: str, the property
    """
    value = str(wanted.get(name) or "").strip()
    if name in wanted:
        wanted[name] = value
    return value


def since(instant: datetime | str | None) -> str | None:
    """Return an instant in the form of `changesSince`.

    :param instant: datetime, ISO 8601 text, or None
    """
    return None if instant is None else changes_since(as_utc(instant))


@dataclass
class _Pages:
    """The pages of a list, for `paging.rows`."""

    session: Session
    operation: Operation
    values: Mapping[str, object] | None
    query: Mapping[str, str | None]
    note_date: Callable[[str | None], None]
    note_total: Callable[[int], None]
    noted: bool = False

    def fetch(self, number: int) -> Response:
        answer = self.session.send(self.operation, self.values, query=self._query(number))
        if not self.noted:  # a list that is read again keeps the watermark of the first reading
            self.note_date(answer.headers.get("Date"))
            self.noted = True
        return answer

    def ahead(self, number: int) -> Callable[[], Response]:
        return self.session.ahead(self.operation, self.values, query=self._query(number))

    def read(self, answer: Response) -> paging.Page:
        """Return a page: an object with Collection and Pagination, or a bare array."""
        content = answer.value
        if isinstance(content, list):
            return paging.Page(content, paging.PAGE_SIZE, 0, _date(answer))
        pagination: Row = content.get("Pagination") or {}
        size, total = pagination.get("PageSize") or paging.PAGE_SIZE, pagination.get("ResultWithoutFilter") or 0
        self.note_total(total)
        return paging.Page(content["Collection"], size, total, _date(answer))

    def _query(self, number: int) -> dict[str, str | None]:
        return {**self.query, "page": str(number), "pageSize": str(paging.PAGE_SIZE)}


def _date(answer: Response) -> datetime:
    """Return the time of a response, by the server's clock, or by ours if the response has none."""
    with suppress(ValueError, TypeError, OverflowError):
        return parsedate_to_datetime(answer.headers.get("Date", "")).astimezone(UTC)
    return datetime.now(UTC)


S = TypeVar("S", bound=Resource)


def guarded(function: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """Report the errors of a method that sends more than one request to the client's environment."""

    @wraps(function)
    def guard(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self.session.guard():
            return function(self, *args, **kwargs)

    return guard
