"""Lists, page by page, while others write.

A list is read by position, so a row that is made, deleted or moved in between shifts the rows behind it by one: one
is on two pages, or on none. What is done about it:

- A row is given once: of each row 8 bytes are kept, by which it is known again.
- When rows went away before a page was read, the page before it is read again: what moved onto it is given now.
- When a row turns up again that no new row has pushed there, others moved: the list is read once more, and gives the
  rows that it has not given.

It can't be had where Dinero gives no sign: a list without `UpdatedAt` in which a row moved from a page that was read to
one that was not, and a filtered list whose total counts what the filter leaves out, in which a row stopped matching.
A row that is made while the list is read may be given or not. After three readings with rows still moving, a warning
is logged.
"""

import logging
from array import array
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from airflow_provider_dinero.api.errors import DineroUnexpectedAnswer

log = logging.getLogger(__name__)

PAGE_SIZE = 1000
READINGS = 3

Row = dict[str, Any]


class Page(NamedTuple):
    """One page of a list.

    :param rows: list of dicts
    :param size: int, how many rows a full page has
    :param total: int, how many rows Dinero counts, before or after filtering; 0 where it doesn't say
    :param asked: str, a time at which the list was not read yet, in the form of `UpdatedAt`
    """

    rows: list[Row]
    size: int
    total: int
    asked: str


class _Given:
    """The rows that were given, 8 bytes each; as a set, which takes ten times as much, once rows may have moved."""

    def __init__(self, key: str) -> None:
        self.moved = False  # whether rows moved in the present reading
        self._key = key
        self._all = array("q")
        self._known: set[int] | None = None
        self._begins: set[int] = set()
        self._before: set[int] = set()

    def new(self, page: Page, *, moving: bool) -> tuple[list[Row], int]:
        """Return the rows of a page that were not given, and how many of the others were on the page before."""
        hashes = [hash(row[self._key]) for row in page.rows]
        if self._known is None and (moving or not self._begins.isdisjoint(hashes[:1])):
            self._known = set(self._all)
        known = self._before if self._known is None else self._known
        rows = page.rows
        if not known.isdisjoint(hashes):
            rows = [row for row, each in zip(rows, hashes, strict=True) if each not in known]
        repeated = len(self._before.intersection(hashes))
        self._begins.update(hashes[:1])
        self._before = set(hashes)
        if self._known is None:
            self._all.extend(hashes)
        else:
            self._known |= self._before
        return rows, repeated


def rows(fetch: Callable[[int], Page], ahead: Callable[[int], Callable[[], Page]], key: str) -> Iterator[Row]:
    """Yield the rows of a list, each once. While a page is used, the next one is fetched.

    :param fetch: callable that fetches a page by its number
    :param ahead: callable that begins to fetch a page, and returns what waits for it
    :param key: str, the property that identifies a row
    :raises DineroUnexpectedAnswer: a page that repeats itself
    """
    given = _Given(key)
    for reading in range(READINGS):
        given.moved = False
        yield from _read(fetch, ahead, given, again=reading > 0)
        if not given.moved:
            return
        log.info("rows of a list moved while it was read")
    log.warning("rows of a list moved in each of %d readings: some may be missing", READINGS)


def _read(
    fetch: Callable[[int], Page], ahead: Callable[[int], Callable[[], Page]], given: _Given, *, again: bool
) -> Iterator[Row]:
    """Read a list once, and give the rows that were not given."""
    moving = again
    page = fetch(0)
    asked, total = page.asked, page.total
    number = 0
    while True:
        came, total = page.total - total, page.total
        # A row that was changed since the start may have been given elsewhere: it is compared with all that were.
        moving = moving or came != 0 or any((row.get("UpdatedAt") or "") >= asked for row in page.rows)
        new, repeated = given.new(page, moving=moving)
        known = repeated if again else len(page.rows) - len(new)
        if known == page.size > came:
            raise DineroUnexpectedAnswer(f"Page {number} of a list has only rows that were given.", "Try later.")
        if came < 0:
            new = given.new(fetch(number - 1), moving=True)[0] + new
        given.moved |= known > max(came, 0)
        # Whether the total counts what a filter leaves out is undocumented; it is never too small.
        last = len(page.rows) < page.size or 0 < total <= (number + 1) * page.size
        waiting = None
        for index, row in enumerate(new):
            if index == 1 and not last:  # not before a second row is wanted: one alone may be all
                waiting = ahead(number + 1)
            yield row
        if last:
            return
        number += 1
        page = waiting() if waiting else fetch(number)
