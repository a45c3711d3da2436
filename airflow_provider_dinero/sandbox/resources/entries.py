"""Entries: of a period within one accounting year, or those added in a time window."""

from __future__ import annotations

import re
import sqlite3
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from starlette.responses import Response

from airflow_provider_dinero.sandbox.accounts import chart
from airflow_provider_dinero.sandbox.amounts import kroner
from airflow_provider_dinero.sandbox.answers import JsonObject, answer
from airflow_provider_dinero.sandbox.balances import carried_to, opening
from airflow_provider_dinero.sandbox.calls import Call, Resource, malformed
from airflow_provider_dinero.sandbox.contract import project
from airflow_provider_dinero.sandbox.errors import ApiError
from airflow_provider_dinero.sandbox.vat import VAT_TYPES
from airflow_provider_dinero.sandbox.years import Year, containing, years

PATH = "/v1/{organizationId}/entries"
WINDOW = timedelta(days=31)
INSTANT = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,7})?)?(?:Z|[+ -]\d\d:\d\d)?)?", re.ASCII)

resource = Resource()


@resource.operation("GET", PATH)
def entries(call: Call) -> Response:
    """List the entries of a period, both days included, opening balances first."""
    first, last = _instant(call, "fromDate"), _instant(call, "toDate")
    # Undocumented: a missing bound is the start or end of the other bound's year, or of today's.
    year = containing(call, (first or last or call.store.clock()).date().isoformat())
    if year is None:
        raise ApiError(82)
    start = first.date().isoformat() if first else year.first_day
    end = last.date().isoformat() if last else year.last_day
    if end < start:
        raise ApiError(83)
    if end > year.last_day or start < year.first_day:
        raise ApiError(82)
    rows = call.store.execute(
        "SELECT * FROM entries WHERE organization = ? AND date BETWEEN ? AND ? ORDER BY date, id",
        [call.organization, start, end],
    )
    names = _names(call)
    primo = []
    # Primo entries are dated on the first day of the year.
    if call.flag("includePrimo", default=True) and start == year.first_day:
        primo = [_primo(call, year, account, ore, names) for account, ore in opening(call, year).items() if ore]
    return answer(primo + [_entry(row, names) for row in rows])


@resource.operation("GET", PATH + "/changes")
def changes(call: Call) -> Response:
    """List the entries added in a time window; a primo entry that they changed has its current total.

    Undocumented: both bounds are inclusive; a missing one is now, or 31 days before the other.
    """
    end = _instant(call, "changesTo") or call.store.clock()
    start = _instant(call, "changesFrom")
    if start is None:
        start = max(end, datetime.min.replace(tzinfo=UTC) + WINDOW) - WINDOW
    if end < start:
        raise ApiError(83)
    if end - start > WINDOW:
        raise ApiError(84)
    edges = [_comparable(start), _comparable(end)]
    rows = call.store.execute(
        "SELECT * FROM entries WHERE organization = ? AND created_at BETWEEN ? AND ? ORDER BY id",
        [call.organization, *edges],
    ).fetchall()
    names = _names(call)
    found = [_entry(row, names) for row in rows]
    if call.flag("includePrimo", default=True):
        for year in years(call)[1:]:
            changed = {carried_to(row["account"]) for row in rows if row["date"] < year.first_day}
            new = edges[0] <= year.created_at <= edges[1]
            if changed or new:
                totals = opening(call, year)
                wanted = sorted(changed | {account for account, ore in totals.items() if ore and new})
                found += [_primo(call, year, account, totals.get(account, 0), names) for account in wanted]
    return answer(found)


def _instant(call: Call, name: str) -> datetime | None:
    """Return a query parameter that is a date or a date-time; UTC if it has no zone."""
    text = call.text(name)
    if not text:
        return None
    try:
        if not INSTANT.fullmatch(text):
            raise ValueError(text)
        # An unescaped "+" arrives as a space.
        instant = datetime.fromisoformat(re.sub(r"(?<=.{16}) (?=\d\d:\d\d$)", "+", text))
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise malformed(name, "a date or a date-time in ISO 8601") from None


def _comparable(instant: datetime) -> str:
    return instant.replace(tzinfo=None).isoformat(timespec="milliseconds")


def _names(call: Call) -> dict[int, str]:
    return {number: account.name for number, account in chart(call).items()}


def _entry(row: sqlite3.Row, names: dict[int, str]) -> JsonObject:
    code = row["vat_code"]
    return {
        "AccountNumber": row["account"],
        "AccountName": names[row["account"]],
        "Date": row["date"],
        "VoucherNumber": row["number"],
        "VoucherGuid": row["voucher_guid"],
        "FileGuid": row["file_guid"],
        "VoucherType": row["voucher_type"],
        "Description": row["description"],
        "VatType": VAT_TYPES[code].name if code else None,
        "VatCode": code,
        "Amount": kroner(row["ore"]),
        "EntryGuid": row["guid"],
        "ContactGuid": row["contact_guid"],
        "Type": "Normal",
    }


def _primo(call: Call, year: Year, account: int, ore: int, names: dict[int, str]) -> JsonObject:
    known = {
        "AccountNumber": account,
        "AccountName": names[account],
        "Date": year.first_day,
        "Description": "Primo",
        "Amount": kroner(ore),
        # The same on each read.
        "EntryGuid": str(uuid5(NAMESPACE_URL, f"primo/{call.organization}/{year.name}/{account}")),
        "Type": "Primo",
    }
    return project("EntryReadModel", known)
