"""Expenses and purchase credit notes."""

from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.operators.purchases import DineroPurchaseVoucherOperator
from tests.operators.conftest import Bench, Instance

PDF = b"%PDF-1.4 receipt"
CASH: dict[str, Any] = {
    "PurchaseType": "cash",
    "DepositAccountNumber": 55000,
    "RegionKey": "DK",
    "VoucherDate": "{{ params.day }}",
    "Lines": [{"Description": "Papir", "Amount": "125.00", "AccountNumber": 4000}],
}


@pytest.fixture
def receipt(tmp_path: Path) -> str:
    path = tmp_path / "receipt.pdf"
    path.write_bytes(PDF)
    return str(path)


def cash(**changes: Any) -> dict[str, Any]:
    return {**CASH, "VoucherDate": None, **changes}


def expense(bench: Bench, **arguments: Any) -> Instance:
    return bench.one(DineroPurchaseVoucherOperator, **{"voucher": cash(), "idempotency_key": "bill-7", **arguments})


def test_an_expense_with_its_receipt_is_booked_once(bench: Bench, beside: DineroClient, receipt: str) -> None:
    told = expense(bench, receipt=receipt, book=True)
    assert told.state == "success", told.log
    returned = told.returned
    assert (returned["Status"], returned["TotalInclVat"], returned["Change"]) == ("Paid", "125.00", "created")
    assert f"expense {returned['Guid']} created, number {returned['Number']}, 125,00 DKK" in told.log
    again = expense(bench, receipt=receipt, book=True).returned
    assert again == {**returned, "Change": "unchanged"}
    assert len(list(beside.files.list())) == 1
