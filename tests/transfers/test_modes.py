"""What other users of a machine can read, and what a log has of a body: only what the DAG's author requested."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.downloads import DineroDownloadInvoiceOperator
from airflow_provider_dinero.operators.invoice_lifecycle import DineroInvoiceOperator
from airflow_provider_dinero.storage.store import Store
from airflow_provider_dinero.transfers.archive import DineroArchiveOperator
from airflow_provider_dinero.transfers.object_storage import DineroChangesToObjectStorageOperator
from tests.conftest import CONTACT, line
from tests.operators.bench import Bench
from tests.transfers.conftest import contact


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The modes of the files that are on their way to their place, and of their folders."""
    seen: list[tuple[int, int]] = []
    write = Store.write

    def noted(store: Store, path: str, content: bytes | Path) -> None:
        if isinstance(content, Path):
            seen.append((mode(content), mode(content.parent)))
        write(store, path, content)

    monkeypatch.setattr(Store, "write", noted)
    return seen


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("format", ["ndjson", "parquet"])
def test_changes(
    bench: Bench, beside: DineroClient, tmp_path: Path, passing: list[tuple[int, int]], format: str
) -> None:
    contact(beside, "Ida Holm")
    arguments = {"resource": "contacts", "path": str(tmp_path / "out"), "format": format}
    it = bench.one(DineroChangesToObjectStorageOperator, **arguments)
    (file,) = it.returned["files"]
    assert mode(Path(file["path"])) == 0o644  # at a path of the author's the umask counts
    assert passing == [(0o600, 0o700)]


@pytest.mark.usefixtures("umask")
def test_documents(bench: Bench, beside: DineroClient, tmp_path: Path, passing: list[tuple[int, int]]) -> None:
    body = {"ContactGuid": contact(beside, "Ida Holm"), "Date": "2026-11-20", "ProductLines": [line()]}
    made = beside.invoices.book(beside.invoices.create(body)["Guid"])
    told = bench.one(DineroArchiveOperator, path=str(tmp_path / "archive"), kinds=["invoices"]).returned
    bench.one(DineroDownloadInvoiceOperator, invoice=made["Guid"], path=str(tmp_path / "invoice.pdf"))
    (document,) = (tmp_path / "archive").rglob("*.pdf")
    for path in (document, Path(told["index"]["invoices"]), tmp_path / "invoice.pdf"):
        assert mode(path) == 0o644
    assert passing == []  # these are never on a disk elsewhere
    folder = tmp_path / "coordination"
    assert {mode(each) for each in folder.iterdir()} == {0o600}
    assert mode(folder) == 0o700


def test_nothing_of_a_body_is_logged(bench: Bench) -> None:
    texts = {name: f"{name}-marked" for name in ("Name", "Street", "City", "AttPerson", "Comment", "Description")}
    buyer = {**CONTACT, **{name: texts[name] for name in ("Name", "Street", "City")}, "Email": "marked@example.no"}
    made = bench.one(DineroUpsertContactOperator, contact=buyer, match_by="ExternalReference")
    lines = [line(Description=texts["Description"], Comments=texts["Comment"])]
    invoice = {"ContactGuid": made.returned["ContactGuid"], "Comment": texts["Comment"], "ProductLines": lines}
    mailout = {"Receiver": "marked@example.no", "Subject": "Subject-marked", "Message": "marked: [link-to-pdf]"}
    sent = bench.one(
        DineroInvoiceOperator, invoice=invoice, idempotency_key="order-1", book=True, send="email", mailout=mailout
    )
    assert sent.state == "success", sent.error
    assert sent.returned["Guid"] in sent.log  # at INFO
    assert bench.sandbox.outbox()[0]["subject"] == "Subject-marked"
    assert "marked" not in made.log + sent.log
