"""The sandbox's switches, one changed at a time."""

import os
from dataclasses import fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from airflow_provider_dinero.sandbox.settings import Settings


def _values(kind: Any) -> list[Any]:
    if kind is bool:
        return [True, False]
    return list(get_args(kind)) if get_origin(kind) is Literal else []


_KINDS = get_type_hints(Settings)
OTHER_SETTINGS = [
    (field.name, value) for field in fields(Settings) for value in _values(_KINDS[field.name]) if value != field.default
]


def changed() -> dict[str, Any]:
    """What the environment's `SWITCH=name=value` changes, for programs that run with one other setting."""
    name, _, text = os.environ.get("SWITCH", "").partition("=")
    if not name:
        return {}
    return {name: next(value for other, value in OTHER_SETTINGS if other == name and str(value) == text)}


def flags() -> list[str]:
    """The same as `dinero-sandbox serve` takes it."""
    found = []
    for name, value in changed().items():
        if name == "date_header":
            name = "no_date_header"
        found.append(f"--{name.replace('_', '-')}" + ("" if isinstance(value, bool) else f"={value}"))
    return found
