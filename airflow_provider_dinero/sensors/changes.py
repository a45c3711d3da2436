"""Waits until something changed in Dinero."""

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator, PokeReturnValue, conf

from airflow_provider_dinero.api.errors import DineroTemporaryError
from airflow_provider_dinero.retry_policy import DINERO_RETRY_POLICY

if TYPE_CHECKING:
    from airflow.sdk import Context, RetryPolicy


class DineroChangesSensor(BaseSensorOperator):
    """Waits until contacts or invoices were created, updated or deleted, and returns which.

    The first poke is in the worker. Where nothing has changed yet, the sensor pokes again, reschedules itself or
    defers to the triggerer, as its mode says. While Dinero can't be reached it goes on waiting.

    Dinero: `GET /v1/{organizationId}/invoices` or `GET /v2/{organizationId}/contacts`, with `changesSince`.

    :param changes_since: str, an ISO 8601 instant (UTC when it names no zone); changes at or after it count. Templated.
    :param resource: str, invoices or contacts; default invoices
    :param include_deleted: bool, also deleted rows, which takes a second request a poke for invoices; default True
    :param limit: int, how many Guids of each kind are listed; default 1000
    :param dinero_conn_id: str, the connection; default dinero_default. Templated.
    :param organization_id: int, digits as str, or None for the connection's own; default None. Templated.
    :param retry_policy: RetryPolicy; default DineroRetryPolicy
    :param multiple_outputs: bool, also return each key by itself: sensor.output["created"]; default True
    :param deferrable: bool; default Airflow's `[operators] default_deferrable`
    :return: `{"since", "until", "count", "created", "updated", "deleted"}`: the last three are lists of Guids, `count`
        is of all rows, and `until` is the `changes_since` to go on from; it overlaps by five minutes
    """

    template_fields: Sequence[str] = ("dinero_conn_id", "organization_id", "changes_since")
    ui_color = "#d9f2e6"

    def __init__(
        self,
        *,
        changes_since: str,
        resource: str = "invoices",
        include_deleted: bool = True,
        limit: int = 1000,
        dinero_conn_id: str = "dinero_default",
        organization_id: int | str | None = None,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        retry_policy: "RetryPolicy | None" = DINERO_RETRY_POLICY,
        multiple_outputs: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(retry_policy=retry_policy, multiple_outputs=multiple_outputs, **kwargs)
        self.changes_since = changes_since
        self.resource = resource
        self.include_deleted = include_deleted
        self.limit = limit
        self.dinero_conn_id = dinero_conn_id
        self.organization_id = organization_id
        self.deferrable = deferrable

    def execute(self, context: "Context") -> Any:
        """Poke once; then wait as the mode says."""
        if not self.deferrable:
            return super().execute(context)
        found = self._poke()
        if found:
            return found
        from airflow_provider_dinero.triggers.changes import DineroChangesTrigger

        self.defer(
            trigger=DineroChangesTrigger(
                **self._question(), poke_interval=self.poke_interval, end_time=time.time() + self.timeout
            ),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout),
        )

    def execute_complete(self, context: "Context", event: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return what the trigger found.

        :param event: dict, the window; `{"error"}`, what went wrong for good; or `{"timeout"}`
        """
        from airflow.sdk.exceptions import AirflowFailException, AirflowSensorTimeout

        if isinstance(event, Mapping) and event.get("timeout"):
            raise AirflowSensorTimeout(f"No {self.resource} changed within {self.timeout:.0f} s.")
        if not isinstance(event, Mapping) or not {"since", "until", "count"} <= event.keys():
            told = event.get("error") if isinstance(event, Mapping) else None
            raise AirflowFailException(told or "The trigger ended without saying what changed.")
        return self._told(dict(event))

    def poke(self, context: "Context") -> PokeReturnValue:
        """Look once.

        :return: PokeReturnValue with the window
        """
        found = self._poke()
        return PokeReturnValue(is_done=found is not None, xcom_value=found)

    def _poke(self) -> dict[str, Any] | None:
        from airflow_provider_dinero.hooks.changes import look

        try:
            found = look(**self._question())
        except DineroTemporaryError as error:
            self.log.warning("%s The sensor goes on waiting.", error)
            return None
        return self._told(found) if found["count"] else None

    def _question(self) -> dict[str, Any]:
        return {
            "resource": self.resource,
            "changes_since": self.changes_since,
            "include_deleted": self.include_deleted,
            "limit": self.limit,
            "dinero_conn_id": self.dinero_conn_id,
            "organization_id": self.organization_id,
        }

    def _told(self, found: dict[str, Any]) -> dict[str, Any]:
        self.log.info("%d %s changed since %s", found["count"], self.resource, found["since"])
        return found
