"""The books in double entry, and the numbers of vouchers, which start at 1 in each accounting year.

An amount is in øre, positive for debit, negative for credit. Invoices and credit notes have numbers of their own, which
continue over the years; every other voucher gets its number here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import uuid4

from airflow_provider_dinero.sandbox import accounts, years
from airflow_provider_dinero.sandbox.calls import Call
from airflow_provider_dinero.sandbox.errors import invalid

# The types that entries show. Everything but sales and purchases has the last one, payments too (measured).
SALES, PURCHASES, MANUAL = "Sales", "Purchases", "manuel"

TABLES = f"""
    {accounts.TABLES}
    {years.TABLES}
    CREATE TABLE IF NOT EXISTS voucher_numbers (
        organization INTEGER, year TEXT, number INTEGER, voucher_guid TEXT, PRIMARY KEY (organization, year, number)
    );
    CREATE TABLE IF NOT EXISTS entries (
        id INTEGER PRIMARY KEY, organization INTEGER, guid TEXT, date TEXT, account INTEGER, ore INTEGER,
        voucher_guid TEXT, voucher_type TEXT, number INTEGER, description TEXT, vat_code TEXT,
        contact_guid TEXT, file_guid TEXT, created_at TEXT
    );
    CREATE INDEX IF NOT EXISTS entries_by_date ON entries (organization, date, account, ore);
    CREATE INDEX IF NOT EXISTS entries_by_change ON entries (organization, created_at);
    CREATE INDEX IF NOT EXISTS entries_by_voucher ON entries (organization, voucher_guid);
    CREATE INDEX IF NOT EXISTS entries_by_contact ON entries (organization, contact_guid, account);
"""


@dataclass(frozen=True)
class Posting:
    """An entry to write.

    :param ore: positive for debit, negative for credit
    """

    account: int
    ore: int
    vat_code: str | None = None
    description: str | None = None
    contact_guid: str | None = None
    file_guid: str | None = None


def post(call: Call, *, date: str, voucher_guid: str, voucher_type: str, number: int, lines: Iterable[Posting]) -> None:
    """Book a voucher.

    :param date: YYYY-MM-DD
    :param voucher_guid: shared by all entries of the voucher
    :param voucher_type: as entries show it
    :param number: the voucher's number
    :param lines: the entries; those of 0 are left out
    :raises ApiError: code 47 for a date outside the accounting years, 42 if debit and credit differ
    """
    lines = [line for line in lines if line.ore]
    if sum(line.ore for line in lines):
        raise invalid("Lines", "Debit and credit differ: the voucher does not balance.")
    years.make_bookable(call, date)
    now = call.store.now()
    for line in lines:
        call.store.insert(
            "entries",
            {
                "organization": call.organization,
                "guid": str(uuid4()),
                "date": date,
                "account": line.account,
                "ore": line.ore,
                "voucher_guid": voucher_guid,
                "voucher_type": voucher_type,
                "number": number,
                "description": line.description,
                "vat_code": line.vat_code,
                "contact_guid": line.contact_guid,
                "file_guid": line.file_guid,
                "created_at": now,
            },
        )


def reverse(call: Call, voucher_guid: str) -> None:
    """Offset everything that a voucher has booked.

    Undocumented: the offsetting entries have the dates and the number of the original ones, so that every period is as
    if the voucher had never existed.
    """
    rows = call.store.execute(
        "SELECT * FROM entries WHERE organization = ? AND voucher_guid = ? ORDER BY id",
        [call.organization, voucher_guid],
    ).fetchall()
    for row in rows:
        offset = {"id": None, "guid": str(uuid4()), "ore": -row["ore"], "created_at": call.store.now()}
        call.store.insert("entries", {**dict(row), **offset})


def has_entries(call: Call, contact_guid: str, account: int) -> bool:
    """Return whether a contact has entries on an account."""
    sql = "SELECT 1 FROM entries WHERE organization = ? AND contact_guid = ? AND account = ?"
    return call.store.one(sql, [call.organization, contact_guid, account]) is not None
