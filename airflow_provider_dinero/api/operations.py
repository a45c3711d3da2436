"""What an operation is: method, path, how it may be repeated, and how a lost response is settled."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, ParamSpec, TypeVar

from airflow_provider_dinero.api.bodies.shapes import SHAPES

P = ParamSpec("P")
R = TypeVar("R")


class Repeat(StrEnum):
    """How an operation may be repeated after its response was lost; `retry.py` decides by this alone."""

    READ = "read"  # always
    KEYED = "keyed"  # it names what it creates or replaces: a second one is refused as a duplicate, or changes nothing
    FENCED = "fenced"  # it carries the document's Timestamp: a second one is refused as stale
    BARE = "bare"  # neither: never repeated blindly


class Otherwise(StrEnum):
    """What happens if the check of a lost write fails."""

    REFUSED = "the client raises Dinero's refusal"
    UNKNOWN = "DineroOutcomeUnknown"


class Lost(NamedTuple):
    """What happens when the response of a write is lost: one row of the table of writes.

    :param fence: str, what makes a second request harmless
    :param look_up: str, what is true if the write was done, which the client checks; in parentheses if it can't
    :param sure: str, whether the check is reliable: yes, likely or no
    :param otherwise: Otherwise, what happens if it isn't true
    :param own_guid: bool, whether the body of a create may contain the document's Guid; default False
    """

    fence: str
    look_up: str
    sure: str
    otherwise: Otherwise
    own_guid: bool = False


# Combinations that several operations share.
REFUSED, UNKNOWN = Otherwise.REFUSED, Otherwise.UNKNOWN
OWN_GUID = Lost(
    "the Guid, which you give or the client chooses",
    "the document with this Guid has the content of the body",
    "yes",
    UNKNOWN,
    own_guid=True,
)
SAME_AGAIN = Lost("a second request changes nothing", "(no check is needed)", "yes", REFUSED)
GONE = Lost("a second request changes nothing", "the object is gone, or has a DeletedAt", "yes", REFUSED)
REPLACED = Lost("the Timestamp", "the document has the content of the body", "yes", REFUSED)
DELETED = Lost("the Timestamp", "the document is gone, or has a DeletedAt", "yes", REFUSED)
BOOKED = Lost("the Timestamp", "the document is booked", "yes", REFUSED)
PAID = Lost(
    "the Timestamp",
    "a payment has the ExternalReference, which you give or the client chooses",
    "yes",
    UNKNOWN,
)
UNPAID = Lost("the Timestamp", "the payment is gone", "yes", REFUSED)
# It isn't known whether a mail-out changes the document's Timestamp, so its Timestamp is not a fence.
MAILED = Lost("nothing", "the document has a mail-out of this kind", "likely", UNKNOWN)
NOWHERE = Lost("nothing", "(the client can't check)", "no", UNKNOWN)


@dataclass(frozen=True)
class Operation:
    """One operation of Dinero's API.

    :param method: str, the HTTP method
    :param path: str, the path as in the documents, with its version
    :param repeat: Repeat, how it may be repeated
    :param body: str or None, the name of the body's model; in brackets if the body is a list of them
    :param lost: Lost or None, how a lost response is settled; None for reads
    :param paginated: bool, whether it responds page by page
    :param changes_since: bool, whether it supports `changesSince`
    :param answer: pair of str or None, the content of a success; default from `shapes.py`
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
        """The content of a success: nothing, object, array, page, file, ...; and the property that identifies it."""
        return self.answer or SHAPES[str(self)]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def performed_by(self, function: Callable[P, R]) -> Callable[P, R]:
        """Register a resource method as the one that performs this operation: it gets the attribute `.operation`."""
        setattr(function, "operation", self)  # ruff: ignore[set-attr-with-constant] - mypy knows no attributes of functions
        return function


def performs(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Register a method that several resources share: each class has its own operation under this name.

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
