"""Comparing a document in Dinero with the body that you gave."""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from airflow_provider_dinero.api.bodies.numbers import normalized
from airflow_provider_dinero.api.errors import DineroConflict

# The meaning of properties that a create leaves out, where the documents define it.
DEFAULTS = {"Currency": "DKK", "ShowLinesInclVat": False, "Discount": 0}
# What Dinero fills in if it is sent empty.
FILLED_IN = ("PaymentConditionType", "PaymentConditionNumberOfDays")
GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
MIDNIGHT = re.compile(r"(?<=\d)T00:00:00(\.0+)?(Z|\+00:00)?$")


def require_same(what: str, wanted: Mapping[str, Any], existing: Mapping[str, Any]) -> None:
    """Check that an existing document is the wanted one, by the properties that you gave.

    :param what: str, names the document in the error
    :param wanted: mapping, the checked body
    :param existing: mapping, the document from Dinero
    :raises DineroConflict: it shows the differences, or says that the document was deleted
    """
    if existing.get("DeletedAt"):
        raise DineroConflict(
            f"{what} was created and then deleted; its Guid can't be used again.",
            "To create it again on purpose, pass another generation.",
        )
    found = differences(wanted, existing)
    if found:
        raise DineroConflict(
            f"{what} exists with other content: {describe(found)}.",
            "For another document, use another idempotency key; or correct it in Dinero, or credit it if it is booked.",
        )


def describe(found: Mapping[str, tuple[Any, Any]]) -> str:
    """Return differences as text for an error.

    :param found: mapping, from `differences`
    """
    return "; ".join(f"{name}: Dinero has {there!r}, you gave {want!r}" for name, (there, want) in found.items())


def differences(
    wanted: Mapping[str, Any], existing: Mapping[str, Any], *, empty_counts: bool = False, strict: bool = False
) -> dict[str, tuple[Any, Any]]:
    """Return what differs, by property: (in Dinero, wanted).

    :param wanted: mapping, the checked body
    :param existing: mapping, the document from Dinero
    :param empty_counts: bool, whether None is a wanted value instead of "Dinero decides"; default False
    :param strict: bool, whether a property that Dinero doesn't return differs; default False
    """
    if wanted.get("LineType") == "Text":  # Dinero stores nothing else of it
        wanted = {name: wanted.get(name) for name in ("LineType", "Description")}
    elif not empty_counts:
        left_out = {name: value for name, value in DEFAULTS.items() if wanted.get(name) is None and name in existing}
        wanted = {**wanted, **left_out}
    found: dict[str, tuple[Any, Any]] = {}
    for name, want in wanted.items():
        empty = want in (None, "")
        if name == "Amount" and "AmountInclVatValue" in existing:  # lines of vouchers read back under other names
            if _plain(name, want) not in _amounts(existing):
                found[name] = (_plain(name, existing["AmountInclVatValue"]), _plain(name, want))
            continue
        if name not in existing and strict and not empty:
            found[name] = (None, _plain(name, want))
        if name not in existing or (empty and not (empty_counts and name not in FILLED_IN)):
            continue
        if name == "PaymentConditionType" and want == "Paid":  # it reads back as NettoCash
            continue
        there = existing[name]
        if name.endswith("VatCode"):  # suppressed VAT may read back as nothing
            want, there = (str(each or "none").upper() for each in (want, there))
        if isinstance(want, list):
            vat = bool(wanted.get("ShowLinesInclVat"))
            found |= _different_lines(name, want, there or [], including_vat=vat, strict=strict)
        elif _plain(name, want) != _plain(name, there):
            found[name] = (_plain(name, there), _plain(name, want))
    return found


def _different_lines(
    name: str, want: list[Any], there: list[Any], *, including_vat: bool, strict: bool
) -> dict[str, tuple[Any, Any]]:
    if len(want) != len(there):
        return {name: (f"{len(there)} lines", f"{len(want)} lines")}
    found = {}
    for index, (wanted_line, line) in enumerate(zip(want, there, strict=True)):
        if including_vat:  # Dinero returns the unit amount under two names
            line = {**line, "BaseAmountValue": line.get("BaseAmountValueInclVat")}
        for inner, pair in differences(wanted_line, line, strict=strict).items():
            found[f"{name}[{index}].{inner}"] = pair
    return found


def _amounts(line: Mapping[str, Any]) -> set[Any]:
    """Return the possible amounts of a line: it is gross; on manual vouchers net for some VAT types."""
    names = (
        ("AmountInclVatValue", "AmountExclVatValue") if "BalancingAccountNumber" in line else ("AmountInclVatValue",)
    )
    return {_plain(name, line[name]) for name in names}


def same_id(one: object, other: object) -> bool:
    """Tell whether two texts are the same Guid, in any spelling.

    :param one: str or UUID
    :param other: str or UUID
    """
    return str(one).replace("-", "").lower() == str(other).replace("-", "").lower()


def same_text(one: object, other: object) -> bool:
    """Tell whether two texts are the same except for blanks around them, which nobody sees.

    :param one: str or None
    :param other: str or None
    """
    return str(one or "").strip() == str(other or "").strip()


def _plain(name: str, value: Any) -> Any:
    """Return a value in the form in which Dinero's and your spelling of it are equal."""
    if value in (None, ""):
        return None
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float, Decimal)):
        return normalized(Decimal(str(value)) if isinstance(value, float) else Decimal(value))
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    text = text.replace("\r\n", "\n").strip()
    if name.endswith("Date"):  # some dates read back as times
        return MIDNIGHT.sub("", text)
    return text.lower() if name.endswith(("Guid", "Id", "For")) and GUID.fullmatch(text) else text
