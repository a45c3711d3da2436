"""When an invoice is paid, this DAG runs, and ships what was bought.

What to change: what is done with a paid invoice (`ship`), the interval in seconds, and the connection `dinero_default`.
Turn the DAG on: its watcher sees the payments from then on.

An invoice that was credited in full counts as paid too. If that matters, check its payments in `ship`.

The watcher asks Dinero once a minute, for all watchers and deferred sensors together. It misses nothing when the
triggerer dies, but may report an invoice twice, so `ship` must tolerate that.
"""

from typing import Any

from airflow.sdk import DAG, Asset, AssetWatcher, task

from airflow_provider_dinero.triggers.changes import DineroChangesTrigger

trigger = DineroChangesTrigger(resource="invoices", status=["Paid"], include_deleted=False, poke_interval=60)
PAID = Asset("dinero_paid_invoices", watchers=[AssetWatcher(name="dinero_paid_invoices", trigger=trigger)])

with DAG(
    "dinero_invoice_paid",
    description="An invoice is paid → its order is shipped",
    doc_md=__doc__,
    schedule=[PAID],
    default_args={"retries": 2, "retry_delay": 5},
    tags=["dinero", "example"],
) as dag:

    @task
    def paid(triggering_asset_events: Any = None) -> list[str]:
        """Return the Guids of the invoices that were paid, each once."""
        windows = [event.extra["payload"] for event in triggering_asset_events[PAID]]
        return sorted({guid for window in windows for guid in (*window["created"], *window["updated"])})

    @task(map_index_template="{{ task.op_kwargs['guid'] }}")
    def ship(guid: str) -> str:
        """Ship the order of an invoice; this example only logs it."""
        print("paid:", guid)
        return guid

    ship.expand(guid=paid())
