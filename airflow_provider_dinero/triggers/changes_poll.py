"""The poll of one resource, shared by everything in a triggerer that waits for its changes."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.triggers.polling import FAILURES, Poll, in_thread

if TYPE_CHECKING:
    from airflow_provider_dinero.triggers.changes_look import Look

ENTRIES = "entries"
# The first poll looks this far back: a trigger that continues after a restart of the triggerer then misses nothing.
FIRST_REACH = timedelta(hours=1)
# By default, Airflow ends a subscriber that takes more than 300 seconds for one poll.
LONGEST_REACH = 120.0


class ChangesPoll(Poll):
    """The poll of one resource.

    :param resource: str
    :param interval: float, seconds between two polls
    :param question: the other arguments of `look`
    """

    def __init__(self, resource: str, interval: float, **question: Any) -> None:
        from airflow_provider_dinero.api.lists.changes import OVERLAP

        super().__init__(self._next, interval, f"{resource} of {question['dinero_conn_id']}")
        self._resource = resource
        self._question = question
        # An entry has no posting time: one posted before a watermark would be reported again.
        self._since = datetime.now(UTC) - (OVERLAP if resource == ENTRIES else FIRST_REACH)
        self._earlier: Look | None = None
        self._reaching = asyncio.Lock()

    def _look(self, since: datetime) -> "Look":
        from airflow_provider_dinero.triggers.changes_look import look

        return look(self._resource, since, **self._question)

    def _next(self) -> "tuple[Look, ChangesPoll]":
        found = self._look(self._since)
        self._since, self._earlier = found.until, None
        return found, self

    async def rows_since(self, since: datetime, look: "Look") -> list[dict[str, Any]] | None:
        """Return what changed since a watermark, which may be older than the latest look; None if it can't be read.

        Whatever one subscriber had to read is shared with the others.

        :param since: datetime
        :param look: Look, the latest
        """
        if since >= look.since:
            return look.rows
        try:  # Airflow ends a subscriber that takes too long
            async with asyncio.timeout(LONGEST_REACH), self._reaching:
                known = self._earlier
                # An entry has no time by which those before the watermark could be left out.
                if known is None or known.since > since or (self._resource == ENTRIES and known.since != since):
                    known = self._earlier = await in_thread(lambda: self._look(since))
                return [*known.rows, *look.rows]
        except FAILURES:  # they include a timeout
            return None
