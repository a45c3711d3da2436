"""The poll of one resource, which all who wait for its changes in a triggerer share."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.triggers.polling import FAILURES, Poll, in_thread

if TYPE_CHECKING:
    from airflow_provider_dinero.triggers.changes_look import Look

ENTRIES = "entries"
# So far back the first poll looks: whoever went on waiting when a triggerer was started again has missed nothing then.
FIRST_REACH = timedelta(hours=1)
# Airflow ends who is not through with a poll after 300 seconds, unless it is told otherwise.
LONGEST_REACH = 120.0


class ChangesPoll(Poll):
    """The poll of one resource.

    :param resource: str
    :param interval: float, seconds between two polls
    :param question: what `look` takes besides
    """

    def __init__(self, resource: str, interval: float, **question: Any) -> None:
        from airflow_provider_dinero.api.lists.changes import OVERLAP

        super().__init__(self._next, interval, f"{resource} of {question['dinero_conn_id']}")
        self._resource = resource
        self._question = question
        # An entry doesn't tell when it was posted: one that was posted before a mark would be told again.
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
        """Return what changed since a mark, of which the latest look may be only the end; None if it can't be read.

        What one subscriber had to read is there for the others.

        :param since: datetime
        :param look: Look, the latest
        """
        if since >= look.since:
            return look.rows
        try:  # whoever is not through in time is ended by Airflow
            async with asyncio.timeout(LONGEST_REACH), self._reaching:
                known = self._earlier
                # An entry tells no time by which those before the mark could be left out.
                if known is None or known.since > since or (self._resource == ENTRIES and known.since != since):
                    known = self._earlier = await in_thread(lambda: self._look(since))
                return [*known.rows, *look.rows]
        except FAILURES:  # a timeout is one of them
            return None
