"""Commits a window of changes: its consumer is done with it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.assets import dinero_asset
from airflow_provider_dinero.operators.base import DineroBaseOperator, require_mapping

if TYPE_CHECKING:
    from airflow.sdk import Context


class DineroCommitChangesOperator(DineroBaseOperator):
    """Moves the mark of a consumer to the end of a window that a DineroChangesSensor returned.

    Place it after the tasks that use the window, and give the sensor `commit="by_operator"`. Until then, the next run
    is told the same changes again. It sends nothing to Dinero.

    :param changes: dict, what the sensor returned: `sensor.output`. Templated.
    :param resource: str, the sensor's; default invoices
    :return: `{"until", "resource", "consumer"}`: where the mark is now; None where it was set back meanwhile
    """

    template_fields: Sequence[str] = (*DineroBaseOperator.template_fields, "changes")
    writes = False

    def __init__(
        self,
        *,
        changes: Mapping[str, Any],
        resource: str = "invoices",
        dinero_conn_id: str = "dinero_default",
        **kwargs: Any,
    ) -> None:
        self.asset = dinero_asset(dinero_conn_id, resource)
        inlets = [*(kwargs.pop("inlets", None) or []), self.asset]
        super().__init__(dinero_conn_id=dinero_conn_id, inlets=inlets, **kwargs)
        self.changes = changes
        self.resource = resource

    def perform(self, context: "Context") -> dict[str, Any]:
        """Move the mark."""
        from airflow_provider_dinero.adapters.watermarks import marks_of
        from airflow_provider_dinero.api.errors import DineroInvalidBody
        from airflow_provider_dinero.api.lists.changes import changes_since

        window = require_mapping("changes", self.changes)
        missing = [name for name in ("since", "until", "resource", "consumer") if not window.get(name)]
        if missing or window["resource"] != self.resource:
            raise DineroInvalidBody(
                f"The changes are no window of {self.resource} that a DineroChangesSensor returned.",
                "Pass its output, and its resource.",
            )
        told = {name: window[name] for name in ("until", "resource", "consumer")}
        if self.is_dry_run:
            return told
        marks = marks_of(context, self.asset, self.client, told["consumer"])
        mark = marks.commit(window["since"], window["until"])
        if mark is None:
            self.log.warning("the mark of %s was set back before this window, and stays there", told["consumer"])
            return {**told, "until": None}
        self.log.info("%s is through with the %s until %s", told["consumer"], self.resource, told["until"])
        return {**told, "until": changes_since(mark.until)}
