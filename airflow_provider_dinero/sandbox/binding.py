"""Request bodies, bound to a schema of the contract in the way that Dinero's server does it.

Names are case-insensitive, and unknown properties are silently dropped. A required bool or number that is left out is
false or 0, as it is a plain value type; a required string that is left out is rejected.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from airflow_provider_dinero.sandbox.answers import JsonObject, decode
from airflow_provider_dinero.sandbox.contract import resolve, schema
from airflow_provider_dinero.sandbox.errors import ApiError

VALUE_TYPES: dict[str, Any] = {"boolean": False, "integer": 0, "number": Decimal(0)}
# Undocumented: larger amounts and quantities are rejected, which keeps sums within Decimal's 28 digits.
LARGEST_NUMBER = 10**12
# One client writes it in lower case.
LINE_TYPES = {"product": "Product", "text": "Text"}
LARGEST_INTEGER = {"int32": 2**31 - 1, "int64": 2**63 - 1}


def bind(name: str, raw: bytes, *, optional: bool = False) -> JsonObject:
    """Bind a JSON body.

    :param name: name of the schema
    :param raw: the body
    :param optional: whether an empty body counts as ``{}``
    :return: every property of the schema, None for those that weren't sent
    :raises ApiError: code 45 if the body isn't a JSON object or a list is too short, 42 if a value is invalid
    """
    value = {} if optional and not raw.strip() else json_object(raw)
    problems: dict[str, str] = {}
    bound = _object(schema(name), value, "", problems)
    _refuse(problems)
    return bound


def bind_all(name: str, raw: bytes) -> list[JsonObject]:
    """Bind a JSON body that is an array of a schema.

    :param name: name of the schema of an item
    :param raw: the body
    """
    value = _decoded(raw)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ApiError(45, "The request is invalid: the body must be a JSON array of objects.")
    problems: dict[str, str] = {}
    bound = [_object(schema(name), item, f"[{at}].", problems) for at, item in enumerate(value)]
    _refuse(problems)
    return bound


def json_object(raw: bytes) -> JsonObject:
    """Decode a JSON object.

    :raises ApiError: code 45 if the body isn't one
    """
    value = _decoded(raw)
    if not isinstance(value, dict):
        raise ApiError(45, "The request is invalid: the body must be a JSON object.")
    return value


def _decoded(raw: bytes) -> Any:
    try:
        return decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ApiError(45, "The request is invalid: the body is not valid JSON.") from None


def _refuse(problems: dict[str, str]) -> None:
    if problems:
        missing = next((reason for reason in problems.values() if reason.endswith("field is required.")), None)
        raise ApiError(42, missing, problems=problems)


def _object(declared: JsonObject, value: JsonObject, path: str, problems: dict[str, str]) -> JsonObject:
    sent = {key.lower(): item for key, item in value.items()}
    bound: JsonObject = {}
    for name, reference in declared["properties"].items():
        part = resolve(reference)
        required = name in declared.get("required", ())
        left_out = name.lower() not in sent
        item, default = sent.get(name.lower()), reference.get("default", part.get("default"))
        if item == "" and None in part.get("enum", ()):
            item = None  # "empty" in the documents means both null and "".
        if item is None:
            kind = _kind(part)
            if required and left_out and kind in VALUE_TYPES:
                item = VALUE_TYPES[kind]
            elif kind == "array":
                item = []
            elif required and default is None:
                problems[path + name] = f"The {name} field is required."
                continue
            else:
                bound[name] = default
                continue
        bound[name] = _value(part, item, path + name, problems)
    return bound


def _value(part: JsonObject, value: Any, path: str, problems: dict[str, str]) -> Any:
    kind = _kind(part)
    if kind == "object":
        if isinstance(value, dict):
            return _object(part, value, f"{path}.", problems)
    elif kind == "array":
        if isinstance(value, list):
            if len(value) < part.get("minItems", 0):
                raise ApiError(45, f"The request is invalid: {path} must have at least one item.")
            items = resolve(part["items"])
            return [_value(items, item, f"{path}[{at}]", problems) for at, item in enumerate(value)]
    elif kind == "boolean":
        if isinstance(value, bool):
            return value
    elif kind in ("integer", "number"):
        # Dinero accepts text as account numbers. Any other text is rejected, so that no client comes to rely on it.
        if isinstance(value, str) and path.endswith("AccountNumber") and re.fullmatch(r"[0-9]{1,9}", value):
            value = int(value)
        if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
            return _number(part, kind, value, path, problems)
    elif isinstance(value, str):
        return _string(part, value, path, problems)
    problems[path] = f"The value is not valid for {path}."
    return None


def _number(part: JsonObject, kind: str, value: int | Decimal, path: str, problems: dict[str, str]) -> Any:
    largest = LARGEST_INTEGER[part.get("format", "int32")] if kind == "integer" else LARGEST_NUMBER
    lowest, highest = part.get("minimum"), part.get("maximum")
    if not -largest <= value <= largest or (kind == "integer" and value != int(value)):
        problems[path] = f"The value is not valid for {path}."
    elif (lowest is not None and value < lowest) or (highest is not None and value > highest):
        problems[path] = f"The field {path} must be between {lowest} and {highest}."
    elif "not" in part and value == part["not"]["const"]:
        problems[path] = f"The field {path} must not be {value}."
    else:
        return int(value) if kind == "integer" else Decimal(value)
    return None


def _string(part: JsonObject, value: str, path: str, problems: dict[str, str]) -> str | None:
    if len(value) < part.get("minLength", 0):
        problems[path] = f"The {path} field is required."
    elif len(value) > part.get("maxLength", len(value)):
        problems[path] = f"The field {path} must have a maximum length of {part['maxLength']}."
    elif path.endswith("LineType") and value.lower() in LINE_TYPES:
        return LINE_TYPES[value.lower()]
    # The documents don't say whether enum values ignore case. Here they don't, so that no client comes to rely on it.
    elif "enum" in part and value not in part["enum"]:
        problems[path] = f"{path} must be one of {', '.join(str(item) for item in part['enum'] if item)}."
    elif "pattern" in part and not re.search(part["pattern"], value):
        problems[path] = f"The field {path} must match the expression '{part['pattern']}'."
    else:
        try:
            return _formatted(part.get("format"), value)
        except ValueError:
            problems[path] = f"The value is not valid for {path}."
    return None


def _formatted(form: str | None, value: str) -> str:
    if form == "uuid":
        return str(UUID(value))
    if form == "date":
        return parse_day(value).isoformat()
    return value


def parse_day(text: str, separator: str = "-") -> date:
    """Parse a date in Dinero's form only: Python's own parsers also accept ``2026-1-31`` or ``2026-W05-6``.

    :param text: year, month and day
    :param separator: the separator between them
    :raises ValueError: for any other form
    """
    if not re.fullmatch(separator.join((r"\d{4}", r"\d{2}", r"\d{2}")), text, re.ASCII):
        raise ValueError(text)
    return date.fromisoformat(text.replace(separator, "-"))


def day_of(text: str | None, name: str) -> str | None:
    """Return the date of a property for which the contract gives no format: a date, or a date-time without its time.

    :param text: the value; empty counts as None
    :param name: the property
    :raises ApiError: code 42 for any other form
    """
    if not text:
        return None
    try:
        return parse_day(re.sub(r"T[0-9:.]*(Z|[+-][0-9:]*)?$", "", text)).isoformat()
    except ValueError:
        raise ApiError(42, problems={name: f"The value is not valid for {name}."}) from None


def _kind(part: JsonObject) -> str:
    kinds = part.get("type", "object" if "properties" in part else "string")
    return str(kinds) if isinstance(kinds, str) else str(next(kind for kind in kinds if kind != "null"))
