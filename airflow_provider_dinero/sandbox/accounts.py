"""The chart of accounts of an organization: starts as a Danish standard chart; accounts can be added."""

from __future__ import annotations

import csv
import sqlite3
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from typing import Any

from airflow_provider_dinero.sandbox.calls import Call
from airflow_provider_dinero.sandbox.errors import ApiError
from airflow_provider_dinero.sandbox.seed_data import ORGANIZATIONS
from airflow_provider_dinero.sandbox.store import Store
from airflow_provider_dinero.sandbox.vat import VAT_TYPES

# Accounts that bookings use implicitly. Only the deposit and VAT accounts' numbers are documented.
DEBTORS, CREDITORS, DEPOSIT_ACCOUNT = 56000, 63000, 55000
FEES, REMINDER_FEES, EXCHANGE_GAINS, EXCHANGE_LOSSES, RETAINED_EARNINGS = 6310, 1200, 9420, 9470, 60010
DEFAULT_SALES_ACCOUNT = 1000
# Undocumented: accounts below this number are income and expenses, the others assets and liabilities.
FIRST_BALANCE_ACCOUNT = 50000
PURCHASES = range(2000, 9400)
# Undocumented: sums that reports show as accounts.
RESULT, ASSETS, LIABILITIES = 9999, 58999, 69999
SUMMARIES = {RESULT: "Årets resultat", ASSETS: "Aktiver i alt", LIABILITIES: "Passiver i alt"}

TABLES = """
    CREATE TABLE IF NOT EXISTS accounts (
        organization INTEGER, number INTEGER, name TEXT, vat_code TEXT, category TEXT, public_standard_number INTEGER,
        deposit INTEGER DEFAULT 0, registration_number TEXT, account_number TEXT, swift_number TEXT, iban_number TEXT,
        PRIMARY KEY (organization, number)
    );
"""

_TABLE = files("airflow_provider_dinero").joinpath("sandbox/chart.csv").read_text(encoding="utf-8")
_CHART = list(csv.DictReader(_TABLE.splitlines()))
_DEPOSITS = {DEPOSIT_ACCOUNT: "Bank", 55010: "Kasse", 55020: "Betalingsudbyder"}


@dataclass(frozen=True)
class Account:
    """An account; its VAT code determines the VAT of a sales line."""

    number: int
    name: str
    vat_code: str | None
    deposit: bool = False

    @property
    def vat_rate(self) -> Decimal:
        """The VAT rate of a sales line on this account, as a fraction; 0 without VAT."""
        return VAT_TYPES[self.vat_code].included if self.vat_code else Decimal(0)


def seed(store: Store) -> None:
    """Add the initial chart of every organization."""
    for organization in ORGANIZATIONS:
        for row in _CHART:
            values: dict[str, Any] = {**row, "vat_code": row["vat_code"] or None}
            store.insert("accounts", {"organization": organization, **values})
        for number, name in _DEPOSITS.items():
            account = {"number": number, "name": name, "category": "Liquid Assets", "deposit": 1}
            store.insert("accounts", {"organization": organization, **account})


def chart(call: Call) -> dict[int, Account]:
    """Return all accounts by number, as they are when the call first asks for them."""
    if call.chart is None:
        rows = call.store.execute("SELECT * FROM accounts WHERE organization = ? ORDER BY number", [call.organization])
        call.chart = {row["number"]: _account(row) for row in rows}
    return call.chart


def deposit(call: Call, number: int) -> Account:
    """Return a deposit account.

    :raises ApiError: code 86 if the account isn't a deposit account
    """
    sql = "SELECT * FROM accounts WHERE organization = ? AND number = ? AND deposit"
    row = call.store.one(sql, [call.organization, number])
    if row is None:
        raise ApiError(86, problems={"DepositAccountNumber": f"Deposit account {number} does not exist."})
    return _account(row)


def unknown(path: str, number: int | None) -> ApiError:
    """Return the error for an account that isn't in the chart.

    :param path: the property
    :param number: the account
    """
    return ApiError(77, problems={path: f"Account {number} does not exist."})


def _account(row: sqlite3.Row) -> Account:
    return Account(row["number"], row["name"], row["vat_code"], bool(row["deposit"]))
