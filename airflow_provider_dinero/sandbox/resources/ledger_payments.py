"""Ledger lines that pay a voucher: an invoice, a credit note or a credit purchase."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from airflow_provider_dinero.sandbox.amounts import kroner, ore
from airflow_provider_dinero.sandbox.answers import JsonObject, decode
from airflow_provider_dinero.sandbox.calls import Call
from airflow_provider_dinero.sandbox.currencies import DKK_RATES
from airflow_provider_dinero.sandbox.errors import ApiError, invalid
from airflow_provider_dinero.sandbox.resources.payments import currency, settle_by_ledger
from airflow_provider_dinero.sandbox.resources.sales_vouchers import check_booked
from airflow_provider_dinero.sandbox.resources.sales_vouchers import find as find_sold
from airflow_provider_dinero.sandbox.settlements import settle
from airflow_provider_dinero.sandbox.voucher_store import DELETED
from airflow_provider_dinero.sandbox.voucher_store import find as find_voucher


@dataclass(frozen=True)
class Paid:
    """The voucher that a line pays.

    :param sale: whether customers owe it
    """

    guid: str
    sale: bool
    currency: str
    contact_guid: str | None


def paid_voucher(call: Call, guid: str) -> Paid:
    """Return the voucher that a line pays.

    :param guid: its guid
    :param call: the request
    :raises ApiError: code 42 if there is no such voucher, 59 if it isn't booked
    """
    sold = find_sold(call, guid)
    if sold and not sold["deleted_at"]:
        check_booked(sold)
        return Paid(guid, True, currency(sold), sold["contact_guid"])
    purchase = find_voucher(call, guid)
    if purchase is None or purchase["state"] == DELETED or not _on_credit(purchase):
        raise invalid("IsPaymentForVoucherId", f"There is no voucher {guid} to be paid.")
    if purchase["number"] is None:
        raise ApiError(59)
    return Paid(guid, False, purchase["currency"], purchase["contact_guid"])


def settle_voucher(call: Call, row: sqlite3.Row, line: JsonObject) -> None:
    """Record that a ledger item paid a voucher by the amount of its line.

    :param row: the ledger item
    :param line: one of its lines
    """
    voucher, amount = paid_voucher(call, line["IsPaymentForVoucherId"]), ore(line["Amount"])
    text, sold = line["Description"] or "Kassekladde", find_sold(call, voucher.guid)
    # The line debits the account, so a customer's payment is negative.
    amount = -amount if sold and sold["type"] == "Invoice" else amount
    # Undocumented: the rate is the voucher's.
    settled = ore(kroner(amount) / DKK_RATES[voucher.currency])
    # A payment is never 0.
    if settled and sold:
        settle_by_ledger(call, voucher.guid, settled, ledger_item=row["guid"], ore=amount, date=row["date"], text=text)
    elif settled:
        payment = {"PaymentDate": row["date"], "Description": text, "DepositAccountNumber": None}
        settle(call, voucher.guid, settled, row["guid"], ore=amount, payment=payment)


def _on_credit(row: sqlite3.Row) -> bool:
    return row["kind"] == "purchase" and bool(decode(row["data"])["PurchaseType"] == "credit")
