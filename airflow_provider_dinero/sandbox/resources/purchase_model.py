"""A purchase voucher: from the written body to the read model."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from airflow_provider_dinero.sandbox.accounts import deposit
from airflow_provider_dinero.sandbox.amounts import capped
from airflow_provider_dinero.sandbox.answers import JsonObject, decode, encode
from airflow_provider_dinero.sandbox.binding import day_of
from airflow_provider_dinero.sandbox.calls import Call
from airflow_provider_dinero.sandbox.contract import project
from airflow_provider_dinero.sandbox.currencies import DKK_RATES, unknown_currency
from airflow_provider_dinero.sandbox.errors import invalid
from airflow_provider_dinero.sandbox.file_links import known_file
from airflow_provider_dinero.sandbox.purchase_lines import large_asset, read_lines, stored_lines, totals
from airflow_provider_dinero.sandbox.resources.sales_model import live_contact
from airflow_provider_dinero.sandbox.voucher_store import DRAFT, common

KIND = "purchase"
CASH_ONLY, CREDIT_ONLY = ("DepositAccountNumber", "RegionKey"), ("PaymentDate", "CurrencyKey")


def columns(call: Call, body: JsonObject, *, with_tags: bool) -> dict[str, Any]:
    """Return the columns of a purchase. A missing date is undocumented: today.

    Properties of the other type of purchase: PaymentDate and CurrencyKey are refused on cash purchases (measured);
    others are ignored, since the PUT requires a ContactGuid for cash purchases too.

    :param body: bound to one of the write models
    :param with_tags: whether the operation supports AccountTagName
    :raises ApiError: if something in it is invalid
    """
    cash = body["PurchaseType"] == "cash"
    if cash:
        for name in CREDIT_ONLY:
            if body[name]:
                raise invalid(name, f"{name} must be empty on a cash purchase.")
        if body["DepositAccountNumber"] is not None:
            deposit(call, body["DepositAccountNumber"])
    else:
        live_contact(call, body["ContactGuid"])
    currency = body["CurrencyKey"] or "DKK"
    if currency not in DKK_RATES:
        raise unknown_currency("CurrencyKey", currency)
    day = day_of(body["VoucherDate"], "VoucherDate") or call.store.today()
    lines = stored_lines(call, body["Lines"], with_tags=with_tags)
    content = {
        "PurchaseType": body["PurchaseType"],
        "Lines": lines,
        "ExternalReference": body["ExternalReference"],
        **{name: body[name] if cash else None for name in CASH_ONLY},
    }
    return {
        "date": day,
        "payment_date": day if cash else day_of(body["PaymentDate"], "PaymentDate"),
        "contact_guid": None if cash else body["ContactGuid"],
        "file_guid": known_file(call, body["FileGuid"]),
        "currency": currency,
        "total_ore": capped(line["Gross"] for line in lines),
        "data": encode(content).decode(),
    }


def values(row: Mapping[str, Any] | sqlite3.Row) -> JsonObject:
    """Return the values of a row under the names of the read models."""
    content = decode(row["data"])
    return {
        "FileGuid": row["file_guid"],
        "VoucherDate": row["date"],
        "PaymentDate": row["payment_date"],
        "ContactGuid": row["contact_guid"],
        "CurrencyKey": row["currency"],
        **content,
        "Lines": read_lines(content["Lines"]),
        "VoucherTotals": totals(content["Lines"], row["currency"]),
        "ShouldPossiblyBeFixedAsset": large_asset(content["Lines"]),
    }


def model(call: Call, row: sqlite3.Row) -> JsonObject:
    """Return a purchase voucher in the form in which it is read."""
    known = {**common(row), **values(row), "Status": status(call, row)}
    return project("PurchaseVoucherReadModelV2", known)


def status(call: Call, row: sqlite3.Row) -> str:
    """Return the status of a purchase or its credit note; a booked cash purchase is paid. Sales spell it OverPaid."""
    if row["state"] == DRAFT:
        return DRAFT
    if row["settled_ore"] == row["total_ore"] or decode(row["data"]).get("PurchaseType") == "cash":
        return "Paid"
    if abs(row["settled_ore"]) > abs(row["total_ore"]):
        return "Overpaid"
    return "Overdue" if row["payment_date"] and row["payment_date"] < call.store.today() else "Booked"
