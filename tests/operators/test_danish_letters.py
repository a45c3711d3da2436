"""Names as people write them, in a task that runs in this process, as in `airflow dags test`."""

from pathlib import Path

import pytest

from airflow_provider_dinero.adapters.state_keys import state_key
from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.files import DineroAttachFileOperator, DineroUploadFileOperator
from airflow_provider_dinero.operators.invoices import DineroCreateInvoiceOperator
from airflow_provider_dinero.operators.manual_vouchers import DineroManualVoucherOperator
from airflow_provider_dinero.operators.products import DineroUpsertProductOperator
from airflow_provider_dinero.operators.purchases import DineroPurchaseVoucherOperator
from airflow_provider_dinero.sensors.changes import DineroChangesSensor
from tests.conftest import CONTACT, line
from tests.operators.bench import Bench

NAMES = ("Kørsel til Århus", "50% rabat? #1 (領収書) & mere")
PDF = b"%PDF-1.4 receipt"
BACK = {"AccountNumber": 55000, "BalancingAccountNumber": 1000, "BalancingAccountVatCode": "none"}


@pytest.mark.parametrize("name", NAMES)
def test_what_is_noted_of_a_write_may_have_any_name(
    bench: Bench, beside: DineroClient, tmp_path: Path, name: str
) -> None:
    receipt = tmp_path / f"{name}.pdf"
    receipt.write_bytes(PDF)
    invoice = beside.invoices.create({"ProductLines": [line()]})["Guid"]
    lines = [{"Description": name, "Amount": "125.00", "AccountNumber": 6000}]
    expense = {"PurchaseType": "cash", "DepositAccountNumber": 55000, "RegionKey": "DK", "Lines": lines}
    manual = {"VoucherDate": "2026-01-02", "Lines": [{"Description": name, "Amount": "1.00", **BACK}]}
    product = {"Name": name, "BaseAmountValue": 1, "Quantity": 1, "AccountNumber": 1000, "Unit": "parts"}
    with bench.dag() as dag:
        DineroUploadFileOperator(task_id="upload", file_path=str(receipt))
        DineroAttachFileOperator(task_id="attach", attach_to=invoice, file_path=str(receipt))
        DineroPurchaseVoucherOperator(
            task_id="expense", voucher=expense, receipt=str(receipt), idempotency_key=f"receipt-{name}"
        )
        DineroManualVoucherOperator(task_id="manual", voucher=manual, idempotency_key=name, book=True)
        DineroUpsertProductOperator(task_id="product", product={**product, "ExternalReference": name})
        DineroUpsertContactOperator(task_id="contact", contact={**CONTACT, "ExternalReference": name})
        DineroCreateInvoiceOperator(task_id="invoice", invoice={"ProductLines": [line()]}, idempotency_key=name)
    first = bench.run(dag)
    again = bench.again(first)
    for task_id in dag.task_ids:
        assert first[task_id].state == again[task_id].state == "success", (task_id, first[task_id].error)
        if task_id != "upload":  # the file may be that of the expense, and the other way round
            assert (first[task_id].returned["Change"], again[task_id].returned["Change"]) == ("created", "unchanged")


def test_a_consumer_may_have_any_name(bench: Bench, beside: DineroClient) -> None:
    beside.contacts.create(CONTACT)
    with bench.dag() as dag:
        DineroChangesSensor(
            task_id="it",
            resource="contacts",
            consumer="Årlig opgørelse",
            initial_since="2020-01-01T00:00:00Z",
            timeout=0,
            soft_fail=True,
        )
    assert [bench.run(dag)["it"].state for _ in range(2)] == ["success", "skipped"]


def test_keys_stay_apart_and_short() -> None:
    assert state_key("file/100001/receipt.pdf") == "file/100001/receipt.pdf"
    names = [*NAMES, "Kørsel til Ærhus", "å" * 120, "x" * 481, "x" * 482, "Ø" * 1000, "half \ud800"]
    keys = [state_key(name) for name in names]
    assert len(set(keys)) == len(names)
    assert all(key.isascii() and len(key) <= 480 for key in keys)
