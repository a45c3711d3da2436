"""What all operators share."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from airflow_provider_dinero.assets import dinero_asset
from airflow_provider_dinero.operators.call import DineroOperator
from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.invoices import DineroBookInvoiceOperator, DineroCreateInvoiceOperator
from airflow_provider_dinero.operators.reminders import DineroRemindOperator
from airflow_provider_dinero.operators.trade_offers import DineroCreateTradeOfferOperator
from airflow_provider_dinero.retry_policy import DINERO_RETRY_POLICY
from tests.conftest import CONTACT, line
from tests.operators.bench import Bench

INVOICE: dict[str, Any] = {"ProductLines": [line()]}


def test_a_cleared_run_makes_nothing_new(bench: Bench) -> None:
    with bench.dag() as dag:
        draft = DineroCreateInvoiceOperator(task_id="draft", invoice=INVOICE)
        DineroCreateInvoiceOperator.partial(task_id="many").expand(invoice=[INVOICE] * 2)
    first = bench.run(dag)
    again = bench.again(first)
    assert first.state == again.state == "success"
    for place in ("draft", ("many", 0), ("many", 1)):
        assert first[place].returned["Change"] == "created"
        assert again[place].returned["Change"] == "unchanged"
    assert draft.task_id in again.tasks
    assert bench.sandbox.state()["invoices"] == 3


@pytest.mark.usefixtures("hurried")
def test_a_temporary_error_is_tried_again_and_a_permanent_one_is_not(bench: Bench) -> None:
    bench.sandbox.fault("status", status=503, method="POST", path="/**/invoices", times=4)
    told = bench.one(DineroCreateInvoiceOperator, invoice=INVOICE, retries=3)
    assert (told.state, len(told.errors), told.returned["Change"]) == ("success", 1, "created")
    told = bench.one(DineroBookInvoiceOperator, invoice={"TimeStamp": "x"}, retries=3)
    assert (told.state, len(told.errors), told.delays) == ("failed", 1, [])
    assert "The invoice has no Guid" in told.error


def test_the_button_leads_to_the_document(bench: Bench, beside: Any) -> None:
    from airflow_provider_dinero.api import DineroClient, PersonalIntegration
    from airflow_provider_dinero.links import document_url

    made = beside.contacts.create(CONTACT)
    pages = f"{bench.sandbox.url}/_sandbox/ui/100001"
    draft = bench.one(DineroCreateInvoiceOperator, invoice=INVOICE)
    assert draft.link == f"{pages}/sales/{draft.returned['Guid']}"
    assert requests.get(draft.link, timeout=10).url == f"{pages}/invoices"  # a draft has no PDF
    beside.invoices.update(draft.returned["Guid"], {**INVOICE, "ContactGuid": made["ContactGuid"]})
    beside.invoices.book(draft.returned["Guid"])
    assert requests.get(draft.link, timeout=10).content.startswith(b"%PDF")
    assert f'/sales/{draft.returned["Guid"]}"' in requests.get(f"{pages}/invoices", timeout=10).text
    offer = bench.one(DineroCreateTradeOfferOperator, trade_offer={**INVOICE, "ContactGuid": made["ContactGuid"]})
    assert requests.get(offer.link, timeout=10).content.startswith(b"%PDF")
    contact = bench.one(DineroUpsertContactOperator, contact={**CONTACT, "ExternalReference": "c"})
    assert contact.link == f"{bench.sandbox.url}/"
    for place, shown in (("purchases/guid", "/100001/books"), ("ledger", "/100001/books"), ("products", "")):
        assert requests.get(f"{pages}/{place}", timeout=10).url.endswith(f"{shown or '/'}")
    assert requests.get(f"{pages}/tradeoffers/nothing", timeout=10).status_code == 404
    real = DineroClient(4711, PersonalIntegration("id", "secret", "key"))
    assert document_url(real, "sales/guid") == "https://app.dinero.dk/4711/sales/guid"
    assert document_url(real) == "https://app.dinero.dk/4711"


@pytest.fixture
def lineage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The lineage that Airflow collects, as a plugin reads it."""
    from airflow.sdk import lineage, plugins_manager

    monkeypatch.setattr(plugins_manager, "get_hook_lineage_readers_plugins", lambda: [lineage.HookLineageReader])
    lineage.get_hook_lineage_collector.cache_clear()
    yield lambda: lineage.HookLineageReader().retrieve_hook_lineage()
    lineage.get_hook_lineage_collector.cache_clear()


def test_lineage_names_what_was_written_and_what_was_read(bench: Bench, lineage: Any) -> None:
    bench.one(DineroCreateInvoiceOperator, invoice=INVOICE, dry_run=True)
    bench.one(DineroBookInvoiceOperator, invoice="not a guid")
    assert (lineage().inputs, lineage().outputs) == ([], [])
    bench.one(DineroCreateInvoiceOperator, invoice=INVOICE)
    bench.one(DineroOperator, operation="contacts.list")
    assert [each.asset.uri for each in lineage().outputs] == ["dinero://dinero_default/invoices"]
    assert [each.asset.uri for each in lineage().inputs] == ["dinero://dinero_default/contacts"]


def test_assets_are_checked_where_a_dag_names_them() -> None:
    from airflow.sdk import Asset

    assert Asset("dinero://c/invoices/?x=1#y").uri == "dinero://c/invoices"
    assert dinero_asset("c", "invoices", 100001).uri == "dinero://c/100001/invoices"
    for wrong in ("dinero:///invoices", "dinero://c", "dinero://c/one/invoices", "dinero://c/1/2/invoices"):
        with pytest.raises(ValueError, match="The URI of a Dinero asset is dinero://<connection>/<resource>"):
            Asset(wrong)


@pytest.mark.parametrize("outlet", [False, True])
def test_a_dag_that_runs_on_changes_and_writes_comes_to_rest(bench: Bench, outlet: bool) -> None:
    from airflow.models.asset import AssetDagRunQueue, AssetEvent
    from airflow.utils.session import create_session
    from sqlalchemy import func, select

    asset = dinero_asset("dinero_default", "contacts")
    with bench.dag(schedule=[asset], is_paused_upon_creation=False) as dag:
        DineroUpsertContactOperator(task_id="it", contact=CONTACT, outlets=[asset] if outlet else [])
    assert bench.run(dag)["it"].returned["Change"] == "created"
    with create_session() as session:
        counts = [session.scalar(select(func.count()).select_from(model)) for model in (AssetEvent, AssetDagRunQueue)]
    # With an outlet, which the author has to name, the DAG would run again and again.
    assert counts == [int(outlet)] * 2


class Clock:
    """The clock of pace and budget, which a test puts forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def time(self) -> float:
        return time.time() + self.ahead

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    from airflow_provider_dinero.coordination.files import FileBudget

    clock = Clock()
    monkeypatch.setattr("airflow_provider_dinero.api.http.pace.time", clock)
    monkeypatch.setattr(FileBudget.__init__, "__defaults__", (clock.time,))
    return clock


def scarce(bench: Bench, monkeypatch: pytest.MonkeyPatch, folder: Path, allowance: int) -> Any:
    """Let the connection have this allowance, which others have used up for a minute; return a client of it."""
    from airflow_provider_dinero.hooks.dinero import DineroHook

    made = bench.sandbox.connection()
    made["extra"].update(requests_per_minute=allowance, coordination_url=str(folder))
    monkeypatch.setenv("AIRFLOW_CONN_DINERO_DEFAULT", json.dumps(made))
    client = DineroHook().get_conn()
    while client.pace.free():
        pass
    assert client.remaining() == 0
    return client


def paths(bench: Bench) -> list[str]:
    return [f"{each['method']} {each['path'].split('?')[0].rsplit('/', 1)[-1]}" for each in bench.sandbox.requests()]


@pytest.mark.usefixtures("hurried")
def test_a_task_defers_keeps_its_slot_and_goes_on_at_its_step(
    bench: Bench, beside: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    contact = beside.contacts.create({**CONTACT, "Email": "bjorn@example.no"})
    late = {"Date": "2026-01-05", "PaymentConditionType": "Netto", "PaymentConditionNumberOfDays": 5}
    invoice = beside.invoices.create({"ContactGuid": contact["ContactGuid"], **late, **INVOICE})["Guid"]
    beside.invoices.book(invoice)
    client = scarce(bench, monkeypatch, tmp_path, 6)

    def pass_by() -> None:
        clock.ahead += 130

    bench.while_deferred = pass_by
    # The next six are but a minute away, which is waited for: the token, and what leads to the draft.
    before = len(paths(bench))
    told = bench.one(DineroRemindOperator, invoice=invoice, date="2026-02-01", book=True, send="email")
    assert told.state == "success", told.errors
    assert paths(bench)[before:] == [
        "POST token",
        f"GET {invoice}",
        "GET reminders",
        f"GET {contact['ContactGuid']}",
        "GET next",
        "POST reminders",
        # Here it has deferred, and the steps before aren't done again.
        "POST book",
        "GET mailouts",
        "POST email",
    ]
    (kept,) = told.deferrals
    assert "slot" in str(kept)
    assert "draft" in str(kept)
    assert "the request allowance is used up: this task continues at" in told.log
    assert client.remaining() == 3  # of six: the kept one was used, and two more


def test_a_plain_task_fails_at_once_where_repeating_cant_help(bench: Bench) -> None:
    from airflow.sdk import task

    from airflow_provider_dinero.hooks.dinero import DineroHook

    with bench.dag() as dag:

        @task(retries=2)
        def book() -> None:
            DineroHook().get_conn().invoices.book("3d1c3e5e-5b1f-4a35-9b3a-0a1f7d0f4c3e")

        book()
    told = bench.run(dag)["book"]
    assert (told.state, len(told.errors)) == ("failed", 1)
    assert "Check the Guid and the organization_id" in told.error


@pytest.mark.usefixtures("hurried")
def test_a_plain_task_that_is_throttled_is_tried_again_when_the_allowance_is_free(
    bench: Bench, clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from airflow.sdk import task

    from airflow_provider_dinero.hooks.dinero import DineroHook

    with bench.dag() as dag:

        @task(retries=1, retry_policy=DINERO_RETRY_POLICY)
        def read() -> int:
            client = DineroHook().get_conn()
            return len([client.organizations.subscriptions() for _ in range(4)])

        read()
    scarce(bench, monkeypatch, tmp_path, 3)
    told = bench.run(dag)["read"]
    assert (told.state, len(told.errors)) == ("failed", 2)
    assert "The request allowance is used up until" in told.error
    assert 100 < told.delays[0].total_seconds() < 130
    clock.ahead = 200
    assert bench.run(dag)["read"].returned == 4


@pytest.mark.parametrize(
    "error", [ValueError("of an author"), KeyError("of-an-author"), ArithmeticError("of an author")]
)
def test_what_fails_beside_dinero_is_not_told_as_an_answer_of_dineros(bench: Bench, error: Exception) -> None:
    class Mine(DineroCreateInvoiceOperator):
        def perform(self, context: Any) -> dict[str, Any]:
            super().perform(context)
            raise error

    told = bench.one(Mine, invoice=INVOICE)
    assert (told.state, type(told.errors[0])) == ("failed", type(error))
