"""How a document in Dinero is compared with the body that its author gave."""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from airflow_provider_dinero.api.bodies.numbers import normalized
from airflow_provider_dinero.api.errors import DineroConflict

# What a property means that a create leaves out, where the documents say so.
DEFAULTS = {"Currency": "DKK", "ShowLinesInclVat": False, "Discount": 0}
# What Dinero fills in itself when it is sent empty.
FILLED_IN = ("PaymentConditionType", "PaymentConditionNumberOfDays")
GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
MIDNIGHT = re.compile(r"(?<=\d)T00:00:00(\.0+)?(Z|\+00:00)?$")


def require_same(what: str, wanted: Mapping[str, Any], existing: Mapping[str, Any]) -> None:
    """Make sure that an existing document is the wanted one, on the properties that its author gave.

    :param what: str, names the document in the error
    :param wanted: mapping, the checked body
    :param existing: mapping, the document as Dinero gives it
    :raises DineroConflict: shows the differences, or says that the document was deleted
    """
    if existing.get("DeletedAt"):
        raise DineroConflict(
            f"{what} was made before and then deleted; its Guid stays used.",
            "To make it anew on purpose, pass another generation.",
        )
    found = differences(wanted, existing)
    if found:
        raise DineroConflict(
            f"{what} exists with other content: {describe(found)}.",
            "Use another idempotency key for another document, or correct the one in Dinero; credit what is booked.",
        )


def describe(found: Mapping[str, tuple[Any, Any]]) -> str:
    """Return differences as an error tells them.

    :param found: mapping, as `differences` returns it
    """
    return "; ".join(f"{name}: Dinero has {there!r}, you gave {want!r}" for name, (there, want) in found.items())


def differences(
    wanted: Mapping[str, Any], existing: Mapping[str, Any], *, empty_counts: bool = False, strict: bool = False
) -> dict[str, tuple[Any, Any]]:
    """Return what differs, by property: (there, wanted).

    :param wanted: mapping, the checked body
    :param existing: mapping, the document as Dinero gives it
    :param empty_counts: bool, None is a wanted value and not "as Dinero likes it"; default False
    :param strict: bool, what Dinero doesn't give back differs; default False
    """
    if wanted.get("LineType") == "Text":  # Dinero keeps nothing else of it
        wanted = {name: wanted.get(name) for name in ("LineType", "Description")}
    elif not empty_counts:
        left_out = {name: value for name, value in DEFAULTS.items() if wanted.get(name) is None and name in existing}
        wanted = {**wanted, **left_out}
    found: dict[str, tuple[Any, Any]] = {}
    for name, want in wanted.items():
        empty = want in (None, "")
        if name == "Amount" and "AmountInclVatValue" in existing:  # the lines of vouchers read back under other names
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
        if name.endswith("VatCode"):  # VAT that is suppressed may read back as nothing
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
        if including_vat:  # Dinero gives the unit amount back under two names
            line = {**line, "BaseAmountValue": line.get("BaseAmountValueInclVat")}
        for inner, pair in differences(wanted_line, line, strict=strict).items():
            found[f"{name}[{index}].{inner}"] = pair
    return found


def _amounts(line: Mapping[str, Any]) -> set[Any]:
    """Return what the amount of a line may have been: it is gross, on manual vouchers for some VAT types net."""
    names = (
        ("AmountInclVatValue", "AmountExclVatValue") if "BalancingAccountNumber" in line else ("AmountInclVatValue",)
    )
    return {_plain(name, line[name]) for name in names}


def same_id(one: object, other: object) -> bool:
    """Tell whether two texts are the same Guid, however they are written.

    :param one: str or UUID
    :param other: str or UUID
    """
    return str(one).replace("-", "").lower() == str(other).replace("-", "").lower()


def same_text(one: object, other: object) -> bool:
    """Tell whether two texts are the same but for blanks around them, which nobody sees.

    :param one: str or None
    :param other: str or None
    """
    return str(one or "").strip() == str(other or "").strip()


def _plain(name: str, value: Any) -> Any:
    """Return a value in the form in which Dinero's and the author's spelling of it are equal."""
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
