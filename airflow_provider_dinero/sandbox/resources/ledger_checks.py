"""Checks of ledger items before they are added to the ledger."""

from __future__ import annotations

from airflow_provider_dinero.sandbox import years
from airflow_provider_dinero.sandbox.accounts import chart
from airflow_provider_dinero.sandbox.amounts import capped, rounded
from airflow_provider_dinero.sandbox.answers import JsonObject
from airflow_provider_dinero.sandbox.calls import Call
from airflow_provider_dinero.sandbox.errors import ApiError, invalid
from airflow_provider_dinero.sandbox.file_links import known_file
from airflow_provider_dinero.sandbox.manual_lines import understood
from airflow_provider_dinero.sandbox.resources.ledger_payments import paid_voucher
from airflow_provider_dinero.sandbox.voucher_numbers import check_number

MAX_LINES = 1000
# What items with the same voucher number must have in common, and the code if they don't.
COMMON = (("VoucherDate", 75), ("FileGuid", 76), ("Id", 78), ("Version", 87))


def merged(call: Call, items: list[JsonObject]) -> list[JsonObject]:
    """Return the items of a request, merging those with the same voucher number.

    :raises ApiError: codes 75, 76, 78, 87 if those differ from each other or from the ledger; 409 with code 72 if one
        id has several numbers
    """
    found: list[JsonObject] = []
    by_number: dict[int, JsonObject] = {}
    for item in items:
        number = item["VoucherNumber"]
        first = by_number.get(number) if number is not None else None
        if first is not None:
            _compare(first, item, COMMON)
            first["Lines"] += item["Lines"]
            continue
        if item["Id"] and any(item["Id"] == other["Id"] for other in found):
            raise ApiError(72, status=409)
        if number is not None:
            by_number[number] = item
            _compare_with_ledger(call, item)
        found.append(item)
    return found


def checked(call: Call, item: JsonObject) -> JsonObject:
    """Return an item that can be stored.

    :raises ApiError: code 47 outside the accounting years, 77 for an unknown account, 42 for other errors
    """
    if not item["VoucherDate"]:
        raise invalid("VoucherDate", "The VoucherDate field is required.")
    years.check_bookable(call, item["VoucherDate"])
    if item["VoucherNumber"] is not None and call.settings.ledger_voucher_number == "kept":
        check_number(call, item["VoucherNumber"], item["VoucherDate"])
    if not item["Lines"]:
        raise ApiError(45, "The request is invalid: a ledger item must have a line.")
    known = chart(call)
    for at, line in enumerate(item["Lines"]):
        path = f"Lines[{at}]"
        if line["Amount"] is None:
            raise invalid(f"{path}.Amount", "The Amount field is required.")
        if line["Amount"] != rounded(line["Amount"]):
            raise invalid(f"{path}.Amount", "An amount has at most two decimals.")
        if line["IsPaymentForVoucherId"]:
            if line["AccountNumber"] is not None:
                raise invalid(f"{path}.AccountNumber", "Must be empty when IsPaymentForVoucherId is set.")
            paid_voucher(call, line["IsPaymentForVoucherId"])
        elif line["AccountNumber"] is None and line["BalancingAccountNumber"] is None:
            raise invalid(f"{path}.AccountNumber", "A line must have an account.")
    capped(understood(known, line, f"Lines[{at}]").gross for at, line in enumerate(item["Lines"]))
    return {**item, "FileGuid": known_file(call, item["FileGuid"])}


def _compare(one: JsonObject, other: JsonObject, names: tuple[tuple[str, int], ...]) -> None:
    for name, code in names:
        if (one[name] or None) != (other[name] or None):
            raise ApiError(code)


def _compare_with_ledger(call: Call, item: JsonObject) -> None:
    row = call.store.one(
        "SELECT guid, date, file_guid FROM ledger_items WHERE organization = ? AND voucher_number = ? "
        "AND state <> 'Booked' AND guid IS NOT ?",
        [call.organization, item["VoucherNumber"], item["Id"]],
    )
    if row:
        there = {"VoucherDate": row["date"], "FileGuid": row["file_guid"], "Id": row["guid"]}
        _compare(there, item, COMMON[:3])
