"""A DAG for each thing that can be wrong, as an operator or a plain `@task`, all with three retries."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, BaseOperator, task

from airflow_provider_dinero.hooks.dinero import DineroHook
from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.files import DineroUploadFileOperator
from airflow_provider_dinero.operators.invoices import (
    DineroBookInvoiceOperator,
    DineroCreateInvoiceOperator,
    DineroSendInvoiceOperator,
)
from airflow_provider_dinero.sensors.changes import DineroChangesSensor

NOBODY = "00000000-0000-4000-8000-000000000000"
LINE = {"Description": "Plader", "BaseAmountValue": 100, "Quantity": 1, "AccountNumber": 1000, "Unit": "parts"}
CONTACT = {"Name": "Bad Input", "CountryKey": "DK", "IsPerson": True, "ExternalReference": "bad-input"}
RETRIES = {"retries": 3, "retry_delay": 1, "dinero_conn_id": "dinero_own"}

Task = Callable[[], BaseOperator]
OPERATORS: dict[str, Task] = {
    "wrong_secret": lambda: DineroUpsertContactOperator(
        task_id="it", contact=CONTACT, dinero_conn_id="dinero_wrong_secret"
    ),
    "no_pro": lambda: DineroUpsertContactOperator(task_id="it", contact=CONTACT, dinero_conn_id="dinero_no_pro"),
    "other_organization": lambda: DineroUpsertContactOperator(task_id="it", contact=CONTACT, organization_id=100002),
    "missing_field": lambda: DineroUpsertContactOperator(
        task_id="it", contact={"Name": "Bad Input", "IsPerson": True, "ExternalReference": "bad-input"}
    ),
    "misspelt_property": lambda: DineroCreateInvoiceOperator(
        task_id="it", invoice={"ProductLines": [{**LINE, "BaseAmuontValue": 100}]}
    ),
    "unknown_contact": lambda: DineroCreateInvoiceOperator(
        task_id="it", invoice={"ContactGuid": NOBODY, "ProductLines": [LINE]}
    ),
    "unknown_account": lambda: DineroCreateInvoiceOperator(
        task_id="it", invoice={"ProductLines": [{**LINE, "AccountNumber": 4711}]}
    ),
    "false_pdf": lambda: DineroUploadFileOperator(task_id="it", file_path=str(Path(__file__).with_name("false.pdf"))),
    "no_file": lambda: DineroUploadFileOperator(task_id="it", file_path="/nowhere/receipt.pdf"),
    "unknown_invoice": lambda: DineroBookInvoiceOperator(task_id="it", invoice=NOBODY),
    "no_guid": lambda: DineroSendInvoiceOperator(task_id="it", invoice="{{ 'not a guid' }}"),
    "no_instant": lambda: DineroChangesSensor(task_id="it", changes_since="yesterday", deferrable=True),
    "no_resource": lambda: DineroChangesSensor(
        task_id="it", changes_since="2026-01-01T00:00:00Z", resource="vouchers", poke_interval=1
    ),
    "no_api_key": lambda: DineroBookInvoiceOperator(task_id="it", invoice=NOBODY, dinero_conn_id="dinero_no_api_key"),
    "unreachable": lambda: DineroBookInvoiceOperator(
        task_id="it", invoice=NOBODY, dinero_conn_id="dinero_unreachable", retries=1
    ),
    "dead_refresh_token": lambda: DineroBookInvoiceOperator(
        task_id="it", invoice=NOBODY, dinero_conn_id="dinero_dead_refresh_token"
    ),
    "empty_key": lambda: DineroCreateInvoiceOperator(
        task_id="it", invoice={"ProductLines": [LINE]}, idempotency_key="{{ '' }}"
    ),
    "own_guid": lambda: DineroCreateInvoiceOperator(task_id="it", invoice={"Guid": NOBODY, "ProductLines": [LINE]}),
    "text_for_dict": lambda: DineroBookInvoiceOperator(task_id="it", invoice="{{ {'Guid': 'x'} }}"),
    "no_guid_in_dict": lambda: DineroBookInvoiceOperator(task_id="it", invoice={"Number": 1}),
    "no_number": lambda: DineroBookInvoiceOperator(task_id="it", invoice=NOBODY, number="{{ 'one' }}"),
    "empty_organization": lambda: DineroUpsertContactOperator(
        task_id="it", contact=CONTACT, organization_id="{{ '' }}"
    ),
    "no_connection": lambda: DineroBookInvoiceOperator(task_id="it", invoice=NOBODY, dinero_conn_id="nowhere"),
    "shadowed": lambda: DineroBookInvoiceOperator(task_id="it", invoice=NOBODY, dinero_conn_id="dinero_shadowed"),
    "read_only": lambda: DineroUpsertContactOperator(task_id="it", contact=CONTACT, dinero_conn_id="dinero_read_only"),
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

with DAG("bad_conflict", schedule=None, default_args=RETRIES):
    first = DineroCreateInvoiceOperator(task_id="first", invoice={"ProductLines": [LINE]}, idempotency_key="conflict")
    first >> DineroCreateInvoiceOperator(
        task_id="it", invoice={"ProductLines": [{**LINE, "Quantity": 2}]}, idempotency_key="conflict"
    )


def plain(name: str, work: Callable[[], Any]) -> None:
    """A DAG with a plain task, which knows nothing of the provider's errors."""
    with DAG(f"plain_{name}", schedule=None, default_args=RETRIES):

        @task(task_id="it")
        def it() -> None:
            work()

        it()


plain("wrong_secret", lambda: list(DineroHook("dinero_wrong_secret").get_conn().contacts.list()))
plain("no_pro", lambda: list(DineroHook("dinero_no_pro").get_conn().invoices.list()))
plain("misspelt_property", lambda: DineroHook("dinero_own").get_conn().contacts.create({**CONTACT, "Nmae": "x"}))
plain("unknown_contact", lambda: DineroHook("dinero_own").get_conn().contacts.get(NOBODY))
plain("false_pdf", lambda: DineroHook("dinero_own").get_conn().files.upload(b"hello", "plain.pdf"))
plain("no_connection_organization", lambda: DineroHook("dinero_no_organization").get_conn().contacts.get(NOBODY))
