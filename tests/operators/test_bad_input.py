"""Bad input fails the task immediately, with one message that says what to do, and leaves nothing half-done."""

from collections.abc import Callable
from pathlib import Path
from traceback import extract_tb

import pytest
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
from tests.deployment import GROUPS, connections
from tests.operators.bench import Bench, Instance

NOBODY = "00000000-0000-4000-8000-000000000000"
LINE = {"Description": "Plader", "BaseAmountValue": 100, "Quantity": 1, "AccountNumber": 1000, "Unit": "parts"}
CONTACT = {"Name": "Bad Input", "CountryKey": "DK", "IsPerson": True, "ExternalReference": "bad-input"}
RETRIES = {"retries": 3, "retry_delay": 1, "dinero_conn_id": "dinero_own"}
FALSE_PDF = Path(__file__).with_name("false.pdf")

# What makes the operator, and what the error says.
OPERATORS: dict[str, tuple[Callable[[], BaseOperator], str]] = {
    "no_pro": (
        lambda: DineroUpsertContactOperator(task_id="it", contact=CONTACT, dinero_conn_id="dinero_no_pro"),
        "The organization needs a Dinero Pro subscription",
    ),
    "other_organization": (
        lambda: DineroUpsertContactOperator(task_id="it", contact=CONTACT, organization_id=100002),
        "Check organization_id: the credentials may be for another organization",
    ),
    "missing_field": (
        lambda: DineroUpsertContactOperator(
            task_id="it", contact={"Name": "Bad Input", "IsPerson": True, "ExternalReference": "bad-input"}
        ),
        "CountryKey is missing",
    ),
    "misspelt_property": (
        lambda: DineroCreateInvoiceOperator(task_id="it", invoice={"ProductLines": [{**LINE, "BaseAmuontValue": 100}]}),
        "ProductLines[0].BaseAmuontValue is unknown to Dinero, did you mean BaseAmountValue?",
    ),
    "unknown_contact": (
        lambda: DineroCreateInvoiceOperator(task_id="it", invoice={"ContactGuid": NOBODY, "ProductLines": [LINE]}),
        "invalidContactId",
    ),
    "unknown_account": (
        lambda: DineroCreateInvoiceOperator(task_id="it", invoice={"ProductLines": [{**LINE, "AccountNumber": 4711}]}),
        "Use a number from the organization's chart of accounts",
    ),
    "false_pdf": (
        lambda: DineroUploadFileOperator(task_id="it", file_path=str(FALSE_PDF)),
        "The content of false.pdf doesn't match its name",
    ),
    "no_file": (
        lambda: DineroUploadFileOperator(task_id="it", file_path="/nowhere/receipt.pdf"),
        "There is no file /nowhere/receipt.pdf",
    ),
    "unknown_invoice": (
        lambda: DineroBookInvoiceOperator(task_id="it", invoice=NOBODY),
        "Check the Guid and the organization_id",
    ),
    "no_guid": (
        lambda: DineroSendInvoiceOperator(task_id="it", invoice="{{ 'not a guid' }}"),
        "'not a guid' is not an id",
    ),
    "no_resource": (
        lambda: DineroChangesSensor(
            task_id="it", changes_since="2026-01-01T00:00:00Z", resource="vouchers", poke_interval=1
        ),
        "You can't follow the changes of 'vouchers'",
    ),
    "no_api_key": (
        lambda: DineroBookInvoiceOperator(task_id="it", invoice=NOBODY, dinero_conn_id="dinero_no_api_key"),
        "no api_key",
    ),
    "dead_refresh_token": (
        lambda: DineroBookInvoiceOperator(task_id="it", invoice=NOBODY, dinero_conn_id="dinero_dead_refresh_token"),
        "Run `airflow dinero authorize dinero_dead_refresh_token`",
    ),
    "empty_key": (
        lambda: DineroCreateInvoiceOperator(task_id="it", invoice={"ProductLines": [LINE]}, idempotency_key="{{ '' }}"),
        "The idempotency_key is empty",
    ),
    "own_guid": (
        lambda: DineroCreateInvoiceOperator(task_id="it", invoice={"Guid": NOBODY, "ProductLines": [LINE]}),
        "Leave it out: it is derived from the idempotency_key",
    ),
    "text_for_dict": (
        lambda: DineroBookInvoiceOperator(task_id="it", invoice="{{ {'Guid': 'x'} }}"),
        "A template renders text",
    ),
    "no_guid_in_dict": (
        lambda: DineroBookInvoiceOperator(task_id="it", invoice={"Number": 1}),
        "The invoice has no Guid",
    ),
    "no_number": (
        lambda: DineroBookInvoiceOperator(task_id="it", invoice=NOBODY, number="{{ 'one' }}"),
        "number: 'one' is not a whole number",
    ),
    "empty_organization": (
        lambda: DineroUpsertContactOperator(task_id="it", contact=CONTACT, organization_id="{{ '' }}"),
        "No organization was given",
    ),
    "no_connection": (
        lambda: DineroBookInvoiceOperator(task_id="it", invoice=NOBODY, dinero_conn_id="nowhere"),
        "There is no connection nowhere",
    ),
    "read_only": (
        lambda: DineroUpsertContactOperator(task_id="it", contact=CONTACT, dinero_conn_id="dinero_read_only"),
        "This connection is read-only",
    ),
}
# The code of a plain task, which knows nothing about the provider's errors.
PLAIN: dict[str, tuple[Callable[[], object], str]] = {
    "no_pro": (
        lambda: list(DineroHook("dinero_no_pro").get_conn().invoices.list()),
        "The organization needs a Dinero Pro subscription",
    ),
    "misspelt_property": (
        lambda: DineroHook("dinero_own").get_conn().contacts.create({**CONTACT, "Nmae": "x"}),
        "Nmae is unknown to Dinero, did you mean Name?",
    ),
    "unknown_contact": (
        lambda: DineroHook("dinero_own").get_conn().contacts.get(NOBODY),
        "Check the Guid and the organization_id",
    ),
    "false_pdf": (
        lambda: DineroHook("dinero_own").get_conn().files.upload(b"hello", "plain.pdf"),
        "The content of plain.pdf doesn't match its name",
    ),
    "no_connection_organization": (
        lambda: DineroHook("dinero_no_organization").get_conn().contacts.get(NOBODY),
        "Set organization_id in the connection",
    ),
}


@pytest.fixture
def bench(bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Bench:
    """With a connection for each thing that can be wrong in one."""
    urls = dict.fromkeys(GROUPS, bench.sandbox.url)
    for name, value in connections(urls, str(tmp_path / "scarce")).items():
        monkeypatch.setenv(name, value)
    return bench


def test_a_conflict(bench: Bench) -> None:
    with bench.dag(default_args=RETRIES) as dag:
        first = DineroCreateInvoiceOperator(
            task_id="first", invoice={"ProductLines": [LINE]}, idempotency_key="conflict"
        )
        first >> DineroCreateInvoiceOperator(
            task_id="it", invoice={"ProductLines": [{**LINE, "Quantity": 2}]}, idempotency_key="conflict"
        )
    assert "ProductLines[0].Quantity: Dinero has '1', you gave '2'" in failed(bench, dag).error
    assert made(bench) == {"invoices": 1}


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_fails_at_once_and_says_what_to_do(bench: Bench, name: str) -> None:
    make, says = OPERATORS[name]
    with bench.dag(default_args=RETRIES) as dag:
        make()
    it = failed(bench, dag)
    assert says in it.error
    assert made(bench) == {}
    # Airflow prints a traceback above the text, of which no frame is ours, and the last line says what to do.
    assert not [each for each in extract_tb(it.errors[0].__traceback__) if "airflow_provider_dinero" in each.filename]
    happened, remedy = it.error.splitlines()
    lines = [line for line in it.log.splitlines() if line.endswith((happened, remedy))]
    assert [line.endswith(remedy) for line in lines[:2]] == [False, True], it.log


@pytest.mark.parametrize("name", PLAIN)
def test_so_does_a_plain_task(bench: Bench, name: str) -> None:
    work, says = PLAIN[name]
    with bench.dag(default_args=RETRIES) as dag:

        @task
        def it() -> None:
            work()

        it()
    assert says in failed(bench, dag).error
    assert made(bench) == {}


def failed(bench: Bench, dag: DAG) -> Instance:
    """Run a DAG whose task `it` fails at its first try."""
    it = bench.run(dag)["it"]
    assert (it.state, len(it.errors)) == ("failed", 1)
    for secret in ("sandbox-secret", "sandbox-api-key", "sandbox-refresh-token"):
        assert secret not in it.log
    return it


def made(bench: Bench) -> dict[str, int]:
    """How many of what the sandbox holds."""
    return {name: number for name in ("contacts", "files", "invoices") if (number := bench.sandbox.state()[name])}
