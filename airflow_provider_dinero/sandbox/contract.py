"""Dinero's published contract (``openapi.json``), read as data."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from airflow_provider_dinero.sandbox.answers import JsonObject


@cache
def _document() -> JsonObject:
    document: JsonObject = msgspec.json.decode(
        files("airflow_provider_dinero").joinpath("api/openapi.json").read_bytes()
    )
    return document


def schema(name: str) -> JsonObject:
    """Return the schema of that name."""
    found: JsonObject = _document()["components"]["schemas"][name]
    return found


def resolve(part: JsonObject) -> JsonObject:
    """Return the schema that ``part`` refers to, or ``part`` itself."""
    return schema(part["$ref"].rsplit("/", 1)[1]) if "$ref" in part else part


@cache
def parameters(path: str) -> dict[str, JsonObject]:
    """Return the schemas of the query parameters of ``GET path``, by name."""
    declared = _document()["paths"][path]["get"]["parameters"]
    return {item["name"]: item["schema"] for item in declared if item["in"] == "query"}


def parameter(path: str, name: str) -> JsonObject:
    """Return the schema of one query parameter."""
    return parameters(path)[name]


def project(name: str, values: dict[str, Any]) -> JsonObject:
    """Return an object in the form of a schema: all its properties in its order, and no others."""
    return {key: values.get(key) for key in schema(name)["properties"]}
