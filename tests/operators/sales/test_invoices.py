"""A draft: replaced, deleted."""

from typing import Any

from airflow_provider_dinero.operators.call import DineroOperator
from airflow_provider_dinero.operators.invoices import (
    DineroBookInvoiceOperator,
    DineroCreateInvoiceOperator,
    DineroDeleteInvoiceOperator,
    DineroSendInvoiceOperator,
    DineroUpdateInvoiceOperator,
)
from tests.conftest import line
from tests.operators.bench import Bench
from tests.operators.sales.conftest import failed

NOWHERE = "3f1d9a52-5f0e-5d55-9c39-4a1b6f7e2c10"


def test_a_draft_is_replaced_once(bench: Bench, beside: Any, draft: dict[str, Any]) -> None:
    content = {"ProductLines": [line(BaseAmountValue="250")], "Comment": "new"}
    for change in ("updated", "unchanged"):  # the second with the TimeStamp of before
        told = bench.one(DineroUpdateInvoiceOperator, invoice=draft, content=content)
        assert told.returned["Change"] == change
    assert told.returned["TimeStamp"] == beside.invoices.get(draft["Guid"])["TimeStamp"]
    before = len(bench.sandbox.requests())
    told = bench.one(DineroUpdateInvoiceOperator, invoice=draft["Guid"], content=content)
    assert told.returned["Change"] == "unchanged"
    assert [each["method"] for each in bench.sandbox.requests()[before:]] == ["GET"]
    told = bench.one(DineroUpdateInvoiceOperator, invoice=draft["Guid"], content={"ProductLines": [line()]})
    assert told.returned["Change"] == "updated"


def test_a_draft_that_somebody_changed_is_not_overwritten(bench: Bench, beside: Any, draft: dict[str, Any]) -> None:
    now = beside.invoices.update(draft["Guid"], {"ProductLines": [line(BaseAmountValue="7")]})["TimeStamp"]
    for operator, more in (
        (DineroUpdateInvoiceOperator, {"content": {"ProductLines": [line()]}}),
        (DineroDeleteInvoiceOperator, {}),
        (DineroBookInvoiceOperator, {}),
    ):
        text = failed(bench.one(operator, invoice=draft, retries=1, **more))
        assert draft["TimeStamp"] in text
        assert now in text
    assert beside.invoices.get(draft["Guid"])["TimeStamp"] == now


def test_the_log_says_whether_a_step_was_done_now(bench: Bench, contact: str) -> None:
    made = {"ContactGuid": contact, "ProductLines": [line()]}
    kept, gone = (
        bench.one(DineroCreateInvoiceOperator, invoice=made, idempotency_key=key).returned for key in ("kept", "gone")
    )
    booked = bench.one(DineroBookInvoiceOperator, invoice=kept)
    assert "booked invoice 1, 125.00 DKK" in booked.log
    for known in (kept, kept["Guid"], booked.returned):
        again = bench.one(DineroBookInvoiceOperator, invoice=known)
        assert again.returned == booked.returned
        assert "invoice 1 was already booked, 125.00 DKK" in again.log
        assert "booked invoice" not in again.log
    for operator, invoice, now in (
        (DineroSendInvoiceOperator, kept, "e-mailed"),
        (DineroDeleteInvoiceOperator, gone, "deleted"),
    ):
        first, again = (bench.one(operator, invoice=invoice) for _ in range(2))
        assert f"invoice {invoice['Guid']} {now}" in first.log
        assert f"invoice {invoice['Guid']} was already {now}" in again.log
    call = {"operation": "invoices.delete", "arguments": {"guid": gone["Guid"]}}
    assert "invoices.delete: unchanged" in bench.one(DineroOperator, **call).log


def test_a_booked_invoice_is_not_replaced(bench: Bench, booked: dict[str, Any]) -> None:
    content = {"ProductLines": [line(BaseAmountValue="7")]}
    assert "the voucher is booked" in failed(bench.one(DineroUpdateInvoiceOperator, invoice=booked, content=content))
    wrong = {"ProductLines": [line(Amount="7")]}
    text = failed(bench.one(DineroUpdateInvoiceOperator, invoice=booked, content=wrong))
    assert "did you mean BaseAmountValue" in text


def test_a_dry_update_tells_the_total(bench: Bench, beside: Any, draft: dict[str, Any]) -> None:
    content = {"ProductLines": [line(BaseAmountValue="250")]}
    told = bench.one(DineroUpdateInvoiceOperator, invoice=draft, content=content, dry_run=True)
    assert told.returned["TotalInclVat"] == "312.50"
    assert told.returned["Next"] == f"PUT /v1.2/100001/invoices/{draft['Guid']}"
    assert beside.invoices.get(draft["Guid"])["TimeStamp"] == draft["TimeStamp"]


def test_a_draft_is_deleted_once(bench: Bench, beside: Any, draft: dict[str, Any]) -> None:
    assert bench.one(DineroDeleteInvoiceOperator, invoice=draft, dry_run=True).returned["DryRun"]
    assert beside.invoices.get(draft["Guid"])["DeletedAt"] is None
    for _ in range(2):
        told = bench.one(DineroDeleteInvoiceOperator, invoice=draft)
        assert told.returned == {"Guid": draft["Guid"], "Change": "deleted"}
    assert beside.invoices.get(draft["Guid"])["DeletedAt"]


def test_what_is_booked_or_nowhere_is_not_deleted(bench: Bench, booked: dict[str, Any]) -> None:
    assert "the voucher is booked" in failed(bench.one(DineroDeleteInvoiceOperator, invoice=booked))
    assert "no results found" in failed(bench.one(DineroDeleteInvoiceOperator, invoice=NOWHERE))


def test_a_deleted_key_names_the_way_out(bench: Bench) -> None:
    made = {"invoice": {"ProductLines": [line()]}, "idempotency_key": "a"}
    first = bench.one(DineroCreateInvoiceOperator, **made).returned
    bench.one(DineroDeleteInvoiceOperator, invoice=first)
    assert "pass another generation" in failed(bench.one(DineroCreateInvoiceOperator, **made))
    assert bench.one(DineroCreateInvoiceOperator, **made, generation="1").returned["Change"] == "created"
