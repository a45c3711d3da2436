"""Lists, page by page, while others write.

A list is read by position, so a row that is created, deleted or moved meanwhile shifts the rows behind it by one: one
row is then on two pages, or on none. This module does the following about it:

- It yields each row once: it keeps 8 bytes per row to recognize it.
- If rows disappeared meanwhile, were changed, or show up again although no new row has pushed them, others may have
moved: then it reads the list again, and yields the rows that it hasn't yielded yet.

It can't detect a move if Dinero gives no sign of it: in a list without `UpdatedAt`, a row that moves from a page that
was read to one that was not; in a filtered list whose total counts excluded rows, a row that stops matching; and a row
that is created, unseen, while another one is deleted. A row created during the read may be included or not. If rows
still move at the third reading, it logs a warning.
"""

import logging
from array import array
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, NamedTuple, Protocol

from airflow_provider_dinero.api.errors import DineroUnexpectedAnswer
from airflow_provider_dinero.api.http.responses import Response

log = logging.getLogger(__name__)

PAGE_SIZE = 1000
READINGS = 3
# A row changed up to this long before the Date of a page may have been changed after the page was read.
SLOWEST = timedelta(minutes=1)

Row = dict[str, Any]


class Page(NamedTuple):
    """One page of a list.

    :param rows: list of dicts
    :param size: int, how many rows a full page has
    :param total: int, how many rows Dinero counts, before or after filtering; 0 if it doesn't say
    :param date: datetime of the response, by the server's clock
    """

    rows: list[Row]
    size: int
    total: int
    date: datetime


class _Given:
    """The rows already yielded, 8 bytes each; as a set, ten times as large, once rows may have moved."""

    def __init__(self, key: str) -> None:
        self.moved = False  # whether rows moved in the current reading
        self.pages = 0
        self._key = key
        self._all: list[array[int]] = []
        self._known: set[int] | None = None
        self._begins: set[Any] = set()
        self._before: set[Any] = set()

    def new(self, page: Page, *, moving: bool) -> tuple[list[Row], int]:
        """Return the new rows of a page, and how many of the others were on the previous page."""
        keys = [row.get(self._key) for row in page.rows]
        if not all(isinstance(each, str) for each in keys):
            raise DineroUnexpectedAnswer(f"A row of a list has no {self._key}.", "Try again later.")
        if self._known is None and (moving or not self._begins.isdisjoint(keys[:1])):
            self._known = set(chain.from_iterable(self._all))
        repeated, rows = 0, page.rows
        if not self._before.isdisjoint(keys):
            repeated = len(self._before.intersection(keys))
            rows = [row for row, each in zip(rows, keys, strict=True) if each not in self._before]
        if self._known is not None:
            rows = [row for row in rows if hash(row[self._key]) not in self._known]
            self._known.update(map(hash, keys))
        else:
            self._all.append(array("q", map(hash, keys)))
        self._begins.update(keys[:1])
        self._before = set(keys)
        return rows, repeated


class Source(Protocol):
    """The source of a list's pages."""

    def fetch(self, number: int) -> Response:
        """Fetch a page."""

    def ahead(self, number: int) -> Callable[[], Response]:
        """Start to fetch a page, and return a function that waits for it."""

    def read(self, answer: Response) -> Page:
        """Decode a page."""


def _stamp(instant: datetime) -> str:
    """Return an instant in the form of `UpdatedAt`."""
    return f"{instant:%Y-%m-%dT%H:%M:%S}"


def rows(source: Source, key: str) -> Iterator[Row]:
    """Yield each row of a list once. While you use a page, the next one is fetched.

    :param source: Source
    :param key: str, the property that identifies a row
    :raises DineroUnexpectedAnswer: a page is repeated
    """
    given = _Given(key)
    for reading in range(READINGS):
        given.moved = False
        yield from _read(source, given, again=reading > 0)
        if not given.moved:
            return
        log.info("rows of a list moved while it was read")
    log.warning("rows of a list moved in each of %d readings: some may be missing", READINGS)


def _read(source: Source, given: _Given, *, again: bool) -> Iterator[Row]:
    """Read a list once, and yield the rows that haven't been yielded yet."""
    moving = again
    page = source.read(source.fetch(0))
    asked, begun = _stamp(page.date - SLOWEST), _stamp(page.date)
    total = page.total
    number = stuck = 0
    waiting: Callable[[], Response] | None = None
    while True:
        came, total = page.total - total, page.total
        # A row changed since the start may have been on another page: it is compared with all rows.
        recent = [row for row in page.rows if str(row.get("UpdatedAt") or "") >= asked]
        moving = moving or came != 0 or bool(recent)
        new, repeated = given.new(page, moving=moving)
        known = repeated if again else len(page.rows) - len(new)
        stuck = stuck + 1 if known == page.size else 0
        if stuck == READINGS or (again and number > given.pages + READINGS):
            raise DineroUnexpectedAnswer(
                f"Page {number} of a list only repeats rows of earlier pages.", "Try again later."
            )
        given.moved |= known > max(came, 0) or came < 0
        given.moved |= number > 0 and any(str(row["UpdatedAt"]) >= begun for row in recent)
        # It is undocumented whether the total counts rows that a filter excludes; it is never too small.
        last = len(page.rows) < page.size or 0 < total <= (number + 1) * page.size
        yield from new[:1]
        if new and not last and waiting is None:  # not before a second row is requested: the caller may want only one
            waiting = source.ahead(number + 1)
        yield from new[1:]
        if last:
            given.pages = max(given.pages, number)
            return
        number += 1
        answer = waiting() if waiting else source.fetch(number)
        # Fetch the page after it while decoding this one.
        waiting = source.ahead(number + 1) if (number + 1) * page.size < total else None
        page = source.read(answer)
