"""Consumers of entries filter them by Dinero's voucher types."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_dinero.api.feeds.feeds import follow
from airflow_provider_dinero.api.feeds.windows import Consumer
from airflow_provider_dinero.api.lists.filters import eq
from tests.conftest import line


@pytest.mark.parametrize(
    ("kind", "accounts"),
    [("Sales", {56000, 1000, 64000}), ("manuel", {55000, 56000}), ("Purchases", {4000, 64060, 55000})],
)
def test_a_filter_on_the_voucher_type(client: Any, contact: str, kind: str, accounts: set[int]) -> None:
    begun = datetime.now(UTC) - timedelta(minutes=1)
    invoice = client.invoices.create({"ContactGuid": contact, "ProductLines": [line()]})["Guid"]
    client.invoices.book(invoice)
    payment = {"DepositAccountNumber": 55000, "Description": "Bank", "Amount": "125", "RemainderIsFee": False}
    client.invoices.add_payment(invoice, payment)
    lines = [{"AccountNumber": 4000, "Amount": "125"}]
    cash = {"PurchaseType": "cash", "DepositAccountNumber": 55000, "RegionKey": "DK", "Lines": lines}
    client.purchase_vouchers.book(client.purchase_vouchers.create(cash)["Guid"])
    entries = {row["EntryGuid"]: row["AccountNumber"] for _, row in follow(client, "entries", begun)}
    consumer = Consumer("entries", begun, filters=[eq("VoucherType", kind)])
    rows = [row for _, row in follow(client, "entries", begun)]
    found = consumer.window(rows, datetime.now(UTC)).window
    assert {entries[guid] for guid in found["created"] + found["updated"]} == accounts
