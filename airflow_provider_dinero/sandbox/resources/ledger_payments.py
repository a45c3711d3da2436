"""Lines of the ledger that pay a voucher: an invoice or a credit purchase."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from airflow_provider_dinero.sandbox.amounts import DKK_RATES, kroner, ore
from airflow_provider_dinero.sandbox.answers import JsonObject, decode
from airflow_provider_dinero.sandbox.calls import Call
from airflow_provider_dinero.sandbox.errors import DineroError, invalid
from airflow_provider_dinero.sandbox.resources.payments import settle_by_ledger
from airflow_provider_dinero.sandbox.settlements import settle
from airflow_provider_dinero.sandbox.voucher_store import DELETED
from airflow_provider_dinero.sandbox.voucher_store import find as find_voucher


@dataclass(frozen=True)
class Paid:
    """What a line pays.

    :param sale: whether customers owe it
    """

    guid: str
    sale: bool
    currency: str
    contact_guid: str | None


def paid_voucher(call: Call, guid: str) -> Paid:
    """The voucher that a line pays.

    :param guid: its guid
    :raises DineroError: code 42 if there is none that could be paid, 59 if it isn't booked
    """
    invoice = call.store.one("SELECT * FROM invoices WHERE organization = ? AND guid = ?", [call.organization, guid])
    if invoice and not invoice["deleted_at"]:
        if not invoice["booked"]:
            raise DineroError(59)
        return Paid(guid, True, decode(invoice["data"])["Currency"], invoice["contact_guid"])
    purchase = find_voucher(call, guid)
    if purchase is None or purchase["state"] == DELETED or not _on_credit(purchase):
        raise invalid("IsPaymentForVoucherId", f"There is no voucher {guid} to be paid.")
    if purchase["number"] is None:
        raise DineroError(59)
    return Paid(guid, False, purchase["currency"], purchase["contact_guid"])


def settle_voucher(call: Call, row: sqlite3.Row, line: JsonObject) -> None:
    """Note that a ledger item paid a voucher, as far as its line goes.

    :param row: the ledger item
    :param line: one of its lines
    """
    voucher, amount = paid_voucher(call, line["IsPaymentForVoucherId"]), ore(line["Amount"])
    # The line debits the account: what a customer paid is negative. Documents silent on the rate: the voucher's.
    amount = -amount if voucher.sale else amount
    settled = ore(kroner(amount) / DKK_RATES[voucher.currency])
    if voucher.sale:
        text = line["Description"] or "Kassekladde"
        settle_by_ledger(call, voucher.guid, settled, ledger_item=row["guid"], ore=amount, date=row["date"], text=text)
        return
    payment = {
        "PaymentDate": row["date"],
        "Description": line["Description"] or "Kassekladde",
        "DepositAccountNumber": None,
    }
    settle(call, voucher.guid, settled, row["guid"], ore=amount, payment=payment)


def _on_credit(row: sqlite3.Row) -> bool:
    return row["kind"] == "purchase" and bool(decode(row["data"])["PurchaseType"] == "credit")
