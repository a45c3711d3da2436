"""The chart of accounts: listing accounts by purpose, and adding accounts."""

from __future__ import annotations

import sqlite3
from typing import Any

from starlette.responses import Response

from airflow_provider_dinero.sandbox.accounts import (
    DEFAULT_SALES_ACCOUNT,
    DEPOSIT_ACCOUNT,
    FIRST_BALANCE_ACCOUNT,
    PURCHASES,
    SUMMARIES,
)
from airflow_provider_dinero.sandbox.answers import JsonObject, answer, empty
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.contract import parameter
from airflow_provider_dinero.sandbox.errors import invalid
from airflow_provider_dinero.sandbox.lists import pick, wanted_fields
from airflow_provider_dinero.sandbox.vat import NO_VAT, VAT_TYPES

ENTRY = "/v1/{organizationId}/accounts/entry"
PURCHASE = "/v1/{organizationId}/accounts/purchase"
DEPOSIT = "/v1/{organizationId}/accounts/deposit"
CATEGORY_NAMES = {
    "Turnover": "Omsætning",
    "Variable Expenses": "Variable omkostninger",
    "Salary": "Lønninger",
    "Sales Expenses": "Salgsomkostninger",
    "Property Expenses": "Lokaleomkostninger",
    "Administration Expenses": "Administrationsomkostninger",
    "Travel Expenses": "Rejseomkostninger",
    "Depreciation": "Afskrivninger",
    "Interest Income": "Renteindtægter",
    "Interest Expenses": "Renteudgifter",
    "Tax": "Skat",
    "IntangibleProperty": "Immaterielle anlægsaktiver",
    "Property": "Materielle anlægsaktiver",
    "Turnover Assets": "Varebeholdninger",
    "Liquid Assets": "Likvide beholdninger",
    "Receivables": "Tilgodehavender",
    "Financial Assets": "Finansielle anlægsaktiver",
    "Equity": "Egenkapital",
    "Long Term Debt": "Langfristet gæld",
    "Short Term Debt": "Kortfristet gæld",
    "Vat Due": "Skyldig moms",
    "Salary Due": "Skyldig løn",
}

resource = Resource()


@resource.operation("GET", ENTRY)
def entry_accounts(call: Call) -> Response:
    """List the whole chart."""
    categories = {name.lower(): name for name in parameter(ENTRY, "categoryFilter")["enum"]}
    category = categories.get(call.text("categoryFilter").lower())
    if category is None:
        raise invalid("categoryFilter", f"Must be one of {', '.join(name for name in categories.values() if name)}.")
    return _list(call, ENTRY, "category = ?", category) if category else _list(call, ENTRY, "true")


@resource.operation("GET", PURCHASE)
def purchase_accounts(call: Call) -> Response:
    """List the accounts for purchase vouchers, by number."""
    return _list(call, PURCHASE, "number >= ? AND number < ?", PURCHASES.start, PURCHASES.stop)


@resource.operation("GET", DEPOSIT)
def deposit_accounts(call: Call) -> Response:
    """List the accounts that hold money: bank, cash, payment providers."""
    return _list(call, DEPOSIT, "deposit")


@resource.operation("POST", ENTRY)
def create_entry_account(call: Call) -> Response:
    """Add an account; its category is that of the account before it in the chart (undocumented)."""
    body = call.body("AccountCreateModel")
    code = body["VatCode"]
    if code.lower() != NO_VAT and code not in VAT_TYPES:
        raise invalid("VatCode", f"Unknown VAT code {code}.")
    before = call.store.one(
        "SELECT category FROM accounts WHERE organization = ? AND number < ? AND NOT deposit ORDER BY number DESC",
        [call.organization, body["Number"]],
    )
    if before is None:
        raise invalid("Number", "Must be an account number of the chart, 1000 or more.")
    vat_code = code if code in VAT_TYPES else None
    return _create(call, body, {"vat_code": vat_code, "category": before["category"]})


@resource.operation("POST", DEPOSIT)
def create_deposit_account(call: Call) -> Response:
    """Add a deposit account. The documents only give the usual range; here any balance account number is accepted."""
    body = call.body("DepositCreateModel")
    if body["Number"] < FIRST_BALANCE_ACCOUNT:
        raise invalid("Number", "Must be the number of a balance account, usually 55000 to 55999.")
    bank = {
        "registration_number": body["RegistrationNumber"],
        "account_number": body["AccountNumber"],
        "swift_number": body["SwiftNumber"],
        "iban_number": body["IbanNumber"],
    }
    return _create(call, body, {"deposit": 1, "category": "Liquid Assets", **bank})


def _create(call: Call, body: JsonObject, values: dict[str, Any]) -> Response:
    key = {"organization": call.organization, "number": body["Number"]}
    taken = call.store.one("SELECT 1 FROM accounts WHERE organization = ? AND number = ?", list(key.values()))
    if taken or body["Number"] in SUMMARIES:
        raise invalid("Number", f"Account {body['Number']} exists already.")
    more = {"name": body["Name"], "public_standard_number": body["PublicStandardNumber"]}
    call.store.insert("accounts", {**key, **more, **values})
    return empty()


def _list(call: Call, path: str, condition: str, *parameters: Any) -> Response:
    fields = wanted_fields(call, path)
    sql = f"SELECT * FROM accounts WHERE organization = ? AND {condition} ORDER BY number"
    return answer([pick(_model(row), fields) for row in call.store.execute(sql, [call.organization, *parameters])])


def _model(row: sqlite3.Row) -> JsonObject:
    return {
        "AccountNumber": row["number"],
        "PublicStandardNumber": row["public_standard_number"],
        "Name": row["name"],
        "VatCode": row["vat_code"],
        "Category": row["category"],
        "CategoryName": CATEGORY_NAMES[row["category"]],
        "IsHidden": False,
        "IsDefaultSalesAccount": row["number"] == DEFAULT_SALES_ACCOUNT,
        "IsDefault": row["number"] == DEPOSIT_ACCOUNT,
    }
