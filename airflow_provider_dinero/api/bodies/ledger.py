"""Ledger items from lines: one per voucher number, in groups that fit into a ledger."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from airflow_provider_dinero.api.bodies.validation import check
from airflow_provider_dinero.api.errors import DineroInvalidBody

# Dinero's cap (code 66).
LARGEST = 1000
# What lines with the same voucher number must have in common, and the code with which Dinero refuses them if not.
COMMON = {"VoucherDate": 75, "FileGuid": 76, "Id": 78, "Version": 87}
OF_ITEMS = ("VoucherNumber", *COMMON)

Row = dict[str, Any]


def items_of(lines: Iterable[Mapping[str, Any]], guid: Callable[[str], str]) -> list[Row]:
    """Return the ledger items of lines, each with an Id.

    :param lines: dicts like LedgerItemModelV2. One without Lines is a line itself, with the properties of
        LedgerItemLineModelV2 beside those of its voucher. Lines with the same VoucherNumber belong together; one
        without a number is a voucher of its own
    :param guid: callable that returns the Id for the name of an item: its number, or else its position
    :return: list of dicts, checked, like LedgerItemModelV2
    :raises DineroInvalidBody: a property is wrong, lines of a voucher number don't agree, or a voucher is too large
    """
    found: list[Row] = []
    numbered: dict[int, Row] = {}
    whole = [_nested(line) for line in lines]
    for item in check("[LedgerItemModelV2]", whole):
        number = item.get("VoucherNumber")
        first = numbered.get(number) if number is not None else None
        if first is None:
            item["Lines"] = list(item.get("Lines") or ())
            found.append(item)
            if number is not None:
                numbered[number] = item
        else:
            _require_common(number, first, item)
            first["Lines"] += item.get("Lines") or ()
    for index, item in enumerate(found):
        number = item.get("VoucherNumber")
        item["Id"] = item.get("Id") or guid(f"item {index}" if number is None else f"voucher {number}")
        if not 0 < len(item["Lines"]) <= LARGEST:
            raise DineroInvalidBody(
                f"{named(item, index)} has {len(item['Lines'])} lines; a ledger holds 1 to {LARGEST} (code 66).",
                "Nothing was sent.",
            )
    return found


def groups_of(items: Iterable[Row]) -> list[list[Row]]:
    """Return items in groups of at most 1000 lines, in their order.

    :param items: dicts from `items_of`
    """
    groups: list[list[Row]] = []
    left = 0
    for item in items:
        if left < len(item["Lines"]):
            groups.append([])
            left = LARGEST
        groups[-1].append(item)
        left -= len(item["Lines"])
    return groups


def _nested(line: Any) -> Any:
    """Return a line as an item; any other value stays unchanged, for the check to report."""
    if not isinstance(line, Mapping) or "Lines" in line:
        return line
    item = {name: value for name, value in line.items() if name in OF_ITEMS}
    return {**item, "Lines": [{name: value for name, value in line.items() if name not in OF_ITEMS}]}


def _require_common(number: int, first: Row, other: Row) -> None:
    for name, code in COMMON.items():
        one, two = first.get(name), other.get(name)
        if (one or None) != (two or None):
            raise DineroInvalidBody(
                f"The lines of voucher {number} differ in {name}: {one} and {two} (code {code}).", "Nothing was sent."
            )


def named(item: Row, index: int) -> str:
    """Return how an error names an item.

    :param item: dict
    :param index: int, its place
    """
    return f"Item {index}" if item.get("VoucherNumber") is None else f"Voucher {item['VoucherNumber']}"


def one_sided(item: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the lines of an item or a manual voucher with only one account; other lines balance by themselves.

    :param item: mapping with Lines
    """
    for line in item.get("Lines") or ():
        if _has_account(line) != (line.get("BalancingAccountNumber") is not None):
            yield line


def imbalance(item: Mapping[str, Any]) -> tuple[Decimal, Decimal]:
    """Return the debit and credit of those lines of an item that have only one account.

    :param item: mapping, checked; its Amounts include VAT, so VAT codes don't matter
    :return: (debit, credit), which are equal where the item balances
    """
    debit = credit = Decimal(0)
    for line in one_sided(item):
        amount = Decimal(line["Amount"] or 0) * (1 if _has_account(line) else -1)
        if amount > 0:
            debit += amount
        else:
            credit -= amount
    return debit, credit


def unbalanced(debit: Decimal, credit: Decimal) -> str:
    """Return the text of an error about a voucher that doesn't balance.

    :param debit: Decimal
    :param credit: Decimal
    """
    return (
        f"its lines without a BalancingAccountNumber sum to {debit - credit:.2f}, not to 0.00 (debit {debit:.2f}, "
        f"credit {credit:.2f})."
    )


def _has_account(line: Mapping[str, Any]) -> bool:
    return line.get("AccountNumber") is not None or line.get("IsPaymentForVoucherId") is not None
