"""The archive: only new documents are fetched, each is complete, and the index has them all."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG

from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.transfers.archive import DineroArchiveOperator
from airflow_provider_dinero.transfers.archive_files import Archive
from tests.conftest import line
from tests.operators.bench import Bench
from tests.transfers.conftest import Row, contact, draft

RECEIPT = b"%PDF-1.4 receipt"


def archive(bench: Bench, path: Any, **arguments: Any) -> DAG:
    with bench.dag() as dag:
        DineroArchiveOperator(task_id="it", path=path, **arguments)
    return dag


def invoice(client: DineroClient) -> Row:
    body = {"ContactGuid": contact(client, "Ida Holm"), "Date": "2026-11-20", "ProductLines": [line()]}
    return client.invoices.book(client.invoices.create(body)["Guid"])


def index(path: Path, kind: str) -> list[Row]:
    text = (path / "100001" / "index" / f"{kind}.ndjson").read_text()
    return [json.loads(each) for each in text.splitlines()]


def fetched(bench: Bench) -> int:
    """How many documents were fetched so far."""
    parts = [each["path"].partition("?")[0].split("/") for each in bench.sandbox.requests() if each["method"] == "GET"]
    return sum((path[3:4] in (["invoices"], ["files"]) and len(path) == 5) or path[-1] == "pdf" for path in parts)


def test_all_kinds_are_archived_once(bench: Bench, beside: DineroClient, tmp_path: Path) -> None:
    made, dag = invoice(beside), archive(bench, str(tmp_path))
    draft(beside)
    buyer = beside.invoices.get(made["Guid"])["ContactGuid"]
    body = {"CreditNoteFor": made["Guid"], "ContactGuid": buyer, "Date": "2026-11-21", "ProductLines": [line()]}
    note = beside.credit_notes.create(body)
    credit = beside.credit_notes.book(note["Guid"])
    file = beside.files.upload(RECEIPT, "receipt.pdf")["FileGuid"]
    before = fetched(bench)
    told = bench.run(dag)["it"].returned
    assert fetched(bench) == before + 3
    assert told["new"] == told["documents"] == {"invoices": 1, "credit_notes": 1, "files": 1}
    paths = {
        "invoices": f"invoices/2026/{made['Number']}-{made['Guid']}.pdf",
        "credit_notes": f"credit_notes/2026/{credit['Number']}-{credit['Guid']}.pdf",
        "files": f"files/{beside.files.list().__next__()['UploadedAt'][:4]}/{file}.pdf",
    }
    for kind, path in paths.items():
        content = (tmp_path / "100001" / path).read_bytes()
        assert content.startswith(b"%PDF")
        (known,) = index(tmp_path, kind)
        assert (known["path"], known["bytes"]) == (path, len(content))
        assert known["sha256"] == hashlib.sha256(content).hexdigest()
        assert told["index"][kind] == str(tmp_path / "100001" / "index" / f"{kind}.ndjson")
    (known,) = index(tmp_path, "invoices")
    assert (known["guid"], known["number"], known["date"]) == (made["Guid"], made["Number"], "2026-11-20")
    assert (known["contact"], known["total"], known["currency"]) == ("Ida Holm", 125, "DKK")
    later = invoice(beside)
    before = fetched(bench)
    told = bench.run(dag)["it"].returned
    assert told["new"] == {"invoices": 1, "credit_notes": 0, "files": 0}
    assert told["documents"] == {"invoices": 2, "credit_notes": 1, "files": 1}
    assert fetched(bench) == before + 1
    assert [each["guid"] for each in index(tmp_path, "invoices")] == [made["Guid"], later["Guid"]]


def test_a_crash_before_the_index_costs_no_download(
    bench: Bench, beside: DineroClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dag, made = archive(bench, str(tmp_path), kinds="invoices"), invoice(beside)
    with monkeypatch.context() as patch:
        patch.setattr(Archive, "write_index", lambda *arguments: 1 / 0)
        assert bench.run(dag)["it"].state == "failed"
    before = fetched(bench)
    told = bench.run(dag)["it"].returned
    assert (told["new"], told["documents"]) == ({"invoices": 0}, {"invoices": 1})
    assert fetched(bench) == before
    (known,) = index(tmp_path, "invoices")
    content = (tmp_path / "100001" / known["path"]).read_bytes()
    assert (known["guid"], known["contact"]) == (made["Guid"], "Ida Holm")
    assert known["sha256"] == hashlib.sha256(content).hexdigest()


def test_a_document_that_is_taken_out_comes_again(bench: Bench, beside: DineroClient, tmp_path: Path) -> None:
    dag = archive(bench, str(tmp_path), kinds=["invoices"])
    invoice(beside)
    bench.run(dag)
    (known,) = index(tmp_path, "invoices")
    (tmp_path / "100001" / known["path"]).unlink()
    assert bench.run(dag)["it"].returned["new"] == {"invoices": 1}


def test_what_was_deleted_in_dinero_stays(bench: Bench, beside: DineroClient, tmp_path: Path) -> None:
    dag = archive(bench, str(tmp_path), kinds=["files"])
    beside.files.upload(RECEIPT, "receipt.pdf")
    bench.run(dag)
    (known,) = index(tmp_path, "files")
    bench.sandbox.reset()
    assert bench.run(dag)["it"].returned["documents"] == {"files": 1}
    assert index(tmp_path, "files") == [known]


@pytest.mark.usefixtures("hurried")
def test_one_document_that_is_refused_keeps_no_other_out(bench: Bench, beside: DineroClient, tmp_path: Path) -> None:
    dag = archive(bench, str(tmp_path), kinds=["invoices"], retries=2)
    bad, good = invoice(beside), invoice(beside)
    bench.sandbox.fault(
        "status", status=404, body={"code": 40, "message": "gone"}, path=f"/v1/*/invoices/{bad['Guid']}"
    )
    it = bench.run(dag)["it"]
    assert (it.state, len(it.errors)) == ("failed", 1)
    assert f"1 documents could not be fetched: invoices {bad['Guid']}" in it.error
    assert [each["guid"] for each in index(tmp_path, "invoices")] == [good["Guid"]]
    bench.sandbox.clear_faults()
    assert bench.run(dag)["it"].returned["new"] == {"invoices": 1}
    assert {each["guid"] for each in index(tmp_path, "invoices")} == {good["Guid"], bad["Guid"]}


OUT = "../../../out"
GUID = "3f1d9a52-5f0e-5d55-9c39-4a1b6f7e2c10"
# What an answer may say of a document, and the path that the archive would have for it.
ODD = {
    "number": ({"Number": f"7/{OUT}"}, f"2026/7/{OUT}-{GUID}.pdf"),
    "date": ({"Date": "..//2026"}, f"..///7-{GUID}.pdf"),
    "guid": ({"Guid": OUT}, f"2026/7-{OUT}.pdf"),
    "nothing": ({"Number": None}, f"2026/None-{GUID}.pdf"),
}


@pytest.mark.parametrize("name", ODD)
def test_no_answer_leads_out_of_the_archive(bench: Bench, tmp_path: Path, name: str) -> None:
    odd, path = ODD[name]
    row = {"Guid": GUID, "Number": 7, "Date": "2026-11-20", "ContactName": "A", "TotalInclVat": 1, "Currency": "DKK"}
    good = {**row, "Guid": GUID.replace("3f1d", "4f1d")}
    body = {
        "Collection": [{**row, **odd}, good],
        "Pagination": {"MaxPageSizeAllowed": 1000, "Page": 0, "PageSize": 100, "Result": 2, "ResultWithoutFilter": 2},
    }
    bench.sandbox.fault("status", status=200, body=body, path="/v1/*/invoices")
    bench.sandbox.fault("status", status=200, body="%PDF-1.4 x", path="/v1/*/invoices/*")
    it = bench.run(archive(bench, str(tmp_path / "archive"), kinds=["invoices"], retries=2))["it"]
    assert (it.state, len(it.errors)) == ("failed", 1)
    assert (
        f"1 documents could not be fetched: invoices {odd.get('Guid', GUID)} (its file name would be {path!r})"
        in it.error
    )
    assert [each["guid"] for each in index(tmp_path / "archive", "invoices")] == [good["Guid"]]
    assert {each.name for each in tmp_path.iterdir()} == {"archive", "coordination"}


@pytest.mark.parametrize(
    ("extension", "kept"),
    [
        (".PDF", "pdf"),
        ("jpeg", "jpeg"),
        ("", "bin"),
        (None, "bin"),
        (f"pdf/{OUT}", "bin"),
        ("x y", "bin"),
        ("a" * 300, "bin"),
    ],
)
def test_an_extension_is_of_letters_and_digits(bench: Bench, tmp_path: Path, extension: str | None, kept: str) -> None:
    rows = [{"FileGuid": GUID, "Extension": extension, "UploadedAt": "2026-11-20T10:00:00", "Name": "x", "Size": 1}]
    bench.sandbox.fault("status", status=200, body=rows, path="/v1/*/files")
    bench.sandbox.fault("status", status=200, body="content", path="/v1/*/files/*")
    dag = archive(bench, str(tmp_path), kinds=["files"])
    for new in (1, 0):
        assert bench.run(dag)["it"].returned["new"] == {"files": new}
    assert [each["path"] for each in index(tmp_path, "files")] == [f"files/2026/{GUID}.{kept}"]


def test_what_others_put_into_the_archive_is_not_counted(bench: Bench, beside: DineroClient, tmp_path: Path) -> None:
    invoice(beside)
    for name in ("notes.txt", "2026/7-report.pdf", f"2026/{GUID}.pdf", f"a/2026/7-{GUID}.pdf"):
        (tmp_path / "100001/invoices" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "100001/invoices" / name).write_text("of somebody else")
    told = bench.run(archive(bench, str(tmp_path), kinds=["invoices"]))["it"].returned
    assert (told["new"], told["documents"]) == ({"invoices": 1}, {"invoices": 1})
    assert len(index(tmp_path, "invoices")) == 1


def test_a_damaged_line_of_the_index_is_written_anew(bench: Bench, beside: DineroClient, tmp_path: Path) -> None:
    dag, made = archive(bench, str(tmp_path), kinds=["invoices"]), invoice(beside)
    bench.run(dag)
    (before,) = index(tmp_path, "invoices")
    file = tmp_path / "100001/index/invoices.ndjson"
    file.write_bytes(file.read_bytes()[:50] + b'\n\n\xff\n7\n{}\n[]\n{"path": []}\n' + b"[" * 5000 + b"\n")
    invoice(beside)
    assert bench.run(dag)["it"].returned["documents"] == {"invoices": 2}
    assert before in index(tmp_path, "invoices")
    assert before["guid"] == made["Guid"]


def test_object_storage_with_a_scheme(bench: Bench, beside: DineroClient, memory: Any) -> None:
    dag, made = archive(bench, "memory://books", kinds="invoices"), invoice(beside)
    for new in (1, 0):
        assert bench.run(dag)["it"].returned["new"] == {"invoices": new}
    path = f"/books/100001/invoices/2026/{made['Number']}-{made['Guid']}.pdf"
    assert sorted(memory.find("/books")) == ["/books/100001/index/invoices.ndjson", path]


def test_a_dry_run_only_counts(bench: Bench, beside: DineroClient, tmp_path: Path) -> None:
    invoice(beside)
    told = bench.run(archive(bench, str(tmp_path), dry_run=True))["it"].returned
    assert (told["DryRun"], told["new"]["invoices"], told["documents"]["invoices"]) == (True, 1, 0)
    assert not (tmp_path / "100001").exists()


def test_an_unknown_kind_is_told(bench: Bench, tmp_path: Path) -> None:
    it = bench.run(archive(bench, str(tmp_path), kinds=["invoice"], retries=2))["it"]
    assert (it.state, len(it.errors)) == ("failed", 1)
    assert "There is no kind invoice." in it.error
