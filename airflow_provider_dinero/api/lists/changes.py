"""What changed since an instant: rows marked created, updated or deleted, and the watermark to continue from."""

import logging
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import pendulum

from airflow_provider_dinero.api.errors import DineroInvalidBody

log = logging.getLogger(__name__)

# A watermark is this far behind the server's clock, so that a row being written while we read is seen next time.
OVERLAP = timedelta(minutes=5)
EVER = datetime(1970, 1, 1, tzinfo=UTC)
# An instant in Dinero's form.
_is_plain = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z?", re.ASCII).fullmatch


class Change(NamedTuple):
    """A changed row, and its kind: created, updated or deleted."""

    kind: str
    row: dict[str, Any]


class Changes:
    """The changes of a resource, to be iterated once; then `until` is the watermark to continue from.

    :param since: datetime, an ISO 8601 text (UTC if it has no zone), or None for everything that isn't deleted
    :param read: callable that yields the rows of one request: it takes `deletedOnly` and a callable for the
        Date header of the first response
    :param include_deleted: bool, whether to include deleted rows
    :param deleted_apart: bool, whether they need a second request
    """

    def __init__(
        self,
        since: datetime | str | None,
        read: Callable[[bool, Callable[[str | None], None]], Iterator[dict[str, Any]]],
        *,
        include_deleted: bool,
        deleted_apart: bool,
    ) -> None:
        self.since = None if since is None else as_utc(since).replace(microsecond=0)  # Dinero accepts whole seconds
        self.until = self.since or EVER
        # The time of the first response, by the server's clock.
        self.read_at = self.until
        self._read = read
        self._include_deleted = include_deleted and since is not None
        self._deleted_apart = deleted_apart

    def __iter__(self) -> Iterator[Change]:
        for row in self._read(False, self._note):
            # Whether a v1 list includes deleted rows under changesSince isn't certain; the second request returns them.
            if not row.get("DeletedAt") or (self._include_deleted and not self._deleted_apart):
                yield Change(kind_of(row, self.since), row)
        if self._include_deleted and self._deleted_apart:
            for row in self._read(True, lambda date: None):
                yield Change(kind_of(row, self.since), row)

    def _note(self, date: str | None) -> None:
        """Set the watermark from the server's clock, or from ours if that is behind; it never goes back."""
        ours = datetime.now(UTC)
        self.read_at = now = min(ours, server_time(date) or ours)
        self.until = max(self.until, now - OVERLAP)


def server_time(date: str | None) -> datetime | None:
    """Return the instant of a Date header, None if there is none.

    :param date: str or None
    """
    try:
        return parsedate_to_datetime(date).astimezone(UTC) if date else None
    except (ValueError, TypeError, OverflowError):
        log.debug("%r is not a Date; using this machine's clock", date)
        return None


def kind_of(row: dict[str, Any], since: datetime | None) -> str:
    """Return what happened to a row since an instant: created, updated or deleted.

    :param row: dict; one without CreatedAt, such as an entry, is never updated
    :param since: datetime, or None for all time
    """
    if row.get("DeletedAt"):
        return "deleted"
    created = row.get("CreatedAt")
    return "created" if since is None or not created or as_utc(str(created)) >= since else "updated"


def as_utc(instant: datetime | str) -> datetime:
    """Return an instant in UTC. Dinero's times have no zone; they are UTC.

    :param instant: datetime, or an ISO 8601 text
    :raises DineroInvalidBody: it isn't an instant
    """
    if not isinstance(instant, str | datetime):
        raise DineroInvalidBody(f"{type(instant).__name__} is not an instant.", "Pass a date and a time.")
    if isinstance(instant, str):
        try:
            if _is_plain(instant):  # takes a twentieth of the time: lists have three instants per row
                return datetime.fromisoformat(instant if instant[-1] == "Z" else f"{instant}Z")
            parsed = pendulum.parse(instant, tz="UTC")
        except (ValueError, OverflowError) as error:
            raise DineroInvalidBody(f"{instant[:80]!r} is not an ISO 8601 instant.", "Nothing was sent.") from error
        if not isinstance(parsed, datetime):
            raise DineroInvalidBody(f"{instant[:80]!r} is not an instant.", "Pass a date and a time.")
        instant = parsed
    try:
        utc = instant.astimezone(UTC) if instant.tzinfo else instant
    except OverflowError:
        raise DineroInvalidBody(f"{instant} is outside the years 1 to 9999 in UTC.", "Nothing was sent.") from None
    # A plain datetime: pendulum's own, in this zone, loses the zone when a timedelta is added.
    return datetime.combine(utc.date(), utc.time(), UTC)


def changes_since(instant: datetime) -> str:
    """Return an instant in the form of `changesSince`: whole seconds, rounded down so that nothing is left out.

    :param instant: datetime in UTC
    """
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"
