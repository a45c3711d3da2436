"""Changes to object storage: nothing is lost, files are complete, and the same window gives the same file."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.storage import store
from airflow_provider_dinero.transfers.object_storage import (
    DineroChangesToObjectStorageOperator,
    DineroEntriesToObjectStorageOperator,
)
from airflow_provider_dinero.transfers.progress_store import Kept
from tests.operators.bench import Bench, Instance
from tests.transfers.conftest import Lists, Row, booked, contact, draft, rows_of, transfer

Later = Callable[..., None]


def keys(told: Row, key: str = "ContactGuid") -> dict[str, str]:
    return {row[key]: row["Change"] for row in rows_of(told)}


def test_all_the_first_time_and_then_only_changes(bench: Bench, beside: DineroClient, tmp_path: Path) -> None:
    dag = transfer(bench, str(tmp_path))
    first, second = contact(beside, "a"), contact(beside, "b")
    told = bench.run(dag)["it"].returned
    assert keys(told) == {first: "created", second: "created"}
    assert (told["since"], told["rows"], told["created"], told["organization"]) == (None, 2, 2, 100001)
    (file,) = told["files"]
    path = Path(file["path"])
    assert path == tmp_path / "contacts" / "100001" / f"full--{told['until']}.ndjson".replace(":", "")
    assert (file["rows"], file["bytes"]) == (2, path.stat().st_size)
    assert file["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    third = contact(beside, "c")
    beside.contacts.delete(first)
    again = bench.run(dag)["it"].returned  # within the overlap: rows that were seen aren't written again
    assert again["since"] == told["until"]
    assert keys(again) == {third: "created", first: "deleted"}


def test_nothing_changed_makes_no_file(bench: Bench, beside: DineroClient, tmp_path: Path, later: Later) -> None:
    dag = transfer(bench, str(tmp_path))
    contact(beside, "a")
    told = bench.run(dag)["it"].returned
    later(minutes=1)
    again = bench.run(dag)["it"].returned
    assert (again["rows"], again["files"]) == (0, [])
    assert again["until"] > again["since"] == told["until"]
    assert len(list(tmp_path.rglob("*.ndjson"))) == 1


@pytest.mark.parametrize("resource", ["invoices", "credit_notes", "sales", "products", "trade_offers"])
def test_deleted_rows_take_one_request_more(
    bench: Bench, beside: DineroClient, tmp_path: Path, lists: Lists, resource: str
) -> None:
    dag = transfer(bench, str(tmp_path), resource)
    bench.run(dag)
    name = {"credit_notes": "creditnotes", "trade_offers": "tradeoffers"}.get(resource, resource)
    assert lists.read() == [name]
    bench.run(dag)
    assert lists.read() == [name, f"{name} deleted"]


def test_37_changed_and_5_deleted_cost_two_requests(
    bench: Bench, beside: DineroClient, tmp_path: Path, lists: Lists, later: Later
) -> None:
    dag = transfer(bench, str(tmp_path), "invoices")
    bench.sandbox.seed(invoices=500)
    gone = [draft(beside) for _ in range(5)]
    later(minutes=10)
    assert bench.run(dag)["it"].returned["rows"] == 505
    later(minutes=10)
    for guid in gone:
        beside.invoices.delete(guid)
    made = [draft(beside) for _ in range(37)]
    lists.read()
    told = bench.run(dag)["it"].returned
    assert lists.read() == ["invoices", "invoices deleted"]
    assert keys(told, "Guid") == {**dict.fromkeys(made, "created"), **dict.fromkeys(gone, "deleted")}
    later(minutes=10)
    assert bench.run(dag)["it"].returned["rows"] == 0
    assert lists.read() == ["invoices", "invoices deleted"]


def test_deleted_rows_can_be_asked_for_more_rarely(
    bench: Bench, beside: DineroClient, tmp_path: Path, lists: Lists, later: Later
) -> None:
    dag = transfer(bench, str(tmp_path), "invoices", deletes_every=3)
    guids = [draft(beside) for _ in range(3)]
    bench.run(dag)
    found: list[dict[str, str]] = []
    for guid in guids:
        later(minutes=10)
        beside.invoices.delete(guid)
        lists.read()
        found.append(keys(bench.run(dag)["it"].returned, "Guid"))
        assert len(lists.read()) == (2 if guid == guids[2] else 1)
    assert found == [{}, {}, dict.fromkeys(guids, "deleted")]
    later(minutes=10)
    assert bench.run(dag)["it"].returned["rows"] == 0


def test_deleted_rows_can_be_left_out(bench: Bench, beside: DineroClient, tmp_path: Path, lists: Lists) -> None:
    contacts = transfer(bench, str(tmp_path), include_deleted=False)
    invoices = transfer(bench, str(tmp_path), "invoices", include_deleted=False)
    gone, draft_gone = contact(beside, "a"), draft(beside)
    bench.run(contacts)
    bench.run(invoices)
    beside.contacts.delete(gone)
    beside.invoices.delete(draft_gone)
    lists.read()
    assert [bench.run(dag)["it"].returned["rows"] for dag in (contacts, invoices)] == [0, 0]
    assert lists.read() == ["contacts", "invoices"]


def test_a_try_that_fails_before_the_mark_moves_is_repeated_with_the_same_window(
    bench: Bench, beside: DineroClient, tmp_path: Path, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    dag = transfer(bench, str(tmp_path), retries=1)
    first = contact(beside, "a")
    names: list[list[str]] = []
    end = Kept.end

    def fail_once(self: Kept, *arguments: Any) -> None:
        names.append(sorted(each.name for each in tmp_path.rglob("*.ndjson")))
        if len(names) == 1:
            later(minutes=10)
            names.append([contact(beside, "meanwhile")])
            raise RuntimeError("between file and mark")
        end(self, *arguments)

    monkeypatch.setattr(Kept, "end", fail_once)
    it = bench.run(dag)["it"]
    assert (it.state, len(it.errors)) == ("success", 1)
    before, (meanwhile,), after = names
    assert before == after
    assert len(after) == 1
    assert keys(it.returned) == {first: "created"}  # what came later belongs to the next window
    assert keys(bench.run(dag)["it"].returned) == {meanwhile: "created"}


def test_a_failure_in_mid_write_leaves_no_file(
    bench: Bench, beside: DineroClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dag, first = transfer(bench, str(tmp_path), retries=1), contact(beside, "a")
    copy, tries = store.shutil.copyfile, []

    def break_off(source: Path, target: Path) -> None:
        tries.append(target)
        copy(source, target)
        if len(tries) == 1:
            target.write_bytes(source.read_bytes()[:20])
            raise OSError("no space left on device")

    monkeypatch.setattr(store.shutil, "copyfile", break_off)
    with monkeypatch.context() as patch:
        patch.setattr(Kept, "end", lambda *arguments: pytest.fail("the mark moved"))
        with bench.dag() as other:
            DineroChangesToObjectStorageOperator(task_id="it", resource="contacts", path=str(tmp_path))
        assert "OSError: no space left on device." in bench.run(other)["it"].error
    assert [each for each in (tmp_path / "contacts").rglob("*") if each.is_file()] == []
    assert keys(bench.run(dag)["it"].returned) == {first: "created"}


@pytest.mark.usefixtures("hurried")
def test_a_list_that_breaks_off_leaves_no_file(bench: Bench, beside: DineroClient, tmp_path: Path) -> None:
    dag = transfer(bench, str(tmp_path), "invoices")
    draft(beside)
    bench.run(dag)
    made = draft(beside)
    before = sorted(tmp_path.rglob("*"))
    bench.sandbox.fault("status", status=503, path="/v1/*/invoices")
    assert bench.run(dag)["it"].state == "failed"
    assert sorted(tmp_path.rglob("*")) == before
    bench.sandbox.clear_faults()
    assert keys(bench.run(dag)["it"].returned, "Guid") == {made: "created"}


def test_a_window_of_a_sensor(bench: Bench, beside: DineroClient, tmp_path: Path, later: Later) -> None:
    first = contact(beside, "a")
    later(minutes=10)
    second, third = contact(beside, "b"), contact(beside, "c")
    told = bench.one(DineroChangesToObjectStorageOperator, resource="contacts", path=str(tmp_path)).returned
    later(minutes=1)
    fourth = contact(beside, "d")
    window = {"since": told["until"], "until": told["until"], "resource": "contacts", "consumer": "x", "count": 2}

    def moved() -> Instance:
        place = f"file://{tmp_path}/window"
        return bench.one(DineroChangesToObjectStorageOperator, resource="contacts", path=place, changes=window)

    found = moved().returned
    text = Path(found["files"][0]["path"].removeprefix("file://")).read_text()
    rows = [json.loads(row) for row in text.splitlines()]
    assert {row["ContactGuid"] for row in rows} == {second, third}
    assert first not in found
    later(hours=1)
    assert moved().returned == found  # however late it is read
    window["until"] = found["until"].replace("20", "21", 1)
    assert fourth in Path(moved().returned["files"][0]["path"].removeprefix("file://")).read_text()


def test_what_is_no_window_is_refused(bench: Bench, tmp_path: Path) -> None:
    for changes in ({"since": "2026-01-01"}, {"since": "2026-01-01", "until": "2026-01-02", "resource": "invoices"}):
        told = bench.one(
            DineroChangesToObjectStorageOperator, resource="contacts", path=str(tmp_path), changes=changes, retries=2
        )
        assert (told.state, len(told.errors)) == ("failed", 1)
        assert "not a window of contacts" in told.error


def test_entries(bench: Bench, beside: DineroClient, tmp_path: Path, lists: Lists, later: Later) -> None:
    with bench.dag() as dag:
        DineroEntriesToObjectStorageOperator(task_id="it", path=str(tmp_path))
    booked(beside)
    lists.read()
    first = bench.run(dag)["it"].returned
    assert first["rows"] == 2
    assert set(lists.read()) == {"accountingyears", "entries"}
    later(minutes=10)
    booked(beside)
    second = bench.run(dag)["it"].returned
    assert lists.read() == ["changes"]
    assert second["rows"] == 2
    assert not keys(first, "EntryGuid").keys() & keys(second, "EntryGuid").keys()
    assert bench.run(dag)["it"].returned["rows"] == 0
    window = {"since": second["since"], "until": second["until"]}
    with bench.dag() as again:
        DineroEntriesToObjectStorageOperator(task_id="it", path=str(tmp_path / "again"), changes=window)
    # The whole window, also what of its overlap was in the one before.
    assert keys(bench.run(again)["it"].returned, "EntryGuid").keys() >= keys(second, "EntryGuid").keys()


def test_two_consumers_and_two_organizations_have_marks_of_their_own(
    bench: Bench, beside: DineroClient, tmp_path: Path
) -> None:
    guid = contact(beside, "a")
    with bench.dag() as dag:
        for consumer in ("x", "y"):
            DineroChangesToObjectStorageOperator(
                task_id=consumer, resource="contacts", path=str(tmp_path / consumer), consumer=consumer
            )
    run = bench.run(dag)
    assert keys(run["x"].returned) == keys(run["y"].returned) == {guid: "created"}


def test_a_dry_run_writes_nothing(bench: Bench, beside: DineroClient, tmp_path: Path) -> None:
    contact(beside, "a")
    dag = transfer(bench, str(tmp_path), consumer="x", dry_run=True)
    for _ in range(2):
        told = bench.run(dag)["it"].returned
        assert (told["DryRun"], told["rows"], told["files"]) == (True, 1, [])
    assert not (tmp_path / "contacts").exists()
    assert bench.run(transfer(bench, str(tmp_path), consumer="x"))["it"].returned["since"] is None


def test_a_mark_needs_a_connection_that_is_known() -> None:
    arguments: Row = {"task_id": "it", "resource": "contacts", "path": "/tmp", "dinero_conn_id": "{{ params.conn }}"}
    with pytest.raises(ValueError, match="without a template"):
        DineroChangesToObjectStorageOperator(**arguments)
    DineroChangesToObjectStorageOperator(**arguments, changes={})


def test_an_unknown_resource_is_told(bench: Bench, tmp_path: Path) -> None:
    assert (
        "You can't follow the changes of 'invoice'" in bench.run(transfer(bench, str(tmp_path), "invoice"))["it"].error
    )
