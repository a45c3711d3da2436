"""Waits in the triggerer until something has changed in Dinero. It only reads: writes run in workers."""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from airflow_provider_dinero.api.errors import DineroError, DineroInvalidBody
from airflow_provider_dinero.assets import as_conditions
from airflow_provider_dinero.triggers.changes_poll import ChangesPoll
from airflow_provider_dinero.triggers.polling import (
    FAILURES,
    SHORTEST_DEFERRAL,
    STORED,
    Failed,
    event_of,
    failure,
    in_thread,
)

if TYPE_CHECKING:
    from airflow_provider_dinero.adapters.asset_state import AssetState
    from airflow_provider_dinero.adapters.watermarks import Watermark
    from airflow_provider_dinero.api.lists.filters import Condition
    from airflow_provider_dinero.triggers.changes_look import Look

# A watcher that sees nothing stores its watermark only this often, in seconds.
QUIET = 600.0


class DineroNoTrigger(DineroInvalidBody, TypeError):
    """A watcher that can't work. A TypeError, the only error that Airflow survives when it loads a stored trigger."""


class DineroChangesTrigger(BaseEventTrigger):
    """Fires when something has changed: once for a deferred sensor, each time for an AssetWatcher.

        Asset("paid", watchers=[AssetWatcher("paid", DineroChangesTrigger(resource="invoices", status=["Paid"]))])

    Everything that waits in a triggerer for the same connection, organization, resource and interval shares one poll,
    whatever its watermark and filters: one request, and a second one for deleted rows (not for contacts). A watcher
    stores its watermark in the state of its asset, and moves it when Airflow has stored the event.

    Dinero: `GET /v1/{organizationId}/invoices` and similar operations, with `changesSince`.

    :param resource: str, invoices, contacts, products, sales, credit_notes, trade_offers or entries; default invoices
    :param status: str or list of str, report only rows that now have one of these statuses, such as Paid; default all
    :param filters: conditions made by `eq` and `contains`, which must all hold; default none
    :param include_deleted: bool, whether to report deleted rows; default True
    :param limit: int, how many Guids of each kind to list; default 1000
    :param dinero_conn_id: str; default dinero_default
    :param organization_id: int, digits as str, or None for the connection's own; default None
    :param poke_interval: float, seconds between two polls; default 60
    :param consumer: str, the name of the watermark; default one for each combination of the arguments above, so a
        watcher without a name starts from now when its filters change
    :param changes_since: str, an ISO 8601 instant at which a consumer without a watermark starts; default now
    :param seen: dict, what a sensor has seen since then
    :param end_time: float, seconds since the epoch when a sensor gives up; a watcher has none
    """

    def __init__(
        self,
        *,
        resource: str = "invoices",
        status: str | Sequence[str] = (),
        filters: Sequence[Any] = (),
        include_deleted: bool = True,
        limit: int = 1000,
        dinero_conn_id: str = "dinero_default",
        organization_id: int | str | None = None,
        poke_interval: float = 60.0,
        consumer: str | None = None,
        changes_since: str | None = None,
        seen: Mapping[str, str] | None = None,
        end_time: float | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.resource = resource
        self.status = [status] if isinstance(status, str) else list(status)
        self.filters = [list(each) for each in as_conditions(filters)]
        self.include_deleted = include_deleted
        self.limit = limit
        self.dinero_conn_id = dinero_conn_id
        self.organization_id = organization_id
        self.poke_interval = float(poke_interval)  # a part of the key
        self.consumer = consumer
        self.changes_since = changes_since
        self.seen = dict(seen or {})
        self.end_time = end_time
        if end_time is None:  # a watcher has no task that could fail: its errors are import errors of its DAG
            try:
                self._check()
            except DineroError as error:
                raise DineroNoTrigger(str(error)) from None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the path of this class, and its arguments."""
        return f"{__name__}.DineroChangesTrigger", {
            "resource": self.resource,
            "status": self.status,
            "filters": self.filters,
            "include_deleted": self.include_deleted,
            "limit": self.limit,
            "dinero_conn_id": self.dinero_conn_id,
            "organization_id": self.organization_id,
            "poke_interval": self.poke_interval,
            "consumer": self.consumer,
            "changes_since": self.changes_since,
            "seen": self.seen,
            "end_time": self.end_time,
        }

    @property
    def name(self) -> str:
        """The name of the watermark."""
        if self.consumer is not None:
            return self.consumer
        # Two watchers of an asset must not move each other's watermark: one may poll less often, or fail.
        wanted = [self.status, self.filters, self.include_deleted, self.poke_interval, self.dinero_conn_id]
        return f"{self.resource}.{hashlib.sha256(json.dumps(wanted).encode()).hexdigest()[:8]}"

    def shared_stream_key(self) -> tuple[str, ...]:
        """Return the key of the shared poll."""
        shared = self.dinero_conn_id, self.organization_id, self.resource, self.include_deleted, self.poke_interval
        return ("dinero changes", *map(str, shared))

    @classmethod
    def create_shared_stream_producer(cls, kwargs: dict[str, Any]) -> "ChangesPoll":
        """Return the poll for everything with this key.

        :param kwargs: the arguments of one of them
        """
        return ChangesPoll(
            kwargs["resource"],
            kwargs["poke_interval"],
            include_deleted=kwargs["include_deleted"],
            dinero_conn_id=kwargs["dinero_conn_id"],
            organization_id=kwargs["organization_id"],
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait alone, if Airflow shares nothing, as in `dag.test()`."""
        poll = self.create_shared_stream_producer(self.serialize()[1])
        async for event in self.filter_shared_stream(poll.alone()):
            yield event

    async def filter_shared_stream(self, shared_stream: AsyncIterator[Any]) -> AsyncIterator[TriggerEvent]:
        """Yield those of the polled changes that are new to this consumer.

        :param shared_stream: the results of `ChangesPoll`
        """
        from airflow_provider_dinero.adapters.watermarks import mark_of
        from airflow_provider_dinero.api.feeds.windows import Consumer
        from airflow_provider_dinero.api.lists.changes import as_utc, changes_since

        begun = time.monotonic()
        waits = self.end_time is not None
        mark: Watermark | None = None
        keeper = _Keeper(self)
        try:
            conditions = self._check()
        except DineroError as error:
            if waits:
                yield failure(error)
                return
            self.log.error("The watcher of %s can't continue: %s", self.resource, error)
            async for _ in shared_stream:  # a watcher that ended would be restarted immediately, for ever
                continue
            return
        async for polled in shared_stream:
            if self.end_time is not None and time.time() >= self.end_time:
                yield event_of({"timeout": True})
                return
            if polled is STORED:
                await keeper.keep(mark)
            elif isinstance(polled, Failed):
                if waits and polled.for_good:
                    yield failure(polled.error)
                    return
            else:
                look, poll = polled
                try:
                    mark = await keeper.find(look.organization, mark) or self._first(look, keeper)
                except FAILURES as error:  # without the watermark it isn't known which changes are new
                    keeper.tell_once(f"can't be read; trying again: {error}")
                    continue
                rows = await poll.rows_since(mark.until, look)
                if rows is None:  # earlier changes could not be read: try with the next poll
                    continue
                consumer = Consumer(
                    self.resource, mark.until, mark.seen, self.status, conditions, self.include_deleted, self.limit
                )
                found = consumer.window(rows, max(look.until, mark.until), wider=look.since < mark.until)
                if waits and found.window["count"]:
                    await asyncio.sleep(max(0.0, begun + SHORTEST_DEFERRAL - time.monotonic()))
                    since = self.changes_since and changes_since(as_utc(self.changes_since))
                    yield event_of({**found.window, "since": since or found.window["since"], "seen": found.seen})
                    return
                if found.window["count"]:
                    keeper.fired = True
                    place = {"resource": self.resource, "organization": look.organization}
                    yield event_of({**found.window, **place})
                mark = mark_of(found)

    def _check(self) -> "list[Condition]":
        """Return the filters, after checking them, the resource and the statuses."""
        from airflow_provider_dinero.api.feeds.windows import check
        from airflow_provider_dinero.api.lists.changes import as_utc
        from airflow_provider_dinero.api.lists.filters import Condition

        conditions = [Condition(*each) for each in self.filters]
        check(self.resource, self.status, conditions)
        if not self.poke_interval > 0 or not self.limit > 0:
            raise DineroInvalidBody("poke_interval and limit must be greater than 0.", "Correct them.")
        if self.changes_since is not None:
            as_utc(self.changes_since)
        if "{{" in f"{self.dinero_conn_id}{self.organization_id}" and self.end_time is None:
            raise DineroInvalidBody(
                "A watcher doesn't render templates.", "Write its connection and organization literally."
            )
        return conditions

    def _first(self, look: "Look", keeper: "_Keeper") -> "Watermark":
        """Return where to start without a stored watermark: where a sensor is, or `changes_since`, or now."""
        from airflow_provider_dinero.adapters.watermarks import NEW, Watermark
        from airflow_provider_dinero.api.feeds.windows import Consumer
        from airflow_provider_dinero.api.lists.changes import OVERLAP, as_utc, changes_since

        if self.changes_since is not None:
            mark = Watermark(as_utc(self.changes_since), self.seen)
            reports_after = mark.until
        else:
            mark = Watermark(look.until, Consumer(self.resource, look.until).window(look.rows, look.until).seen)
            reports_after = look.until + OVERLAP
            keeper.fired = True  # so that the watermark is stored
        if self.end_time is None:
            self.log.warning(NEW, self.name, changes_since(reports_after))
        return mark


class _Keeper:
    """Stores the watermark of a watcher in the state of its asset; a sensor's task stores its own."""

    def __init__(self, trigger: DineroChangesTrigger) -> None:
        self._trigger = trigger
        self._store: Any = trigger.asset_state_store
        self._state: AssetState | None = None
        self._known: dict[str, Any] | None = None  # what the store has, as far as this watcher knows
        self._kept = time.monotonic()
        self._told = ""
        self.fired = False

    async def find(self, organization: int | None, mark: "Watermark | None") -> "Watermark | None":
        """Return where to continue: somebody may have moved the watermark, or this may restore it from its copy.

        :param organization: int or None, a part of the watermark's name
        :param mark: Watermark or None, where the watcher is
        :return: Watermark, or None for a new consumer
        :raises Exception: one of FAILURES: the store can't be read, or doesn't know the asset now
        """
        from airflow_provider_dinero.adapters.asset_state import AssetState
        from airflow_provider_dinero.adapters.watermarks import Watermark

        if self._store is None:
            return mark
        # This is the only way for a trigger to learn from Airflow which asset it watches.
        assets = list(self._store._by_name)
        if len(assets) != 1:  # Airflow creates one trigger for several assets
            self._trigger.log.error(
                "Watchers of several assets are identical, so they have no watermark: give each a consumer="
            )
            self._store = None
            return mark
        self._state = AssetState(self._store, assets[0], f"{organization}.{self._trigger.name}")
        stored = await in_thread(self._state.get)
        self._told = ""
        if stored == self._known:
            return mark
        self._known = stored
        if stored is None:  # a person has deleted it, and its copy
            return None
        found = Watermark.from_dict(stored)
        # The last events of a watcher that Airflow removed together with its DAG may not have reached anybody.
        return found if stored.get("trigger") == self._trigger.trigger_id else Watermark(found.until)

    async def keep(self, mark: "Watermark | None") -> None:
        """Store the watermark after an event, and at times without one, unless somebody has moved it meanwhile."""
        state = self._state
        if not mark or state is None or not (self.fired or time.monotonic() - self._kept > QUIET):
            return
        value = {**mark.as_dict(), "trigger": self._trigger.trigger_id}
        try:
            if await in_thread(state.get) == self._known:
                await in_thread(lambda: state.set(value))
                self._known = value
            self.fired, self._kept = False, time.monotonic()
        except FAILURES as error:
            self.tell_once(f"will be stored with the next poll: {error}")

    def tell_once(self, told: str) -> None:
        """Log a problem with the watermark, unless it is the same as the last one.

        :param told: str
        """
        if told != self._told:
            self._trigger.log.warning("The watermark of %s %s", self._trigger.name, told)
        self._told = told
