"""The guide to watchers, as DAGs."""

# --8<-- [start:watcher]
from airflow.sdk import DAG, Asset, AssetWatcher, task

from airflow_provider_dinero.triggers.changes import DineroChangesTrigger

trigger = DineroChangesTrigger(resource="invoices", status="Paid", include_deleted=False, consumer="paid")
paid = Asset("paid_invoices", watchers=[AssetWatcher(name="dinero", trigger=trigger)])

with DAG("on_paid_invoices", schedule=[paid], max_active_runs=1) as on_paid_invoices:

    @task
    def use(triggering_asset_events=None) -> None:
        for event in triggering_asset_events[paid]:
            window = event.extra["payload"]
            print("paid since", window["since"], "in", window["organization"], ":", window["count"])

    use()
# --8<-- [end:watcher]
