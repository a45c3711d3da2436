"""Commits a window of changes when its consumer is done with it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.assets import dinero_asset
from airflow_provider_dinero.operators.base import DineroBaseOperator, require_mapping

if TYPE_CHECKING:
    from airflow.sdk import Context


class DineroCommitChangesOperator(DineroBaseOperator):
    """Moves the watermark of a consumer to the end of a window from a DineroChangesSensor.

    Place it after the tasks that use the window, and set the sensor's `commit="by_operator"`. Until it has run, the
    next run gets the same changes again. It sends nothing to Dinero.

    :param changes: dict, the sensor's output, `sensor.output`. Templated.
    :param resource: str, the sensor's; default invoices
    :return: `{"until", "resource", "consumer"}`, the new watermark; `until` is None if it was set back meanwhile
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
        """Move the watermark."""
        from airflow_provider_dinero.adapters.watermarks import marks_of
        from airflow_provider_dinero.api.errors import DineroInvalidBody
        from airflow_provider_dinero.api.lists.changes import changes_since

        window = require_mapping("changes", self.changes)
        missing = [name for name in ("since", "until", "resource", "consumer") if not window.get(name)]
        if missing or window["resource"] != self.resource:
            raise DineroInvalidBody(
                f"The changes are not a window of {self.resource} from a DineroChangesSensor.",
                "Pass the sensor's output, and its resource.",
            )
        told = {name: window[name] for name in ("until", "resource", "consumer")}
        if self.is_dry_run:
            return told
        marks = marks_of(context, self.asset, self.client, told["consumer"])
        mark = marks.commit(window["since"], window["until"])
        if mark is None:
            self.log.warning("the watermark of %s was set back before this window, and stays there", told["consumer"])
            return {**told, "until": None}
        self.log.info("%s has processed the %s until %s", told["consumer"], self.resource, told["until"])
        return {**told, "until": changes_since(mark.until)}
