"""Accounting years are calendar years; booking into the next possible year creates it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from airflow_provider_dinero.sandbox.calls import Call
from airflow_provider_dinero.sandbox.errors import ApiError
from airflow_provider_dinero.sandbox.seed_data import ORGANIZATIONS
from airflow_provider_dinero.sandbox.store import Store

TABLES = """
    CREATE TABLE IF NOT EXISTS accounting_years (
        organization INTEGER, name TEXT, first_day TEXT, last_day TEXT, created_at TEXT,
        PRIMARY KEY (organization, name)
    );
"""


@dataclass(frozen=True)
class Year:
    """An accounting year, from its first day to its last."""

    name: str
    first_day: str
    last_day: str
    created_at: str


def seed(store: Store) -> None:
    """Add last year and this year."""
    this = store.clock().year
    for organization in ORGANIZATIONS:
        for year in (this - 1, this):
            _create(store, organization, year, f"{year}-01-01T00:00:00.000")


def years(call: Call) -> list[Year]:
    """Return the accounting years, oldest first."""
    sql = "SELECT name, first_day, last_day, created_at FROM accounting_years WHERE organization = ? ORDER BY first_day"
    return [Year(*row) for row in call.store.execute(sql, [call.organization])]


def containing(call: Call, day: str) -> Year | None:
    """Return the year of a day, None if it doesn't exist yet."""
    return next((year for year in years(call) if year.first_day <= day <= year.last_day), None)


def name_of(day: str) -> str:
    """Return the name of the year of a day, whether the year exists or not."""
    return day[:4]


def named(call: Call, name: str) -> Year:
    """Return the year of that name.

    :raises ApiError: code 47 if it doesn't exist
    """
    found = next((year for year in years(call) if year.name == name), None)
    if found is None:
        raise ApiError(47)
    return found


def check_bookable(call: Call, day: str) -> None:
    """Check that one can book on a day: in an existing year, or in the next possible one.

    :raises ApiError: code 47 if not
    """
    wanted = date.fromisoformat(day).year
    if containing(call, day) is None and wanted != _next(call):
        raise ApiError(47, problems={"Date": f"There is no accounting year for {day}."})


def make_bookable(call: Call, day: str) -> None:
    """Check that one can book on a day, and create its year if it is the next one."""
    check_bookable(call, day)
    if containing(call, day) is None:
        _create(call.store, call.organization, _next(call), call.store.now())


def _next(call: Call) -> int:
    return date.fromisoformat(years(call)[-1].last_day).year + 1


def _create(store: Store, organization: int | None, year: int, created_at: str) -> None:
    days = {"first_day": f"{year}-01-01", "last_day": f"{year}-12-31"}
    store.insert(
        "accounting_years", {"organization": organization, "name": str(year), **days, "created_at": created_at}
    )
