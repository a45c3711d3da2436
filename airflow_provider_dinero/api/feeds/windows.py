"""A window of changes for one consumer: the changed rows that it follows and hasn't seen yet."""

import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from airflow_provider_dinero.api.bodies.validation import encode
from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.api.feeds.feeds import feed_of
from airflow_provider_dinero.api.lists.changes import EVER, as_utc, changes_since, kind_of
from airflow_provider_dinero.api.lists.filters import Condition, query_filter

log = logging.getLogger(__name__)

# Watermarks overlap: rows in the overlap were seen and aren't reported again. This many of them are remembered.
SEEN = 200
PAYMENT_STATUSES = ("Draft", "Booked", "Paid", "OverPaid", "Overdue")
OFFER_STATUSES = ("Draft", "Invoiced", "CustomerAccepted", "CustomerDeclined", "UserAccepted", "UserDeclined")

Row = dict[str, Any]


class Window(NamedTuple):
    """What a consumer receives, and what it has seen by then.

    :param window: dict, see `Consumer.window`
    :param seen: dict of key to version, for the next window
    """

    window: dict[str, Any]
    seen: dict[str, str]


@dataclass(frozen=True)
class Consumer:
    """What a consumer of a resource follows, and how far it has got.

    :param resource: str
    :param since: datetime; everything before it was seen
    :param seen: mapping of key to version, what was seen at or after it
    :param status: names of payment statuses, or of a trade offer's; default all
    :param filters: conditions from `eq` and `contains`, which must all hold; default none
    :param include_deleted: bool; default True
    :param limit: int, how many rows end a window, which still gets the rest of that second; default 1000
    """

    resource: str
    since: datetime
    seen: Mapping[str, str] = field(default_factory=dict)
    status: Sequence[str] = ()
    filters: Sequence[Condition] = ()
    include_deleted: bool = True
    limit: int = 1000

    def __post_init__(self) -> None:
        check(self.resource, self.status, self.filters)

    def window(self, rows: Iterable[Row], until: datetime, *, wider: bool = False) -> Window:
        """Return what is new among some rows.

        A window ends early at its limit; the next one gets the rest. Rows that changed after `until` are all reported,
        since not all of them could be remembered; so are entries, which have no time.

        :param rows: iterable of dicts with the properties of `fields_of`; the last one of a key counts
        :param until: datetime, the watermark at which they end
        :param wider: bool, whether they were read from before `since`; default False
        :return: Window; its window is `{"since", "until", "count", "created", "updated", "deleted"}`, the last three
            lists of keys
        """
        key = feed_of(self.resource).key
        wanted = {row[key]: row for row in rows if self._wants(row)}
        if wider:
            wanted = {guid: row for guid, row in wanted.items() if (changed_at(row) or self.since) >= self.since}
        ordered = sorted(wanted.items(), key=lambda each: changed_at(each[1]) or EVER)
        new = [(guid, row) for guid, row in ordered if self.seen.get(guid) != version_of(row)]
        if len(new) > self.limit and (last := changed_at(new[self.limit - 1][1])):
            end = max(last, self.since).replace(microsecond=0) + timedelta(seconds=1)
            left = {guid for guid, row in new if (changed_at(row) or EVER) >= end}
            if end <= until:
                until = end if left else until
                ordered = [(guid, row) for guid, row in ordered if guid not in left]
                new = [(guid, row) for guid, row in new if guid not in left]
        told: dict[str, list[str]] = {"created": [], "updated": [], "deleted": []}
        for guid, row in new:
            told[kind_of(row, self.since)].append(guid)
        beyond = [(guid, row) for guid, row in ordered if (changed_at(row) or until) >= until]
        seen = {guid: version_of(row) for guid, row in beyond[-SEEN:]}
        span = {"since": changes_since(self.since), "until": changes_since(until)}
        return Window({**span, "count": len(new), **told}, seen)

    def _wants(self, row: Row) -> bool:
        if row.get("DeletedAt") and not self.include_deleted:
            return False
        if self.status and str(row.get("Status")).casefold() not in {name.casefold() for name in self.status}:
            return False
        return all(_holds(each, row.get(each.name)) for each in self.filters)


def check(resource: str, status: Sequence[str], filters: Sequence[Condition]) -> None:
    """Check what a consumer follows.

    :param resource: str
    :param status: names
    :param filters: conditions
    :raises DineroInvalidBody: it is invalid; the error says why
    """
    feed = feed_of(resource)
    names = () if not feed.has_status else OFFER_STATUSES if resource == "trade_offers" else PAYMENT_STATUSES
    for name in status:
        if name.casefold() not in {each.casefold() for each in names}:
            raise DineroInvalidBody(f"{resource} have no status {name!r}.", f"They have: {', '.join(names) or 'none'}.")
        if name.casefold() == "overdue":
            _warn_of_overdue()
    query_filter(filters, feed.filterable)


@cache
def _warn_of_overdue() -> None:
    log.warning(
        "Becoming overdue changes nothing in Dinero: with status Overdue you only see an invoice when something else "
        "changes it while it is overdue. To wait for overdue invoices, use DineroInvoiceStatusSensor(until='Overdue')."
    )


def fields_of(resource: str) -> list[str]:
    """Return the properties that a window needs.

    :param resource: str
    """
    feed = feed_of(resource)
    times = ["CreatedAt", "UpdatedAt", "DeletedAt"]
    return [feed.key, *times, *(["Status"] if feed.has_status else []), *feed.filterable]


def changed_at(row: Row) -> datetime | None:
    """Return when a row was last changed, or deleted; None for an entry, which has no time.

    :param row: dict
    """
    updated, deleted = row.get("UpdatedAt"), row.get("DeletedAt")
    if updated and deleted:
        return max(as_utc(str(updated)), as_utc(str(deleted)))
    last = updated or deleted
    return as_utc(str(last)) if last else None


def version_of(row: Row) -> str:
    """Return the version of a row, a fingerprint of its content, since it can change twice at the same instant.

    :param row: dict
    """
    return hashlib.blake2b(encode(dict(sorted(row.items()))), digest_size=8).hexdigest()


def _holds(condition: Condition, value: object) -> bool:
    """Tell whether a value meets a condition, ignoring case as Dinero does."""
    if value is None:
        return False
    given, found = str(condition.value).casefold(), str(value).casefold()
    return given in found if condition.operator == "contains" else given == found
