"""What changed since an instant: rows marked created, updated or deleted, and the instant to go on from."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import pendulum

from airflow_provider_dinero.api.errors import DineroInvalidBody

log = logging.getLogger(__name__)

# A mark lies this far before the server's clock, so that a row that was being written while we read is seen next time.
OVERLAP = timedelta(minutes=5)


class Change(NamedTuple):
    """A changed row: its kind is created, updated or deleted."""

    kind: str
    row: dict[str, Any]


class Changes:
    """The changes of a resource, to be iterated once; afterwards `until` is the mark to go on from.

    :param since: datetime, or an ISO 8601 text (UTC when it names no zone)
    :param read: callable that yields the rows of one request's worth: it takes `deletedOnly` and a callable for the
        Date header of the first answer
    :param include_deleted: bool, whether deleted rows are wanted
    :param deleted_apart: bool, whether they take a second request
    """

    def __init__(
        self,
        since: datetime | str,
        read: Callable[[bool, Callable[[str | None], None]], Iterator[dict[str, Any]]],
        *,
        include_deleted: bool,
        deleted_apart: bool,
    ) -> None:
        self.since = as_utc(since).replace(microsecond=0)  # as Dinero takes it
        self.until = self.since
        self._read = read
        self._include_deleted = include_deleted
        self._deleted_apart = deleted_apart

    def __iter__(self) -> Iterator[Change]:
        for row in self._read(False, self._note):
            # Whether a v1 list has deleted rows under changesSince is not sure: the second request surely has them.
            if not row.get("DeletedAt") or (self._include_deleted and not self._deleted_apart):
                yield Change(self._kind(row), row)
        if self._include_deleted and self._deleted_apart:
            for row in self._read(True, lambda date: None):
                yield Change(self._kind(row), row)

    def _kind(self, row: dict[str, Any]) -> str:
        if row.get("DeletedAt"):
            return "deleted"
        created = row.get("CreatedAt")
        return "created" if created and as_utc(str(created)) >= self.since else "updated"

    def _note(self, date: str | None) -> None:
        """Take the mark from the server's clock, or from ours where that is behind; it never goes back."""
        now = datetime.now(UTC)
        try:
            now = min(now, parsedate_to_datetime(date).astimezone(UTC)) if date else now
        except ValueError:
            log.debug("%r is no Date; the mark is taken from this machine's clock", date)
        self.until = max(self.since, now - OVERLAP)


def as_utc(instant: datetime | str) -> datetime:
    """Return an instant in UTC. Dinero's times name no zone; they are UTC.

    :param instant: datetime, or an ISO 8601 text
    :raises DineroInvalidBody: no instant
    """
    if not isinstance(instant, str | datetime):
        raise DineroInvalidBody(f"{type(instant).__name__} is not an instant.", "Give a date and a time.")
    if isinstance(instant, str):
        try:
            parsed = pendulum.parse(instant, tz="UTC")
        except ValueError as error:
            raise DineroInvalidBody(f"{instant!r} is not an ISO 8601 instant.", "Nothing was sent.") from error
        if not isinstance(parsed, datetime):
            raise DineroInvalidBody(f"{instant!r} is not an instant.", "Give a date and a time.")
        instant = parsed
    utc = instant.astimezone(UTC) if instant.tzinfo else instant
    # A plain datetime: pendulum's own, in this zone, loses it when a timedelta is added.
    return datetime.combine(utc.date(), utc.time(), UTC)


def changes_since(instant: datetime) -> str:
    """Return an instant as `changesSince` takes it: whole seconds, cut off so that nothing is left out.

    :param instant: datetime in UTC
    """
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def window(changes: Changes, key: str, limit: int = 1000) -> dict[str, Any]:
    """Return a window of changes as small plain JSON.

    :param changes: Changes, not yet iterated
    :param key: str, the property that identifies a row
    :param limit: int, how many Guids of each kind are listed; default 1000
    :return: `{"since", "until", "count", "created", "updated", "deleted"}`, the last three lists of Guids; `count`
        counts all rows, also those beyond the limit
    """
    kinds = {change.row[key]: change.kind for change in changes}  # the last one wins: deleted in between is deleted
    found: dict[str, list[str]] = {"created": [], "updated": [], "deleted": []}
    for guid, kind in kinds.items():
        if len(found[kind]) < limit:
            found[kind].append(guid)
    return {"since": changes_since(changes.since), "until": changes_since(changes.until), "count": len(kinds), **found}
