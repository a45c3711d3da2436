"""What an operation gets (a call) and where operations are registered (a resource)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

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
    """One request, and who sends it."""

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
    # Seconds that the answer is held back, as if the work had taken them.
    hold: float = 0

    @property
    def guid(self) -> str:
        """The guid in the path. One that is none at all is simply unknown."""
        return self.route["guid"].lower()

    @property
    def key(self) -> tuple[int | None, str]:
        """What the path points at: (organization, guid)."""
        return self.organization, self.guid

    def body(self, schema: str, *, optional: bool = False) -> JsonObject:
        """The JSON body, bound to a schema.

        :param schema: name of the schema
        :param optional: an empty body counts as ``{}``
        """
        return bind(schema, self.raw, optional=optional)

    def bodies(self, schema: str) -> list[JsonObject]:
        """A JSON body that is an array, each item bound to a schema."""
        return bind_all(schema, self.raw)

    def text(self, name: str, default: str = "") -> str:
        """A query parameter; its name is case-insensitive, as in ASP.NET, and empty counts as left out."""
        return self.query.get(name.lower(), "").strip() or default

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A query parameter that is true or false."""
        value = self.text(name, str(default)).lower()
        if value not in ("true", "false"):
            raise malformed(name, "true or false")
        return value == "true"

    def number(self, name: str, default: int) -> int:
        """A query parameter that is a whole number."""
        text = self.text(name, str(default))
        # Python's int also takes 1_0 and the digits of other scripts, and not more than 4300 of them.
        if not re.fullmatch(r"[+-]?[0-9]{1,100}", text):
            raise malformed(name, "a whole number")
        return int(text)

    def day(self, name: str, separator: str = "-") -> date | None:
        """A query parameter that is a date, None if left out."""
        value = self.text(name)
        try:
            return parse_day(value, separator) if value else None
        except ValueError:
            raise malformed(name, f"a date in the form yyyy{separator}MM{separator}dd") from None


def malformed(name: str, wanted: str) -> ApiError:
    """Documents silent on the code for a malformed query parameter: 44, "Invalid format"."""
    return ApiError(44, f"{name} must be {wanted}.", problems={name: f"Must be {wanted}."})


Handler = Callable[[Call], Response]


@dataclass(frozen=True)
class Operation:
    """A method and a path, and what answers them.

    :param open: works without a token and isn't counted against the request limit
    """

    method: str
    path: str
    handler: Handler
    open: bool = False


@dataclass
class Resource:
    """The operations of one resource, its tables, and what is in them from the start.

    :param due: does what time has brought on, before each operation
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
