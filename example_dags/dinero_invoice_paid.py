"""When an invoice is paid, this DAG runs, and ships what the customer has bought.

Before you use this DAG, change what happens with a paid invoice (`ship`), the seconds between two polls
(`poke_interval`), and the connection `dinero_default`. Then unpause the DAG. Its watcher starts within a minute or two,
and reports the payments from then on.

An invoice that is credited in full can count as paid too. If that matters to you, check the payments of the invoice in
`ship`.

The watcher polls Dinero once a minute, and similar watchers and deferred sensors share this poll. If the triggerer
dies, no payment is lost, but an invoice may be reported twice. So `ship` must do no harm when it runs twice.
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
        """Return the Guid of each invoice that was paid, only once."""
        windows = [event.extra["payload"] for event in triggering_asset_events[PAID]]
        return sorted({guid for window in windows for guid in (*window["created"], *window["updated"])})

    @task(map_index_template="{{ task.op_kwargs['guid'] }}")
    def ship(guid: str) -> str:
        """Ship the order of an invoice. This example only logs the invoice."""
        print("paid:", guid)
        return guid

    ship.expand(guid=paid())
