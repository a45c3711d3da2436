"""The numbers of vouchers: they start at 1 in each accounting year."""

from airflow_provider_dinero.sandbox import years
from airflow_provider_dinero.sandbox.calls import Call
from airflow_provider_dinero.sandbox.errors import invalid

# Undocumented: the number is an int64, but the number after it must fit as well.
LARGEST_NUMBER = 10**12


def next_number(call: Call, voucher_guid: str, date: str, asked: int | None = None) -> int:
    """Take the next number for a voucher in its accounting year, or the requested one.

    :param voucher_guid: the voucher
    :param date: the voucher's date, YYYY-MM-DD
    :param asked: number that the caller requests
    :raises ApiError: code 42 if it is taken
    """
    year = years.name_of(date)
    if asked is None:
        sql = "SELECT coalesce(max(number), 0) + 1 AS next FROM voucher_numbers WHERE organization = ? AND year = ?"
        asked = int(call.store.execute(sql, [call.organization, year]).fetchone()["next"])
    else:
        check_number(call, asked, date)
    key = {"organization": call.organization, "year": year, "number": asked}
    call.store.insert("voucher_numbers", {**key, "voucher_guid": voucher_guid})
    return asked


def check_number(call: Call, number: int, date: str) -> None:
    """Check that a number is free in the accounting year of a date.

    :raises ApiError: code 42 if it isn't
    """
    if not 0 < number <= LARGEST_NUMBER or is_taken(call, number, date):
        raise invalid("Number", f"The number {number} is taken or not allowed.")


def is_taken(call: Call, number: int, date: str) -> bool:
    """Return whether a voucher of the accounting year has the number."""
    sql = "SELECT 1 FROM voucher_numbers WHERE organization = ? AND year = ? AND number = ?"
    return call.store.one(sql, [call.organization, years.name_of(date), number]) is not None
