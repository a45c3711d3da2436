"""One window of a feed, read once and in constant memory: the rows that a consumer has not seen yet."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappush, heappushpop
from itertools import chain
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.adapters.watermarks import Watermark
from airflow_provider_dinero.api.feeds.feeds import ENTRIES, feed_of, follow
from airflow_provider_dinero.api.feeds.windows import SEEN, changed_at, version_of
from airflow_provider_dinero.api.lists.changes import EVER, OVERLAP, Change, changes_since

if TYPE_CHECKING:
    from airflow_provider_dinero.api import DineroClient

# Their lists include deleted rows, or they have none. For all others, deleted rows take a separate request.
NO_REQUEST_FOR_DELETED = {"contacts", ENTRIES}
# Watermarks and the server's clock are in whole seconds: changes within the last second belong to the window.
SECOND = timedelta(seconds=1)

Row = dict[str, Any]


@dataclass(frozen=True)
class Standing:
    """How far a consumer has got.

    :param mark: Watermark of the rows, or None for a consumer that has read nothing
    :param deletes: Watermark of the deleted rows, which are requested less often if `deletes_every` is set
    :param skipped: int, how many windows were read since they were last requested
    """

    mark: Watermark | None = None
    deletes: Watermark | None = None
    skipped: int = 0


class Reading:
    """The rows of one window that are new to a consumer. `begin` reads the first page; then iterate, once; then `end`.

    The first window of a consumer is everything that isn't deleted. A row in the overlap that was in an earlier window
    is recognized by its content, up to 200 of them; beyond that, rows are repeated.

    :param client: DineroClient
    :param resource: str, as in `api.feeds`
    :param standing: Standing, how far the consumer has got
    :param include_deleted: bool; default True
    :param deletes_every: int, request deleted rows only in every n-th window; default 1
    :param until: datetime, the watermark at the end of an unfinished window; default the current one
    :param sharp: bool, whether to leave changes since the start of this window to the next one, so that it has the same
        rows whenever it is read; default False
    """

    def __init__(
        self,
        client: "DineroClient",
        resource: str,
        standing: Standing,
        *,
        include_deleted: bool = True,
        deletes_every: int = 1,
        until: datetime | None = None,
        sharp: bool = False,
    ) -> None:
        self.resource = resource
        self.key = feed_of(resource).key
        self.since = standing.mark.until if standing.mark else None
        self.until = until or EVER
        self.counts = Counter(created=0, updated=0, deleted=0)
        self._client = client
        self._standing = standing
        self._include_deleted = include_deleted
        self._known = until is not None
        self._sharp = sharp
        apart = include_deleted and resource not in NO_REQUEST_FOR_DELETED
        self._asks = apart and self.since is not None and standing.skipped + 1 >= deletes_every
        self._rows: Iterable[Change] = ()
        self._newest, self._newest_deleted = _Newest(), _Newest()

    def begin(self) -> datetime:
        """Read the first page, and return the watermark at the end of the window, which depends on it."""
        if self._known and self.since is not None and self.resource == ENTRIES:
            # Entries have no time by which later ones could be left out.
            found = self._client.entries.changes(self.since, self.until + OVERLAP + SECOND)
            self._rows = (Change("created", row) for row in found)
            return self.until
        together = self._include_deleted and self.resource in NO_REQUEST_FOR_DELETED
        changes = follow(self._client, self.resource, self.since, include_deleted=together)
        rows = iter(changes)
        first = next(rows, None)
        self._rows = rows if first is None else chain([first], rows)
        if not self._known:
            self.until = changes.until
        return self.until

    def __iter__(self) -> Iterator[Change]:
        yield from self._new(self._rows, self._standing.mark, self._newest)
        if self._asks and self._standing.deletes:
            since = self._standing.deletes.until
            found = getattr(self._client, self.resource).list(deleted_only=True, changes_since=since)
            deleted = (Change("deleted", row) for row in found)
            yield from self._new(deleted, self._standing.deletes, self._newest_deleted)

    def end(self) -> Standing:
        """Return how far the consumer has got once the rows are safe."""
        if self._sharp and self.since is not None and self.until <= self.since:
            # No time has passed: the next window may have the same name, and then has these rows too.
            return self._standing
        mark = Watermark(self.until, self._newest.seen(self.key))
        if self._asks or self.since is None:
            return Standing(mark, Watermark(self.until, self._newest_deleted.seen(self.key)))
        return Standing(mark, self._standing.deletes, self._standing.skipped + 1)

    def told(self) -> Row:
        """Return the summary of the window: `{"since", "until", "rows", "created", "updated", "deleted"}`."""
        since = self.since and changes_since(self.since)
        rows = {"rows": self.counts.total(), **self.counts}
        return {"since": since, "until": changes_since(self.until), **rows}

    def _new(self, changes: Iterable[Change], before: Watermark | None, newest: "_Newest") -> Iterator[Change]:
        seen = before.seen if before else {}
        end = self.until + OVERLAP + SECOND
        for change in changes:
            row = change.row
            at = changed_at(row)
            if self._sharp and at is not None and at >= end:
                continue
            if at is None or at >= self.until:
                newest.add(at or EVER, row)
            if row[self.key] in seen and seen[row[self.key]] == version_of(row):
                continue
            self.counts[change.kind] += 1
            yield change


class _Newest:
    """The most recently changed rows, as many as are remembered."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, Row]] = []
        self._number = 0

    def add(self, at: datetime, row: Row) -> None:
        self._number += 1
        push = heappush if len(self._heap) < SEEN else heappushpop
        push(self._heap, (at, self._number, row))

    def seen(self, key: str) -> dict[str, str]:
        return {row[key]: version_of(row) for _, _, row in sorted(self._heap, key=lambda each: each[:2])}
