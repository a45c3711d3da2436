"""What an operation is: method, path, how it may be repeated, and how a lost answer is settled."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Repeat(StrEnum):
    """How an operation may be repeated when its answer was lost; `retry.py` decides by this alone."""

    READ = "read"  # always
    KEYED = "keyed"  # a create with a Guid that we chose: the second one is refused as a duplicate
    FENCED = "fenced"  # carries the document's Timestamp: the second one is refused as stale
    BARE = "bare"  # neither: never sent twice blindly


@dataclass(frozen=True)
class Operation:
    """One operation of Dinero's API.

    :param method: str, the HTTP method
    :param path: str, the path as the documents write it, with its version
    :param repeat: Repeat, how it may be repeated
    :param body: str or None, the name of the body's model
    :param paginated: bool, whether it answers page by page
    :param changes_since: bool, whether it takes `changesSince`
    :param settled_by: str, the look-up that settles a lost answer; empty for reads
    """

    method: str
    path: str
    repeat: Repeat = Repeat.READ
    body: str | None = None
    paginated: bool = False
    changes_since: bool = False
    settled_by: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def performed_by(self, function: Callable[P, R]) -> Callable[P, R]:
        """Mark a resource method as the one that performs this operation: it carries it as `.operation`."""
        setattr(function, "operation", self)  # ruff: ignore[set-attr-with-constant] - mypy knows no attributes of functions
        return function
