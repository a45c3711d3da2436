"""Files: receipts for the archive, and attachments."""

from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import ObjectStoragePath

from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.operators.files import DineroAttachFileOperator, DineroUploadFileOperator
from tests.conftest import line
from tests.operators.bench import Bench, Instance

PDF = b"%PDF-1.4 terms"


@pytest.fixture
def terms(tmp_path: Path) -> Path:
    path = tmp_path / "terms.pdf"
    path.write_bytes(PDF)
    return path


@pytest.fixture
def invoice(beside: DineroClient) -> str:
    return str(beside.invoices.create({"ProductLines": [line()]})["Guid"])


def attach(bench: Bench, invoice: Any, path: Any, **arguments: Any) -> Instance:
    return bench.one(DineroAttachFileOperator, attach_to=invoice, file_path=path, **arguments)


def test_a_file_is_uploaded_once_from_wherever_it_is(bench: Bench, beside: DineroClient, terms: Path) -> None:
    places = [str(terms), f"file://{terms}", ObjectStoragePath(f"file://{terms}")]
    changes = [bench.one(DineroUploadFileOperator, file_path=place).returned["Change"] for place in places]
    assert changes == ["created", "unchanged", "unchanged"]
    (file,) = beside.files.list()
    assert (file["Name"], file["Size"]) == ("terms.pdf", len(PDF))
    named = bench.one(DineroUploadFileOperator, file_path=places[1], file_name="{{ dag.dag_id }}.pdf")
    assert named.returned["Change"] == "created"


def test_an_attachment_is_bound_once(bench: Bench, beside: DineroClient, invoice: str, terms: Path) -> None:
    first = attach(bench, invoice, str(terms))
    assert (first.returned["FileName"], first.returned["Change"]) == ("terms.pdf", "created")
    assert f"file terms.pdf on document {invoice} created" in first.log
    again = attach(bench, {"Guid": invoice}, f"file://{terms}")
    assert again.returned == {**first.returned, "Change": "unchanged"}
    assert attach(bench, invoice, str(terms), file_name="b.pdf").returned["Change"] == "created"
    assert [each["FileName"] for each in beside.attachments.list(invoice)] == ["terms.pdf", "b.pdf"]


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("effect", ["reset", "reset-after"])
@pytest.mark.parametrize("path", ["/**/files/attachment", "/**/attachments/*/*/*"])
def test_lost_answers_bind_nothing_twice(
    bench: Bench, beside: DineroClient, invoice: str, terms: Path, effect: str, path: str
) -> None:
    bench.sandbox.fault(effect, method="POST", path=path, times=1)
    with bench.dag() as dag:
        DineroAttachFileOperator(task_id="it", attach_to=invoice, file_path=str(terms))
    run = bench.run(dag)
    if run.state == "failed":  # cut before it was attached: the outcome is unknown
        assert "may or may not have been done" in run["it"].error
        run = bench.again(run)
    assert run["it"].returned["Change"] == "created"
    assert len(beside.attachments.list(invoice)) == 1


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("{0}/none.pdf", "There is no file"),
        ("file://{0}/none.pdf", "There is no file"),
        ("{0}/false.pdf", "The content of false.pdf doesn't match its name"),
        ("file://{0}/large.pdf", "is larger than 6 MB"),
        ("{0}/terms.txt", "doesn't accept terms.txt's type"),
    ],
)
@pytest.mark.usefixtures("terms")
def test_a_wrong_file_is_refused_before_anything_is_sent(bench: Bench, tmp_path: Path, path: str, told: str) -> None:
    (tmp_path / "false.pdf").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "large.pdf").write_bytes(PDF + bytes(6 * 1024 * 1024))
    (tmp_path / "terms.txt").write_bytes(PDF)
    for operator, more in ((DineroUploadFileOperator, {}), (DineroAttachFileOperator, {"attach_to": "x"})):
        instance = bench.one(operator, file_path=path.format(tmp_path), retries=2, **more)
        assert (instance.state, len(instance.errors)) == ("failed", 1)
        assert told in instance.error


def test_an_unknown_document_fails_at_once(bench: Bench, terms: Path) -> None:
    told = attach(bench, "3f1d9a52-5f0e-5d55-9c39-4a1b6f7e2c10", str(terms), retries=2)
    assert (told.state, len(told.errors)) == ("failed", 1)
    assert "code 40" in told.error


def test_a_dry_run_sends_nothing(bench: Bench, invoice: str, terms: Path) -> None:
    told = bench.one(DineroUploadFileOperator, file_path=str(terms), dry_run=True).returned
    assert told == {"DryRun": True, "Next": "POST /v1/100001/files"}
    told = attach(bench, invoice, str(terms), dry_run=True).returned
    assert told == {"DryRun": True, "Next": "POST /v1/100001/files/attachment"}
