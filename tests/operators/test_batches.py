"""Lists in one task: their sources, what Airflow stores of them, the report, and the cost of a second run."""

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from airflow_provider_dinero.adapters import progress
from airflow_provider_dinero.api.errors import DineroThrottled
from airflow_provider_dinero.assets import dinero_asset
from airflow_provider_dinero.operators.batches import DineroInvoicesOperator
from tests.api.batch_shop import order, orders
from tests.conftest import line
from tests.operators.bench import Bench

LIFE: dict[str, Any] = {"book": True, "send": "email"}


def requests(bench: Bench, before: int) -> list[str]:
    """What was asked for since then, but for tokens."""
    return [each["path"] for each in bench.sandbox.requests()[before:] if "token" not in each["path"]]


def test_a_list_of_another_task_and_what_airflow_stores_of_it(bench: Bench) -> None:
    """The second run of the DAG finds by two requests that nothing is left to do: the notes are the asset's."""
    from airflow.models.renderedtifields import RenderedTaskInstanceFields
    from airflow.sdk import task
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with bench.dag() as dag:

        @task(multiple_outputs=False)
        def read() -> list[dict[str, Any]]:
            return orders(6)

        DineroInvoicesOperator(task_id="it", invoices=read(), **LIFE)
    first = bench.run(dag)["it"]
    assert first.state == "success", first.errors
    assert {name: first.returned[name] for name in ("items", "created", "TotalInclVat")} == {
        "items": 6, "created": 6, "TotalInclVat": {"DKK": "750.00"},
    }  # fmt: skip
    assert [row["Number"] for row in first.returned["Report"]] == [1, 2, 3, 4, 5, 6]
    before = len(bench.sandbox.requests())
    again = bench.run(dag)["it"]
    assert (again.returned["unchanged"], len(requests(bench, before))) == (6, 2)
    assert "6 unchanged" in again.log
    with create_session() as session:
        stored = [each.rendered_fields for each in session.scalars(select(RenderedTaskInstanceFields))]
    assert [each["invoices"] for each in stored if "invoices" in each] == ["6 items"] * 2
    assert "customer-1@example.dk" not in str(stored)


def test_a_file_and_its_report(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report beside the file names bad lines; once corrected, only they are processed. The UI shows progress."""
    from airflow.models.task_state_store import TaskStateStoreModel
    from airflow.utils.session import create_session

    monkeypatch.setattr(progress, "PERIOD", 0.0)
    place = tmp_path / "orders.ndjson"
    listed = orders(5)
    listed[3] = order(3, invoice={"ProductLines": [line(AccountNumber=999_999)]})
    place.write_text("".join(f"{json.dumps(each)}\n\n" for each in listed) + "{\n")
    told = bench.one(DineroInvoicesOperator, path=str(place), **LIFE, retries=2)
    assert (told.state, len(told.errors)) == ("failed", 1)
    assert "2 of 6 items failed: order-3: " in told.error
    rows = [json.loads(each) for each in (tmp_path / "orders.report.ndjson").read_text().splitlines()]
    assert [row["Change"] for row in rows] == ["created"] * 3 + ["failed", "created", "failed"]
    assert rows[5]["Message"].startswith("The item is not JSON")
    with create_session() as session:
        (kept,) = session.scalars(select(TaskStateStoreModel.value).filter_by(key="progress"))
    assert json.loads(kept).startswith("6 of 6 items of invoices, ")
    place.write_text("".join(f"{json.dumps(each)}\n" for each in orders(5)))
    mended = bench.one(DineroInvoicesOperator, path="{{ params.place }}", params={"place": str(place)}, **LIFE)
    assert (mended.returned["created"], mended.returned["unchanged"]) == (1, 4)
    assert mended.returned["Report"] == str(tmp_path / "orders.report.ndjson")
    assert sorted(int(each["number"]) for each in bench.sandbox.outbox()) == [1, 2, 3, 4, 5]


def test_progress_is_told_from_the_first_request_on(
    bench: Bench, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while drafts are created and no item is done yet."""
    monkeypatch.setattr(progress, "PERIOD", 0.0)
    bench.one(DineroInvoicesOperator, invoices=orders(8), **LIFE)
    lines = re.findall(r"(\d) of 8 items of invoices, (\d+) requests", caplog.text)
    assert [done for done, _ in lines] == ["0", "0", "0", "4", "8", "8"]
    assert lines[-1][1] == str(len(requests(bench, 0)))


def test_a_function_that_yields(bench: Bench, tmp_path: Path) -> None:
    def read(**context: Any) -> Iterator[dict[str, Any]]:
        yield from orders(context["params"]["count"])

    place = tmp_path / "reports" / "told.ndjson"
    told = bench.one(
        DineroInvoicesOperator, invoices_callable=read, params={"count": 3}, report_path=str(place), book=True
    )
    assert (told.returned["created"], len(place.read_text().splitlines())) == (3, 3)
    assert bench.one(DineroInvoicesOperator, invoices_callable=lambda: orders(3), book=True).returned["unchanged"] == 3


def test_batches_mapped(bench: Bench) -> None:
    with bench.dag() as dag:
        DineroInvoicesOperator.partial(
            task_id="it", inlets=[dinero_asset("dinero_default", "invoices")], **LIFE
        ).expand(invoices=[orders(6)[:3], orders(6)[3:]])
    run = bench.run(dag)
    assert [run["it", index].returned["created"] for index in range(2)] == [3, 3]
    before = len(bench.sandbox.requests())
    assert bench.run(dag)["it", 1].returned["unchanged"] == 3
    assert len(requests(bench, before)) == 4


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "Pass one of invoices, path, invoices_callable"),
        ({"invoices": [], "path": "x"}, "Pass one of invoices, path, invoices_callable"),
        ({"invoices": [], "send": "email"}, "Set book=True"),
    ],
)
def test_what_can_be_seen_when_the_dag_is_read(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        DineroInvoicesOperator(task_id="it", **given)


def test_what_is_no_list(bench: Bench) -> None:
    told = bench.one(DineroInvoicesOperator, invoices="{{ params }}", **LIFE)
    assert "invoices: this must be a list of dicts, not str" in told.error
    assert bench.one(DineroInvoicesOperator, invoices=[], **LIFE).returned["items"] == 0


def test_a_task_that_is_stopped_leaves_its_report(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `execution_timeout` and SIGTERM do it: an exception in the midst of the work."""
    from airflow.sdk.exceptions import AirflowTaskTimeout

    from airflow_provider_dinero.api.batches.invoices import InvoiceRun

    finish, left = InvoiceRun._finish, [1]

    def stopped(self: Any, works: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise AirflowTaskTimeout("too long")
        finish(self, works)

    monkeypatch.setattr(InvoiceRun, "_finish", stopped)
    place = tmp_path / "told.ndjson"
    told = bench.one(DineroInvoicesOperator, invoices=orders(9), report_path=str(place), **LIFE)
    assert told.state == "failed"
    assert [json.loads(each)["Number"] for each in place.read_text().splitlines()] == [1, 2, 3, 4]


def test_a_dry_run_tells_what_would_be_done_and_writes_nothing(bench: Bench) -> None:
    listed = orders(6, expected_total="125.00")
    listed[4] = order(4, expected_total="100")
    bench.one(DineroInvoicesOperator, invoices=[listed[0]], **LIFE)
    before, mails = len(bench.sandbox.requests()), len(bench.sandbox.outbox())
    told = bench.one(DineroInvoicesOperator, invoices=listed, **LIFE, dry_run=True)
    assert "1 of 6 items failed: order-4: " in told.error
    assert "The other 5 items succeeded. Correct these" in told.error
    told = bench.one(DineroInvoicesOperator, invoices=[listed[4]], **LIFE, dry_run=True)
    assert "1 of 1 items failed: order-4: " in told.error
    assert "The other" not in told.error
    del listed[4]
    told = bench.one(DineroInvoicesOperator, invoices=listed, **LIFE, dry_run=True)
    names = ("DryRun", "created", "unchanged", "TotalInclVat", "requests", "minutes")
    assert {name: told.returned[name] for name in names} == {
        "DryRun": True, "created": 4, "unchanged": 1, "TotalInclVat": {"DKK": "625.00"}, "requests": 14, "minutes": 1,
    }  # fmt: skip
    assert told.returned["Report"][1]["Next"] == ["create", "book", "send"]
    written = [each for each in bench.sandbox.requests()[before:] if each["method"] != "GET"]
    assert all("token" in each["path"] or "/fetch" in each["path"] for each in written)
    assert len(bench.sandbox.outbox()) == mails
    # 12 requests for four invoices, and 2 contacts.
    before = len(bench.sandbox.requests())
    bench.one(DineroInvoicesOperator, invoices=listed, **LIFE)
    posted = [each for each in bench.sandbox.requests()[before:] if each["method"] == "POST"]
    assert sum("token" not in each["path"] for each in posted) == 14


def test_a_task_that_waits_for_the_allowance_goes_on_at_its_item(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It defers in the midst of the list; its report is that of one run, and nothing is made or tried twice."""
    from airflow_provider_dinero.api.batches.invoices import InvoiceRun

    finish, left = InvoiceRun._finish, [1]

    def throttled(self: Any, works: Any) -> None:
        left[0] -= 1
        if left[0] == -1:
            error = DineroThrottled("far away", until=datetime.now(UTC) + timedelta(minutes=5))
            error.slot = time.time()
            raise error
        finish(self, works)

    monkeypatch.setattr(InvoiceRun, "_finish", throttled)
    listed = orders(9)
    listed[2]["invoice"]["Comnent"] = "x"
    told = bench.one(DineroInvoicesOperator, invoices=listed, **LIFE)
    assert (len(told.deferrals), told.state) == (1, "failed")
    assert told.deferrals[0]["done"]["told"]["0"] == "created"
    assert "1 of 9 items failed: order-2: " in told.error
    posted = [each["path"].rpartition("/")[2] for each in bench.sandbox.requests() if each["method"] == "POST"]
    assert [posted.count(name) for name in ("invoices", "book", "email")] == [8, 8, 8]
    listed[2] = order(2)
    assert bench.one(DineroInvoicesOperator, invoices=listed, **LIFE).returned["created"] == 1
