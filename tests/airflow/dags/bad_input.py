"""Tasks with bad input in a real Airflow: operators, a deferrable sensor and a plain `@task`, all with three retries.

tests/operators/test_bad_input.py has all other kinds of bad input.
"""

from collections.abc import Callable
from typing import Any

from airflow.sdk import DAG, BaseOperator, task

from airflow_provider_dinero.hooks.dinero import DineroHook
from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.invoices import DineroBookInvoiceOperator
from airflow_provider_dinero.sensors.changes import DineroChangesSensor

NOBODY = "00000000-0000-4000-8000-000000000000"
LINE = {"Description": "Plader", "BaseAmountValue": 100, "Quantity": 1, "AccountNumber": 1000, "Unit": "parts"}
CONTACT = {"Name": "Bad Input", "CountryKey": "DK", "IsPerson": True, "ExternalReference": "bad-input"}
RETRIES = {"retries": 3, "retry_delay": 1, "dinero_conn_id": "dinero_own"}

OPERATORS: dict[str, Callable[[], BaseOperator]] = {
    "wrong_secret": lambda: DineroUpsertContactOperator(
        task_id="it", contact=CONTACT, dinero_conn_id="dinero_wrong_secret"
    ),
    "no_instant": lambda: DineroChangesSensor(task_id="it", changes_since="yesterday", deferrable=True),
    "unreachable": lambda: DineroBookInvoiceOperator(
        task_id="it", invoice=NOBODY, dinero_conn_id="dinero_unreachable", retries=1
    ),
    "shadowed": lambda: DineroBookInvoiceOperator(task_id="it", invoice=NOBODY, dinero_conn_id="dinero_shadowed"),
}
for name, make in OPERATORS.items():
    with DAG(f"bad_{name}", schedule=None, default_args=RETRIES):
        make()

with DAG("bad_stale_timestamp", schedule=None, default_args=RETRIES):

    @task(multiple_outputs=False)
    def draft_changed_in_between() -> dict[str, Any]:
        client = DineroHook("dinero_own").get_conn()
        contact = client.contacts.upsert({**CONTACT, "ExternalReference": "stale"})
        draft = client.invoices.create({"ContactGuid": contact["ContactGuid"], "ProductLines": [LINE]})
        return {**draft, "TimeStamp": "0000000000000001"}

    DineroBookInvoiceOperator(task_id="it", invoice=draft_changed_in_between())

with DAG("plain_wrong_secret", schedule=None, default_args=RETRIES):

    @task(task_id="it")
    def it() -> None:
        list(DineroHook("dinero_wrong_secret").get_conn().contacts.list())

    it()
