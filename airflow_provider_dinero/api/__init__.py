"""Dinero's API in plain Python, usable without Airflow. Names are imported when they are first used."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_dinero.api.auth.grants import PersonalIntegration, VismaConnect
    from airflow_provider_dinero.api.bodies.idempotency import guid_for
    from airflow_provider_dinero.api.client import DineroClient
    from airflow_provider_dinero.api.lists.filters import contains, eq
    from airflow_provider_dinero.api.operations import Operation, Repeat

__all__ = ["DineroClient", "Operation", "PersonalIntegration", "Repeat", "VismaConnect", "contains", "eq", "guid_for"]

_HOMES = {
    "DineroClient": "client",
    "Operation": "operations",
    "PersonalIntegration": "auth.grants",
    "Repeat": "operations",
    "VismaConnect": "auth.grants",
    "contains": "lists.filters",
    "eq": "lists.filters",
    "guid_for": "bodies.idempotency",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: a DAG file that imports an operator needs none of them."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
