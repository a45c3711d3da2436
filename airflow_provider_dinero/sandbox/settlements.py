"""What settles a credit purchase or its free-standing credit note: payments, credit notes, ledger items."""

from __future__ import annotations

import sqlite3
from typing import Any
from uuid import uuid4

from airflow_provider_dinero.sandbox.amounts import kroner
from airflow_provider_dinero.sandbox.amounts import ore as in_dkk
from airflow_provider_dinero.sandbox.answers import JsonObject
from airflow_provider_dinero.sandbox.calls import Call
from airflow_provider_dinero.sandbox.voucher_store import find, touch

TABLES = """
    CREATE TABLE IF NOT EXISTS purchase_payments (
        organization INTEGER, guid TEXT, voucher_guid TEXT, related_guid TEXT, deposit_account INTEGER, date TEXT,
        description TEXT, external_reference TEXT, currency TEXT, paid_ore INTEGER, settled_ore INTEGER,
        owed_ore INTEGER, exchange_rate TEXT, PRIMARY KEY (organization, guid)
    );
    CREATE INDEX IF NOT EXISTS payments_of_voucher ON purchase_payments (organization, voucher_guid);
"""


def owed(call: Call, voucher: sqlite3.Row, settled: int) -> int:
    """Return the DKK øre by which the booked debt shrinks; the last payment takes whatever is left.

    :param voucher: the purchase or credit note
    :param settled: øre in its currency
    """
    if voucher["settled_ore"] + settled != voucher["total_ore"]:
        return in_dkk(kroner(settled), voucher["currency"])
    sql = "SELECT coalesce(sum(owed_ore), 0) AS gone FROM purchase_payments WHERE organization = ? AND voucher_guid = ?"
    return int(voucher["total_dkk_ore"] - call.store.execute(sql, [call.organization, voucher["guid"]]).fetchone()[0])


def settle(
    call: Call,
    voucher_guid: str,
    settled: int,
    related_guid: str,
    *,
    ore: int,
    payment: JsonObject,
    owed_ore: int | None = None,
) -> tuple[str, str]:
    """Record that something settled a voucher. The caller writes the entries.

    :param voucher_guid: the purchase or credit note
    :param settled: øre in its currency
    :param related_guid: the voucher that settles it
    :param ore: the same in DKK
    :param payment: PaymentDate, Description, DepositAccountNumber and ExternalReference, if present
    :param owed_ore: reduction of the booked debt, if it isn't ``ore``
    :return: the payment's guid and the voucher's new version
    """
    voucher, guid = find(call, voucher_guid), str(uuid4())
    if voucher is None:
        raise LookupError(voucher_guid)
    foreign = voucher["currency"] != "DKK" and settled
    values: dict[str, Any] = {
        "organization": call.organization,
        "guid": guid,
        "voucher_guid": voucher_guid,
        "related_guid": related_guid,
        "deposit_account": payment["DepositAccountNumber"],
        "date": payment["PaymentDate"],
        "description": payment["Description"],
        "external_reference": payment.get("ExternalReference"),
        "currency": voucher["currency"],
        "paid_ore": ore,
        "settled_ore": settled,
        "owed_ore": ore if owed_ore is None else owed_ore,
        "exchange_rate": str(round(kroner(ore) * 100 / kroner(settled), 4)) if foreign else "100",
    }
    call.store.insert("purchase_payments", values)
    return guid, touch(call, voucher_guid, {"settled_ore": voucher["settled_ore"] + settled})


def unsettle(call: Call, voucher_guid: str, related_guid: str) -> str:
    """Remove the record of a settlement.

    :param voucher_guid: the voucher that was settled
    :param related_guid: the deleted voucher that had settled it
    :return: the new version of the voucher that is owed again
    """
    voucher, key = find(call, voucher_guid), [call.organization, voucher_guid, related_guid]
    where = "FROM purchase_payments WHERE organization = ? AND voucher_guid = ? AND related_guid = ?"
    gone = call.store.execute(f"SELECT coalesce(sum(settled_ore), 0) {where}", key).fetchone()[0]
    call.store.execute(f"DELETE {where}", key)
    return touch(call, voucher_guid, {"settled_ore": (voucher["settled_ore"] if voucher else 0) - gone})
