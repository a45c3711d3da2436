"""A call, which is what an operation receives, and a resource, which registers operations."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from starlette.responses import Response

from airflow_provider_dinero.sandbox.answers import JsonObject
from airflow_provider_dinero.sandbox.binding import bind, bind_all, parse_day
from airflow_provider_dinero.sandbox.errors import ApiError
from airflow_provider_dinero.sandbox.faults import Faults
from airflow_provider_dinero.sandbox.limiter import Limiter
from airflow_provider_dinero.sandbox.settings import Settings
from airflow_provider_dinero.sandbox.store import Store


@dataclass
class Call:
    """One request and its client."""

    settings: Settings
    store: Store
    limiter: Limiter
    faults: Faults
    base_url: str
    method: str
    url: str
    route: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes
    client_id: str | None = None
    organization: int | None = None
    reach: tuple[int, ...] = ()
    fault: str | None = None
    # Seconds by which the response is delayed, as if the work had taken them.
    hold: float = 0
    # The accounts by number, once they are read.
    chart: dict[int, Any] | None = None

    @property
    def guid(self) -> str:
        """The guid in the path. A malformed one is treated as unknown."""
        return self.route["guid"].lower()

    @property
    def key(self) -> tuple[int | None, str]:
        """The key of the object in the path: (organization, guid)."""
        return self.organization, self.guid

    def body(self, schema: str, *, optional: bool = False) -> JsonObject:
        """Return the JSON body, bound to a schema.

        :param schema: name of the schema
        :param optional: whether an empty body counts as ``{}``
        """
        return bind(schema, self.raw, optional=optional)

    def bodies(self, schema: str) -> list[JsonObject]:
        """Return a JSON array, each item bound to a schema."""
        return bind_all(schema, self.raw)

    def text(self, name: str, default: str = "") -> str:
        """Return a query parameter. Its name is case-insensitive, as in ASP.NET; empty counts as missing."""
        return self.query.get(name.lower(), "").strip() or default

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a query parameter that is true or false."""
        value = self.text(name, str(default)).lower()
        if value not in ("true", "false"):
            raise malformed(name, "true or false")
        return value == "true"

    def number(self, name: str, default: int) -> int:
        """Return a query parameter that is a whole number."""
        text = self.text(name, str(default))
        # Python's int also accepts 1_0 and the digits of other scripts, and at most 4300 of them.
        if not re.fullmatch(r"[+-]?[0-9]{1,100}", text):
            raise malformed(name, "a whole number")
        return int(text)

    def day(self, name: str, separator: str = "-") -> date | None:
        """Return a query parameter that is a date, None if it is missing."""
        value = self.text(name)
        try:
            return parse_day(value, separator) if value else None
        except ValueError:
            raise malformed(name, f"a date in the form yyyy{separator}MM{separator}dd") from None


def malformed(name: str, wanted: str) -> ApiError:
    """Return the error for a malformed query parameter. Its code, 44 ("Invalid format"), is undocumented."""
    return ApiError(44, f"{name} must be {wanted}.", problems={name: f"Must be {wanted}."})


Handler = Callable[[Call], Response]


@dataclass(frozen=True)
class Operation:
    """A method and a path, with their handler.

    :param open: whether it works without a token and outside the request limit
    """

    method: str
    path: str
    handler: Handler
    open: bool = False


@dataclass
class Resource:
    """The operations of one resource, its tables and its initial rows.

    :param due: runs before each operation, and does what has become due by the clock
    """

    tables: str = ""
    seed: Callable[[Store], None] | None = None
    due: Callable[[Call], None] | None = None
    operations: list[Operation] = field(default_factory=list)

    def operation(self, method: str, path: str, *, open: bool = False) -> Callable[[Handler], Handler]:
        """Register the decorated function as an operation."""

        def register(handler: Handler) -> Handler:
            self.operations.append(Operation(method, path, handler, open))
            return handler

        return register
