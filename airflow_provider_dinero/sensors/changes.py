"""Waits until something has changed in Dinero."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.api.errors import DineroTemporaryError, DineroUnavailable, DineroUnexpectedAnswer
from airflow_provider_dinero.assets import as_conditions, dinero_asset
from airflow_provider_dinero.sensors.base import DineroBaseSensor

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.triggers.base import BaseTrigger

    from airflow_provider_dinero.adapters.watermarks import Watermark, Watermarks
    from airflow_provider_dinero.api.feeds.windows import Consumer, Window
    from airflow_provider_dinero.api.lists.filters import Condition

ON_SUCCESS, BY_OPERATOR = "on_success", "by_operator"
# A watermark this far behind is moved past changes that don't concern its consumer.
STALE = timedelta(minutes=15)


class DineroChangesSensor(DineroBaseSensor):
    """Waits until rows of a resource have been created, updated or deleted, and returns which.

    It remembers how far its consumer has got: the watermark is in the state of the asset `dinero://<conn_id>/<resource>`,
    and moves when the run has succeeded, or with a DineroCommitChangesOperator. A run that failed or was deleted leaves
    it unchanged, so the next run gets the same changes again, and none is skipped. The same applies to a run that is
    cleared before the next one has looked. With `changes_since`, you say where to start, and nothing is remembered.

    Dinero: `GET /v1/{organizationId}/invoices` and similar operations, with `changesSince`; `GET
    /v2/{organizationId}/contacts`; `GET /v1/{organizationId}/entries/changes`.

    :param resource: str, invoices, contacts, products, sales, credit_notes, trade_offers or entries; default invoices
    :param changes_since: str, an ISO 8601 instant (UTC if it has no zone); changes at or after it count. Default None,
        the consumer's watermark. Templated.
    :param consumer: str, the name of the watermark; each set of status and filters needs its own. Default
        dag_id.task_id, and a name for these. Templated.
    :param initial_since: str, an ISO 8601 instant at which a consumer without a watermark starts; default now.
        Templated.
    :param commit: str, on_success, where the next run commits the window if this run succeeded; or by_operator; default
        on_success
    :param status: names of statuses; only rows that have one of them now are reported, such as Paid; default all.
        Templated.
    :param filters: conditions made by `eq` and `contains`, which must all hold; default none
    :param include_deleted: bool, whether to include deleted rows, which takes a second request per poke, except for
        contacts; default True
    :param limit: int, how many rows a window has before it ends; the rest is reported next time; default 1000
    :return: `{"since", "until", "count", "created", "updated", "deleted", "resource", "consumer"}`: created, updated
        and deleted are lists of Guids, and `until` is the `changes_since` to continue from: five minutes before the
        poke, or where the limit was reached
    """

    template_fields: Sequence[str] = (
        *DineroBaseSensor.template_fields, "changes_since", "consumer", "initial_since", "status",
    )  # fmt: skip

    def __init__(
        self,
        *,
        resource: str = "invoices",
        changes_since: str | None = None,
        consumer: str | None = None,
        initial_since: str | None = None,
        commit: str = ON_SUCCESS,
        status: str | Iterable[str] = (),
        filters: "Iterable[Condition]" = (),
        include_deleted: bool = True,
        limit: int = 1000,
        dinero_conn_id: str = "dinero_default",
        **kwargs: Any,
    ) -> None:
        self.asset = None if changes_since is not None else dinero_asset(dinero_conn_id, resource)
        # Not a parameter: its default would replace Airflow's own for mapped sensors.
        inlets = [*(kwargs.pop("inlets", None) or []), *([self.asset] if self.asset else [])]
        super().__init__(dinero_conn_id=dinero_conn_id, inlets=inlets, **kwargs)
        if commit not in {ON_SUCCESS, BY_OPERATOR}:
            raise ValueError(f"commit can't be {commit!r}. Use {ON_SUCCESS} or {BY_OPERATOR}.")
        self.resource = resource
        self.changes_since = changes_since
        self.consumer = consumer
        self.initial_since = initial_since
        self.commit = commit
        self.status = status
        self.filters = filters
        self.include_deleted = include_deleted
        self.limit = limit
        self._from: Watermark | None = None  # where this try starts

    def look(self, context: "Context") -> dict[str, Any] | None:
        """Return the window of changes; None if nothing is new."""
        from airflow_provider_dinero.adapters.watermarks import Watermark, mark_of
        from airflow_provider_dinero.api.lists.changes import OVERLAP
        from airflow_provider_dinero.triggers.changes_look import look

        begun = datetime.now(UTC) - OVERLAP
        marks = self._marks(context)
        mark = self._begin(context, marks)
        consumer = self._consumer(mark or Watermark(begun))
        try:
            polled = look(self.resource, consumer.since, **self._place())
        except (DineroTemporaryError, DineroUnexpectedAnswer):
            if marks and mark is None:
                self._from = marks.start(Watermark(begun))
            raise
        found = consumer.window(polled.rows, polled.until)
        if marks and mark is None:  # earlier changes don't concern a new consumer
            self._from = marks.start(mark_of(found), reports_after=polled.until + OVERLAP)
            return None
        if found.window["count"]:
            return self._hand_out(context, marks, found)
        if marks and mark and polled.until - mark.until > STALE:  # otherwise each look has more to read
            self._from = mark_of(found)
            marks.advance(self._from)
        return None

    def trigger(self, context: "Context", end_time: float) -> "BaseTrigger":
        """Return the trigger that looks from the same watermark."""
        from airflow_provider_dinero.triggers.changes import DineroChangesTrigger

        mark = self._from or self._begin(context, self._marks(context))
        if mark is None:
            raise DineroUnavailable("The watermark of this consumer is gone.", "Somebody has deleted it; try again.")
        consumer = self._consumer(mark)
        return DineroChangesTrigger(
            resource=self.resource,
            status=consumer.status,
            filters=consumer.filters,
            limit=self.limit,
            poke_interval=self.poke_interval,
            changes_since=consumer.since.isoformat(),
            seen=consumer.seen,
            end_time=end_time,
            **self._place(),
        )

    def found(self, context: "Context", event: dict[str, Any]) -> dict[str, Any]:
        """Store the window that the trigger found, and return it."""
        from airflow_provider_dinero.api.feeds.windows import Window

        return self._hand_out(context, self._marks(context), Window(event, event.pop("seen")))

    def _place(self) -> dict[str, Any]:
        return {
            "include_deleted": self.include_deleted,
            "dinero_conn_id": self.dinero_conn_id,
            "organization_id": self.organization_id,
        }

    def _marks(self, context: "Context") -> "Watermarks | None":
        from airflow_provider_dinero.adapters.watermarks import marks_of

        return marks_of(context, self.asset, self.client, self._name(context)) if self.asset else None

    def _name(self, context: "Context") -> str:
        if self.consumer:
            return self.consumer
        from airflow_provider_dinero.api.bodies.validation import as_list

        # Tasks that are mapped over their filters must not move each other's watermark.
        ti, filters = context["ti"], sorted(map(list, as_conditions(self.filters)), key=str)
        wanted = [sorted(as_list(self.status)), filters]
        suffix = f".{hashlib.sha256(json.dumps(wanted).encode()).hexdigest()[:8]}" if any(wanted) else ""
        return f"{ti.dag_id}.{ti.task_id}{suffix}"

    def _begin(self, context: "Context", marks: "Watermarks | None") -> "Watermark | None":
        """Return the watermark of this run; None for a new consumer."""
        from airflow_provider_dinero.adapters.watermarks import Watermark, state_of_run
        from airflow_provider_dinero.api.lists.changes import as_utc

        if marks is None:
            self._from = Watermark(as_utc(str(self.changes_since)))
        else:
            self._from = marks.begin(state_of_run, on_success=self.commit == ON_SUCCESS)
            if self._from is None and self.initial_since is not None:
                self._from = marks.start(Watermark(as_utc(self.initial_since)))
        return self._from

    def _consumer(self, mark: "Watermark") -> "Consumer":
        from airflow_provider_dinero.api.bodies.validation import as_list
        from airflow_provider_dinero.api.feeds.windows import Consumer
        from airflow_provider_dinero.api.lists.filters import Condition

        wanted = (
            as_list(self.status),
            [Condition(*each) for each in as_conditions(self.filters)],
            self.include_deleted,
            self.limit,
        )
        return Consumer(self.resource, mark.until, mark.seen, *wanted)

    def _hand_out(self, context: "Context", marks: "Watermarks | None", found: "Window") -> dict[str, Any]:
        """Record what this run got, and return it."""
        from airflow.sdk.lineage import get_hook_lineage_collector

        from airflow_provider_dinero.adapters.watermarks import mark_of
        from airflow_provider_dinero.assets import asset_uri

        window = found.window
        if marks:
            marks.propose(window["since"], mark_of(found))
        self.log.info("%d %s changed since %s", window["count"], self.resource, window["since"])
        get_hook_lineage_collector().add_input_asset(
            context=self.hook, scheme="dinero", uri=asset_uri(self.dinero_conn_id, self.resource)
        )
        return {**window, "resource": self.resource, "consumer": self._name(context)}
