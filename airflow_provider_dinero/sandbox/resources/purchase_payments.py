"""Payments of credit purchases and of free-standing purchase credit notes."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from uuid import uuid4

from starlette.responses import Response

from airflow_provider_dinero.sandbox.accounts import CREDITORS, EXCHANGE_GAINS, EXCHANGE_LOSSES, FEES, deposit
from airflow_provider_dinero.sandbox.amounts import kroner, ore
from airflow_provider_dinero.sandbox.answers import JsonObject, answer, decode
from airflow_provider_dinero.sandbox.books import MANUAL, Posting, post, reverse
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.errors import ApiError, invalid
from airflow_provider_dinero.sandbox.resources.purchase_credit_notes import KIND as CREDIT_NOTE
from airflow_provider_dinero.sandbox.resources.purchase_model import KIND as PURCHASE
from airflow_provider_dinero.sandbox.settlements import TABLES, owed, settle, unsettle
from airflow_provider_dinero.sandbox.voucher_numbers import next_number
from airflow_provider_dinero.sandbox.voucher_store import BOOKED, changeable, existing

ALL = "/v1/{organizationId}/purchase-vouchers/{guid}/payments"

resource = Resource(TABLES)


@resource.operation("GET", ALL)
def payments(call: Call) -> Response:
    """List what settled the voucher, oldest first, also credit notes and ledger items without deposit account."""
    row = _payable(existing(call, PURCHASE, CREDIT_NOTE))
    sql = "SELECT * FROM purchase_payments WHERE organization = ? AND voucher_guid = ? ORDER BY rowid"
    return answer([_model(row, payment) for payment in call.store.execute(sql, [call.organization, call.guid])])


@resource.operation("POST", ALL)
def pay(call: Call) -> Response:
    """Register a payment."""
    body = call.body("PurchaseVoucherCreditPaymentCreateModel")
    row = _payable(changeable(call, body["Timestamp"], PURCHASE, CREDIT_NOTE))
    if row["state"] != BOOKED:
        raise ApiError(59)
    account = deposit(call, body["DepositAccountNumber"]).number
    paid, settled = _amounts(body, row["currency"])
    rest = row["total_ore"] - row["settled_ore"] - settled if body["RemainderIsFee"] else 0
    if rest < 0:
        raise invalid("RemainderIsFee", "More was paid than remains.")
    gone, fee = owed(call, row, settled + rest), ore(kroner(rest), row["currency"])
    # The amount paid beyond the booked value of the debt.
    loss = paid + fee - gone
    sign, contact, text = (1 if row["kind"] == PURCHASE else -1), row["contact_guid"], body["Description"]
    parts = (
        (CREDITORS, gone),
        (account, -paid),
        (FEES, -fee),
        (EXCHANGE_LOSSES if sign * loss > 0 else EXCHANGE_GAINS, loss),
    )
    related = str(uuid4())
    body["PaymentDate"] = body["PaymentDate"] or call.store.today()
    post(
        call,
        date=body["PaymentDate"],
        voucher_guid=related,
        voucher_type=MANUAL,
        number=next_number(call, related, body["PaymentDate"]),
        lines=[Posting(number, sign * amount, None, text, contact) for number, amount in parts],
    )
    guid, version = settle(call, call.guid, settled + rest, related, ore=paid, payment=body, owed_ore=gone)
    return answer({"Guid": guid, "TimeStamp": version, "RelatedVoucherGuid": related})


@resource.operation("DELETE", ALL + "/{paymentId}/{timestamp}")
def remove_payment(call: Call) -> Response:
    """Remove a payment, and offset its entries."""
    changeable(call, call.route["timestamp"], PURCHASE, CREDIT_NOTE)
    payment = call.store.one(
        "SELECT * FROM purchase_payments WHERE organization = ? AND voucher_guid = ? AND guid = ?",
        [call.organization, call.guid, call.route["paymentId"].lower()],
    )
    if payment is None:
        raise ApiError(40, status=404)
    if payment["deposit_account"] is None:
        raise ApiError(45, "The request is invalid: the payment belongs to another voucher; delete that one.")
    reverse(call, payment["related_guid"])
    return answer({"TimeStamp": unsettle(call, call.guid, payment["related_guid"])})


def _payable(row: sqlite3.Row) -> sqlite3.Row:
    """Check that a voucher can have payments, as documented; the code for the others is undocumented."""
    if row["credit_note_for"] or decode(row["data"]).get("PurchaseType") == "cash":
        raise ApiError(45, "The request is invalid: only credit purchases and unlinked credit notes have payments.")
    return row


def _amounts(body: JsonObject, currency: str) -> tuple[int, int]:
    """Return the paid øre in DKK, and in the voucher's currency."""
    amount, foreign = body["Amount"], body["AmountInForeignCurrency"]
    if not ore(amount):
        raise invalid("Amount", "Amount must not be 0.")
    if currency == "DKK":
        return ore(amount), ore(amount)
    if foreign is None or not ore(foreign) or (foreign > 0) != (amount > 0):
        raise invalid("AmountInForeignCurrency", f"Must be the amount in {currency}.")
    return ore(amount), ore(foreign)


def _model(row: sqlite3.Row, payment: sqlite3.Row) -> JsonObject:
    return {
        "Guid": payment["guid"],
        "DepositAccountNumber": payment["deposit_account"],
        "Currency": payment["currency"],
        "ExchangeRate": Decimal(payment["exchange_rate"]),
        "PaymentClass": "Invoice" if row["kind"] == PURCHASE else "CreditNote",
        "RelatedVoucherId": payment["related_guid"],
        "ExternalReference": payment["external_reference"],
        "PaymentDate": payment["date"],
        "Description": payment["description"],
        "Amount": kroner(payment["paid_ore"]),
    }
