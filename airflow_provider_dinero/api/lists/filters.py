"""Filters of lists: built, never concatenated."""

import unicodedata
from collections.abc import Collection, Iterable
from typing import NamedTuple

from airflow_provider_dinero.api.bodies.validation import nearest
from airflow_provider_dinero.api.errors import DineroInvalidBody


class Condition(NamedTuple):
    """One condition of a filter."""

    name: str
    operator: str
    value: str | int | bool


def eq(name: str, value: str | int | bool) -> Condition:
    """Return the condition that a property equals a value; Dinero ignores case.

    :param name: str, a property that the list can be filtered by
    :param value: str, int or bool
    """
    return Condition(name, "eq", value)


def contains(name: str, value: str) -> Condition:
    """Return the condition that a property contains a text; Dinero ignores case.

    :param name: str, a property that the list can be filtered by
    :param value: str
    """
    return Condition(name, "contains", value)


def query_filter(conditions: Condition | Iterable[Condition], allowed: Collection[str]) -> str | None:
    """Return the `queryFilter` of some conditions, all of which must hold; None where there are none.

    :param conditions: Condition, or iterable of Condition, made by `eq` and `contains`
    :param allowed: names of the properties that the list can be filtered by
    :raises DineroInvalidBody: a property that can't be filtered by, or a value that can't be expressed
    """
    parts = []
    if isinstance(conditions, Condition):
        conditions = (conditions,)
    for name, operator, value in conditions:
        if name not in allowed:
            meant = nearest(name, list(allowed)) or ", ".join(allowed)
            raise DineroInvalidBody(f"This list can't be filtered by {name}.", f"It can by: {meant}.")
        text = str(value)
        for each in text:
            if each == ";" or not each.isprintable():
                raise _inexpressible(name, each)
        # Undocumented; two clients that work double the quote.
        parts.append(f"{name} {operator} '{text.replace(chr(39), chr(39) * 2)}'")
    return ";".join(parts) or None


def _inexpressible(name: str, character: str) -> DineroInvalidBody:
    if character == ";" or unicodedata.category(character) == "Cc":
        what = "a semicolon" if character == ";" else f"a control character (U+{ord(character):04X})"
        return DineroInvalidBody(
            f"A filter on {name} can't hold {what}: Dinero has no way to escape it.",
            "Filter by another property, or by a part of the value.",
        )
    what = unicodedata.name(character, "a character without a name").lower()
    return DineroInvalidBody(
        f"A filter on {name} can't hold a character that looks like a blank or like nothing, and there is one: "
        f"{what} (U+{ord(character):04X}).",
        "Take it out, or put a plain blank in its place; nothing was sent.",
    )
