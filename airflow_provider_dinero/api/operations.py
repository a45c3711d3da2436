"""What an operation is: method, path, how it may be repeated, and how a lost answer is settled."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, ParamSpec, TypeVar

from airflow_provider_dinero.api.bodies.shapes import SHAPES

P = ParamSpec("P")
R = TypeVar("R")


class Repeat(StrEnum):
    """How an operation may be repeated when its answer was lost; `retry.py` decides by this alone."""

    READ = "read"  # always
    KEYED = "keyed"  # it names what it makes or replaces: the second one is refused as a duplicate, or changes nothing
    FENCED = "fenced"  # carries the document's Timestamp: the second one is refused as stale
    BARE = "bare"  # neither: never sent twice blindly


class Otherwise(StrEnum):
    """What happens when the look for a lost write finds nothing."""

    REFUSED = "Dinero's refusal is raised"
    UNKNOWN = "DineroOutcomeUnknown"


class Lost(NamedTuple):
    """What follows when the answer of a write is lost: one row of the table of writes.

    :param fence: str, what makes a second one harmless
    :param look_up: str, what is read to see whether the write was done
    :param sure: str, whether that can be relied on: yes, likely or no
    :param otherwise: Otherwise, what happens when the look-up finds nothing
    """

    fence: str
    look_up: str
    sure: str
    otherwise: Otherwise


# The ways that several operations share.
REFUSED, UNKNOWN = Otherwise.REFUSED, Otherwise.UNKNOWN
OWN_GUID = Lost(
    "its Guid, the author's or one that we choose", "the document of this Guid, compared with the body", "yes", UNKNOWN
)
SAME_AGAIN = Lost("the same again changes nothing", "none is needed", "yes", REFUSED)
GONE = Lost("the same again changes nothing", "it is gone, or has a DeletedAt", "yes", REFUSED)
REPLACED = Lost("Timestamp", "the document, compared with the body", "yes", REFUSED)
DELETED = Lost("Timestamp", "the document: gone, or with a DeletedAt", "yes", REFUSED)
BOOKED = Lost("Timestamp", "the document: there is no way back from booked", "yes", REFUSED)
PAID = Lost(
    "Timestamp",
    "the payments: one with its ExternalReference, which we choose where the author doesn't",
    "yes",
    UNKNOWN,
)
UNPAID = Lost("Timestamp", "the payments: it is gone", "yes", REFUSED)
# Nobody knows whether a mail-out moves the document's Timestamp, so the one it accepts is not a fence.
MAILED = Lost("none", "the mail-outs of the document, by a person", "likely", UNKNOWN)
NOWHERE = Lost("none", "none", "no", UNKNOWN)


@dataclass(frozen=True)
class Operation:
    """One operation of Dinero's API.

    :param method: str, the HTTP method
    :param path: str, the path as the documents write it, with its version
    :param repeat: Repeat, how it may be repeated
    :param body: str or None, the name of the body's model; in brackets when the body is a list of them
    :param lost: Lost or None, how a lost answer is settled; None for reads
    :param paginated: bool, whether it answers page by page
    :param changes_since: bool, whether it can be asked for what changed
    :param answer: pair of str or None, what a success holds; default as `shapes.py` has it
    """

    method: str
    path: str
    repeat: Repeat = Repeat.READ
    body: str | None = None
    lost: Lost | None = None
    paginated: bool = False
    changes_since: bool = False
    answer: tuple[str, str] | None = None

    @property
    def shape(self) -> tuple[str, str]:
        """What a success holds: nothing, object, array, page, file, ... and the property that names it, or none."""
        return self.answer or SHAPES[str(self)]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def performed_by(self, function: Callable[P, R]) -> Callable[P, R]:
        """Mark a resource method as the one that performs this operation: it carries it as `.operation`."""
        setattr(function, "operation", self)  # ruff: ignore[set-attr-with-constant] - mypy knows no attributes of functions
        return function


def performs(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a method that several resources share: the class of each has its own operation under this name.

    :param name: str, the attribute of the class
    """

    def mark(function: Callable[P, R]) -> Callable[P, R]:
        setattr(function, "operation", name)  # ruff: ignore[set-attr-with-constant] - as above
        return function

    return mark


def operation_of(resource: type, method: str) -> Operation | None:
    """Return the operation that a method of a resource performs, or None.

    :param resource: class
    :param method: str, its name
    """
    found: Operation | str | None = getattr(getattr(resource, method), "operation", None)
    return getattr(resource, found) if isinstance(found, str) else found
