"""Filters of lists, built from conditions instead of concatenated text."""

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
    """Return the condition that a property equals a value, ignoring case.

    :param name: str, a property that the list can be filtered by
    :param value: str, int or bool
    """
    return Condition(name, "eq", value)


def contains(name: str, value: str) -> Condition:
    """Return the condition that a property contains a text, ignoring case.

    :param name: str, a property that the list can be filtered by
    :param value: str
    """
    return Condition(name, "contains", value)


def query_filter(conditions: Condition | Iterable[Condition], allowed: Collection[str]) -> str | None:
    """Return the `queryFilter` for conditions that must all hold; None if there are none.

    :param conditions: Condition, or iterable of Condition, made by `eq` and `contains`
    :param allowed: names of the properties that the list can be filtered by
    :raises DineroInvalidBody: the list can't be filtered by a property, or a value can't be expressed
    """
    parts = []
    if isinstance(conditions, Condition):
        conditions = (conditions,)
    for name, operator, value in conditions:
        if name not in allowed:
            meant = nearest(name, list(allowed)) or ", ".join(allowed)
            raise DineroInvalidBody(f"This list can't be filtered by {name}.", f"It can be filtered by {meant}.")
        text = str(value)
        for each in text:
            if each == ";" or not each.isprintable():
                raise _inexpressible(name, each)
        # Undocumented; two working clients double the quote.
        parts.append(f"{name} {operator} '{text.replace(chr(39), chr(39) * 2)}'")
    return ";".join(parts) or None


def _inexpressible(name: str, character: str) -> DineroInvalidBody:
    if character == ";" or unicodedata.category(character) == "Cc":
        what = "a semicolon" if character == ";" else f"a control character (U+{ord(character):04X})"
        return DineroInvalidBody(
            f"A filter on {name} can't contain {what}: Dinero has no way to escape it.",
            "Filter by another property, or by a part of the value.",
        )
    what = unicodedata.name(character, "a character without a name").lower()
    return DineroInvalidBody(
        f"A filter on {name} can't contain an invisible or blank-like character, but this one does: "
        f"{what} (U+{ord(character):04X}).",
        "Remove it, or replace it by a plain blank; nothing was sent.",
    )
