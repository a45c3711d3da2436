"""Payments of invoices and credit notes, and their entries."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from typing import Any
from uuid import uuid4

from starlette.responses import Response

from airflow_provider_dinero.sandbox import books, voucher_numbers
from airflow_provider_dinero.sandbox.accounts import (
    DEBTORS,
    EXCHANGE_GAINS,
    EXCHANGE_LOSSES,
    FEES,
    deposit,
)
from airflow_provider_dinero.sandbox.amounts import kroner
from airflow_provider_dinero.sandbox.amounts import ore as in_dkk
from airflow_provider_dinero.sandbox.answers import JsonObject, answer, decode
from airflow_provider_dinero.sandbox.books import Posting
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.contract import project
from airflow_provider_dinero.sandbox.errors import ApiError, invalid
from airflow_provider_dinero.sandbox.resources.sales_vouchers import check_booked, check_change, existing, find, touch

INVOICE = "/v1/{organizationId}/invoices/{guid}/payments"
CREDIT_NOTE = "/v1/{organizationId}/sales/creditnotes/{guid}/payments"

# ore and fee_ore are in the document's currency, dkk_ore is the amount paid in DKK.
resource = Resource(
    """
    CREATE TABLE IF NOT EXISTS payments (
        organization INTEGER, guid TEXT, document TEXT, related_voucher TEXT, deposit_account INTEGER, date TEXT,
        ore INTEGER, fee_ore INTEGER DEFAULT 0, dkk_ore INTEGER, description TEXT, external_reference TEXT,
        PRIMARY KEY (organization, guid)
    );
    CREATE INDEX IF NOT EXISTS payments_by_document ON payments (organization, document);
    """
)


@resource.operation("POST", INVOICE)
def pay_invoice(call: Call) -> Response:
    """Register a payment of a booked invoice."""
    return _pay(call, existing(call))


@resource.operation("POST", CREDIT_NOTE)
def pay_credit_note(call: Call) -> Response:
    """Register a payment of a booked credit note; amounts are positive here too (undocumented)."""
    return _pay(call, existing(call, "CreditNote"))


@resource.operation("GET", INVOICE.replace("v1", "v2"))
def invoice_payments(call: Call) -> Response:
    """List the payments of an invoice, linked credit notes included, and the remainder."""
    return _payments(call, existing(call))


@resource.operation("GET", CREDIT_NOTE)
def credit_note_payments(call: Call) -> Response:
    """List the payments of a credit note, the settled invoice included."""
    return _payments(call, existing(call, "CreditNote"))


@resource.operation("DELETE", INVOICE + "/{paymentGuid}")
def delete_invoice_payment(call: Call) -> Response:
    """Remove a payment and offset its entries."""
    return _delete(call, existing(call), call.body("RequiredTimestampObject"))


@resource.operation("DELETE", CREDIT_NOTE + "/{paymentGuid}")
def delete_credit_note_payment(call: Call) -> Response:
    """Remove a payment of a credit note; the Timestamp is optional here."""
    return _delete(call, existing(call, "CreditNote"), call.body("TimestampObject", optional=True))


def _pay(call: Call, row: sqlite3.Row) -> Response:
    body = call.body("PaymentCreateModel")
    check_change(row, body["Timestamp"])
    check_booked(row)
    deposit(call, body["DepositAccountNumber"])
    paid = body["Amount"]
    if currency(row) != "DKK":
        paid = body["AmountInForeignCurrency"]
        # Different signs are undocumented: refused, since no exchange rate is below 0.
        if not paid or (paid < 0) != (body["Amount"] < 0):
            raise invalid("AmountInForeignCurrency", "Required for a voucher in a foreign currency.")
    amount, dkk = in_dkk(paid), in_dkk(body["Amount"])
    if not amount or not dkk:
        raise invalid("Amount", "Must be an øre at least.")
    fee = remaining(row) - amount if body["RemainderIsFee"] else 0
    if fee < 0:
        raise invalid("RemainderIsFee", "More was paid than remains.")
    guid, voucher = _register(
        call,
        row,
        ore=amount,
        fee_ore=fee,
        dkk_ore=dkk,
        deposit_account=body["DepositAccountNumber"],
        date=body["PaymentDate"] or call.store.today(),
        description=body["Description"],
        external_reference=body["ExternalReference"],
    )
    version = touch(call, row, {"paid_ore": row["paid_ore"] + amount + fee}, "payment")
    return answer({"Guid": guid, "TimeStamp": version, "RelatedVoucherGuid": voucher})


def _register(call: Call, row: sqlite3.Row, **values: Any) -> tuple[str, str]:
    """Record a payment and post its entries; the caller updates ``paid_ore`` of the document.

    :param row: the document
    :param values: columns of the payment
    :return: the guids of the payment and of its voucher
    """
    voucher = str(uuid4())
    guid = _note(call, row, voucher, **values)
    fee_ore = values["fee_ore"]
    sign = 1 if row["type"] == "Invoice" else -1
    before, after = row["paid_ore"], row["paid_ore"] + values["ore"]
    settled = sign * (booked_dkk(row, after) - booked_dkk(row, before))
    fee = sign * (booked_dkk(row, after + fee_ore) - booked_dkk(row, after))
    received = sign * values["dkk_ore"]
    # The difference between the payment and the debt at the rate of the booking is a loss.
    loss = settled - received
    text, contact = values["description"], row["contact_guid"]
    postings = (
        (values["deposit_account"], received),
        (FEES, fee),
        (EXCHANGE_LOSSES if loss > 0 else EXCHANGE_GAINS, loss),
        (DEBTORS, -settled - fee),
    )
    books.post(
        call,
        date=values["date"],
        voucher_guid=voucher,
        voucher_type=books.MANUAL,
        number=voucher_numbers.next_number(call, voucher, values["date"]),
        lines=[Posting(account, amount, None, text, contact) for account, amount in postings],
    )
    return guid, voucher


def offset(call: Call, invoice: sqlite3.Row, credit_note: sqlite3.Row) -> None:
    """Settle an invoice and its credit note against each other. No entries: both are already on the debtors' account.

    Undocumented: a credit note above the remainder counts in full, and the invoice is overpaid.
    """
    amount, date = credit_note["total_ore"], credit_note["date"]
    for row, other in ((invoice, credit_note), (credit_note, invoice)):
        # A payment is never 0.
        if amount:
            text = f"{other['description']} {other['number']}"
            dkk = booked_dkk(row, amount)
            _note(call, row, other["guid"], date=date, ore=amount, dkk_ore=dkk, description=text)
        touch(call, row, {"paid_ore": row["paid_ore"] + amount}, "creditnote")


def settle_by_ledger(call: Call, guid: str, settled: int, *, ledger_item: str, ore: int, date: str, text: str) -> None:
    """Record that a ledger item paid an invoice or credit note; the ledger writes the entries.

    :param guid: the document
    :param settled: øre in its currency
    :param ledger_item: the ledger item's guid
    :param ore: the same in DKK
    :param date: date of the ledger item
    :param text: text of its line
    """
    row = find(call, guid)
    if row is None:
        raise LookupError(guid)
    _note(call, row, ledger_item, date=date, ore=settled, dkk_ore=ore, description=text)
    touch(call, row, {"paid_ore": row["paid_ore"] + settled}, "payment")


def _note(call: Call, row: sqlite3.Row, voucher: str, **values: Any) -> str:
    guid = str(uuid4())
    key = {"organization": call.organization, "guid": guid, "document": row["guid"], "related_voucher": voucher}
    call.store.insert("payments", {**key, **values})
    return guid


def remaining(row: sqlite3.Row) -> int:
    """Return what remains to be paid, in øre of the document's currency; negative if overpaid."""
    return int(row["total_ore"] + row["reminder_ore"] - row["paid_ore"])


def currency(row: sqlite3.Row) -> str:
    """Return the currency of a document."""
    return str(decode(row["data"])["Currency"])


def _delete(call: Call, row: sqlite3.Row, body: JsonObject) -> Response:
    check_change(row, body["Timestamp"])
    check_booked(row)
    key = [call.organization, call.route["paymentGuid"].lower()]
    payment = call.store.one("SELECT * FROM payments WHERE organization = ? AND guid = ?", key)
    if payment is None or payment["document"] != row["guid"]:
        raise ApiError(40, status=404)
    if payment["deposit_account"] is None:
        # Undocumented: a credit note or ledger item is booked for good, and so is its settlement.
        raise ApiError(45, "The request is invalid: the payment belongs to a booked voucher.")
    books.reverse(call, payment["related_voucher"])
    call.store.execute("DELETE FROM payments WHERE organization = ? AND guid = ?", key)
    paid = row["paid_ore"] - payment["ore"] - payment["fee_ore"]
    return answer({"TimeStamp": touch(call, row, {"paid_ore": paid}, "payment")})


def _payments(call: Call, row: sqlite3.Row) -> Response:
    sql = "SELECT * FROM payments WHERE organization = ? AND document = ? ORDER BY rowid"
    found = call.store.execute(sql, [call.organization, row["guid"]]).fetchall()
    known = {
        "Payments": [_model(payment, row) for payment in found],
        "RemainingAmount": kroner(remaining(row)),
        "PaidAmount": kroner(sum(payment["ore"] for payment in found)),
        "InvoiceTotalIncludingReminderExpenses": kroner(row["total_ore"] + row["reminder_ore"]),
        # Undocumented when this is true: while something remains.
        "RemainderAsFeeAvailable": bool(row["booked"]) and remaining(row) > 0,
    }
    return answer(project("InvoicePaymentsModel", known))


def _model(payment: sqlite3.Row, row: sqlite3.Row) -> JsonObject:
    # Undocumented: Amount is in the currency next to it, so that the sum is PaidAmount.
    known = {
        "Guid": payment["guid"],
        "DepositAccountNumber": payment["deposit_account"],
        "Currency": currency(row),
        "ExchangeRate": round(Decimal(100 * payment["dkk_ore"]) / payment["ore"], 4),
        "PaymentClass": row["type"],
        "RelatedVoucherId": payment["related_voucher"],
        "ExternalReference": payment["external_reference"],
        "PaymentDate": payment["date"],
        "Description": payment["description"],
        "Amount": kroner(payment["ore"]),
    }
    return project("PaymentReadModel", known)


def booked_dkk(row: sqlite3.Row, amount: int) -> int:
    """Return the booked value of a part of a document, in Danish øre."""
    return in_dkk(kroner(amount), currency(row))
