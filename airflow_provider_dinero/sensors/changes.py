"""Waits until something changed in Dinero."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.api.errors import DineroTemporaryError, DineroUnavailable
from airflow_provider_dinero.assets import dinero_asset
from airflow_provider_dinero.sensors.base import DineroBaseSensor

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.triggers.base import BaseTrigger

    from airflow_provider_dinero.api.filters import Condition
    from airflow_provider_dinero.api.windows import Consumer, Found
    from airflow_provider_dinero.hooks.marks import Mark, Marks

ON_SUCCESS, BY_OPERATOR = "on_success", "by_operator"


class DineroChangesSensor(DineroBaseSensor):
    """Waits until rows of a resource were created, updated or deleted, and returns which.

    It remembers how far its consumer is: the mark is kept in the state of the asset `dinero://<conn_id>/<resource>`,
    and moves when the run has ended well, or with a DineroCommitChangesOperator. A run that failed, was deleted or is
    cleared leaves it, so the next one is told the same changes again, and none is skipped. With `changes_since`, the
    author says where to begin, and nothing is remembered.

    Dinero: `GET /v1/{organizationId}/invoices` and its like, with `changesSince`; `GET /v2/{organizationId}/contacts`;
    `GET /v1/{organizationId}/entries/changes`.

    :param resource: str, invoices, contacts, products, sales, credit_notes, trade_offers or entries; default invoices
    :param changes_since: str, an ISO 8601 instant (UTC when it names no zone); changes at or after it count. Default
        None: the consumer's mark. Templated.
    :param consumer: str, whose mark it is; default dag_id.task_id. Templated.
    :param initial_since: str, an ISO 8601 instant from which a consumer begins that has no mark; default now.
        Templated.
    :param commit: str, on_success: the next run commits the window if this run ended well; or by_operator; default
        on_success
    :param status: names of statuses that a changed row has now, such as Paid; default all. Templated.
    :param filters: conditions made by `eq` and `contains`, of which all must hold; default none
    :param include_deleted: bool, also deleted rows, which takes a second request a poke, but not for contacts; default
        True
    :param limit: int, how many Guids of each kind are listed; default 1000
    :return: `{"since", "until", "count", "created", "updated", "deleted", "resource", "consumer"}`: created, updated
        and deleted are lists of Guids, `count` is of all rows, and `until` is the `changes_since` to go on from, five
        minutes before the look
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
            raise ValueError(f"commit={commit!r}: it is {ON_SUCCESS} or {BY_OPERATOR}.")
        self.resource = resource
        self.changes_since = changes_since
        self.consumer = consumer
        self.initial_since = initial_since
        self.commit = commit
        self.status = status
        self.filters = filters
        self.include_deleted = include_deleted
        self.limit = limit

    def look(self, context: "Context") -> dict[str, Any] | None:
        """Return the window of changes; None where nothing is new."""
        from airflow_provider_dinero.api.changes import OVERLAP
        from airflow_provider_dinero.hooks.changes import look
        from airflow_provider_dinero.hooks.marks import Mark, mark_of

        begun = datetime.now(UTC) - OVERLAP
        marks = self._marks(context)
        mark = self._begin(context, marks)
        consumer = self._consumer(mark or Mark(begun))
        try:
            polled = look(self.resource, consumer.since, **self._place())
        except DineroTemporaryError:
            if marks and mark is None:
                marks.start(Mark(begun))
            raise
        found = consumer.window(polled.rows, polled.until)
        if marks and mark is None:  # what changed before now is none of a new consumer's business
            marks.start(mark_of(found))
            return None
        return self._hand_out(context, marks, found) if found.window["count"] else None

    def trigger(self, context: "Context", end_time: float) -> "BaseTrigger":
        """Return the trigger that looks from the same mark."""
        from airflow_provider_dinero.triggers.changes import DineroChangesTrigger

        mark = self._begin(context, self._marks(context))
        if mark is None:
            raise DineroUnavailable("The mark of this consumer is gone.", "Somebody has deleted it; try again.")
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
        """Keep the window that the trigger found, and return it."""
        from airflow_provider_dinero.api.windows import Found

        return self._hand_out(context, self._marks(context), Found(event, event.pop("seen")))

    def _place(self) -> dict[str, Any]:
        return {
            "include_deleted": self.include_deleted,
            "dinero_conn_id": self.dinero_conn_id,
            "organization_id": self.organization_id,
        }

    def _marks(self, context: "Context") -> "Marks | None":
        from airflow_provider_dinero.hooks.marks import marks_of

        return marks_of(context, self.asset, self.client, self._name(context)) if self.asset else None

    def _name(self, context: "Context") -> str:
        ti = context["ti"]
        return self.consumer or f"{ti.dag_id}.{ti.task_id}"

    def _begin(self, context: "Context", marks: "Marks | None") -> "Mark | None":
        """Return the mark of this run; None for a consumer that is new."""
        from airflow_provider_dinero.api.changes import as_utc
        from airflow_provider_dinero.hooks.marks import Mark, run_of, state_of_run

        if marks is None:
            return Mark(as_utc(str(self.changes_since)))
        found = marks.begin(run_of(context), state_of_run, on_success=self.commit == ON_SUCCESS)
        if found is None and self.initial_since is not None:
            return marks.start(Mark(as_utc(self.initial_since)))
        return found

    def _consumer(self, mark: "Mark") -> "Consumer":
        from airflow_provider_dinero.api.bodies import as_list
        from airflow_provider_dinero.api.windows import Consumer

        wanted = as_list(self.status), list(self.filters), self.include_deleted, self.limit
        return Consumer(self.resource, mark.until, mark.seen, *wanted)

    def _hand_out(self, context: "Context", marks: "Marks | None", found: "Found") -> dict[str, Any]:
        """Note what this run was given, and return it."""
        from airflow.sdk.lineage import get_hook_lineage_collector

        from airflow_provider_dinero.assets import asset_uri
        from airflow_provider_dinero.hooks.marks import mark_of, run_of

        if marks:
            marks.propose(run_of(context), mark_of(found))
        window = found.window
        self.log.info("%d %s changed since %s", window["count"], self.resource, window["since"])
        get_hook_lineage_collector().add_input_asset(
            context=self.hook, scheme="dinero", uri=asset_uri(self.dinero_conn_id, self.resource)
        )
        return {**window, "resource": self.resource, "consumer": self._name(context)}
