"""Waits in the triggerer until documents have a status. It only reads."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any, ClassVar

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from airflow_provider_dinero.triggers.polling import SHORTEST_DEFERRAL, STORED, Failed, Poll, event_of, failure


class DineroStatesTrigger(BaseEventTrigger):
    """Fires once, when all documents have one of the statuses, or are beyond it.

    Everything that waits in a triggerer for the same connection, organization, resource and interval shares one poll.

    Dinero: `GET /v1/{organizationId}/invoices`, `GET /v1/{organizationId}/invoices/{guid}`, or
    `POST /v1/{organizationId}/ledgeritems/status`, which only reads.

    :param resource: str, invoices or ledger_items
    :param ids: Guids of the invoices, or Ids of the ledger items, in lower case
    :param until: names of statuses
    :param reached: rows of documents that had reached a status before
    :param dinero_conn_id: str
    :param organization_id: int, digits as str, or None for the connection's own
    :param poke_interval: float, seconds between two polls
    :param end_time: float, seconds since the epoch when it gives up
    """

    # What each group's poll must request: a document counts once for each trigger that waits for it.
    _waiting: ClassVar[dict[tuple[str, ...], Counter[str]]] = {}

    def __init__(
        self,
        *,
        resource: str,
        ids: Sequence[str],
        until: Sequence[str],
        reached: Sequence[Mapping[str, Any]],
        dinero_conn_id: str,
        organization_id: int | str | None,
        poke_interval: float,
        end_time: float,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.resource = resource
        self.ids = list(ids)
        self.until = list(until)
        self.reached = [dict(row) for row in reached]
        self.dinero_conn_id = dinero_conn_id
        self.organization_id = organization_id
        self.poke_interval = float(poke_interval)  # a part of the key
        self.end_time = end_time

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the path of this class, and its arguments."""
        return f"{__name__}.DineroStatesTrigger", {
            "resource": self.resource,
            "ids": self.ids,
            "until": self.until,
            "reached": self.reached,
            "dinero_conn_id": self.dinero_conn_id,
            "organization_id": self.organization_id,
            "poke_interval": self.poke_interval,
            "end_time": self.end_time,
        }

    def shared_stream_key(self) -> tuple[str, ...]:
        """Return the key of the shared poll."""
        shared = self.dinero_conn_id, self.organization_id, self.resource, self.poke_interval
        return ("dinero states", *map(str, shared))

    @classmethod
    async def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncIterator[Any]:
        """Yield the states of all documents for which triggers with this key wait.

        :param kwargs: the arguments of one of them
        """
        trigger = cls(**kwargs)
        waiting = cls._waiting.setdefault(trigger.shared_stream_key(), Counter())

        def read() -> dict[str, dict[str, Any]]:
            from airflow_provider_dinero.api.feeds.statuses import STATES
            from airflow_provider_dinero.hooks.dinero import DineroHook

            client = DineroHook(trigger.dinero_conn_id, trigger.organization_id).get_conn()
            try:
                with client.show_errors():
                    return STATES[trigger.resource](client, list(waiting))
            finally:
                client.close()

        name = f"{trigger.resource} of {trigger.dinero_conn_id}"
        async for polled in Poll(read, trigger.poke_interval, name).alone():
            yield polled

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait alone, if Airflow shares nothing, as in `dag.test()`."""
        async for event in self.filter_shared_stream(self.open_shared_stream(self.serialize()[1])):
            yield event

    async def filter_shared_stream(self, shared_stream: AsyncIterator[Any]) -> AsyncIterator[TriggerEvent]:
        """Yield the one event.

        :param shared_stream: the results of the poll
        """
        from airflow_provider_dinero.api.feeds.statuses import GONE, has_reached

        begun = time.monotonic()
        waiting = self._waiting.setdefault(self.shared_stream_key(), Counter())
        pending = set(self.ids)
        waiting.update(pending)
        try:
            async for polled in shared_stream:
                if isinstance(polled, Failed) and polled.for_good:
                    yield failure(polled.error)
                    return
                if time.time() >= self.end_time:
                    yield event_of({"timeout": True})
                    return
                if polled is STORED or isinstance(polled, Failed):
                    continue
                there = {
                    each: row
                    for each in pending
                    if (row := polled.get(each)) and (row["Status"] == GONE or has_reached(row, self.until))
                }
                self.reached += there.values()
                pending -= there.keys()
                _forget(waiting, there)
                if not pending:
                    await asyncio.sleep(max(0.0, begun + SHORTEST_DEFERRAL - time.monotonic()))
                    yield event_of({"rows": self.reached})
                    return
        finally:
            _forget(waiting, pending)


def _forget(waiting: Counter[str], ids: Collection[str]) -> None:
    for each in ids:
        waiting[each] -= 1
        if waiting[each] <= 0:
            del waiting[each]
