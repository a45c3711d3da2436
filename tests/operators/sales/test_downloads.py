"""PDFs of invoices."""

from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dinero.operators.downloads import DineroDownloadInvoiceOperator
from tests.operators.bench import Bench
from tests.operators.sales.conftest import failed


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_pdf_is_whole_or_not_there(bench: Bench, booked: dict[str, Any], tmp_path: Path, scheme: str) -> None:
    target = tmp_path / "pdf" / "invoice.pdf"
    place = {"invoice": booked, "path": f"{scheme}{target}"}
    assert bench.one(DineroDownloadInvoiceOperator, **place, dry_run=True).returned["Size"] > 1000
    assert not target.exists()
    told = bench.one(DineroDownloadInvoiceOperator, **place)
    assert target.read_bytes().startswith(b"%PDF")
    assert told.returned == {
        "Guid": booked["Guid"],
        "Path": place["path"],
        "Uri": f"file://{target}",
        "Size": target.stat().st_size,
    }
    target.write_bytes(b"before")
    opened = tmp_path / "opened.pdf"  # as somebody has it who reads it just now
    opened.hardlink_to(target)
    assert bench.one(DineroDownloadInvoiceOperator, **place).state == "success"
    assert (target.stat().st_size, opened.read_bytes()) == (told.returned["Size"], b"before")
    target.write_bytes(b"before")
    bench.sandbox.fault("truncate", method="GET", path="/v1/*/invoices/*")
    assert bench.one(DineroDownloadInvoiceOperator, **place).state == "failed"
    assert target.read_bytes() == b"before"
    assert [each.name for each in target.parent.iterdir()] == ["invoice.pdf"]


def test_a_draft_has_no_pdf(bench: Bench, draft: dict[str, Any], tmp_path: Path) -> None:
    told = bench.one(DineroDownloadInvoiceOperator, invoice=draft, path=str(tmp_path / "a.pdf"))
    assert "code 59" in failed(told)
    assert list(tmp_path.glob("*.pdf")) == []
