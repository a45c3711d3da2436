"""The sandbox's switches, one changed at a time."""

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
