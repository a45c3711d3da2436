"""The state of an item that is created, booked, paid and sent as an invoice: what is known, and what is left."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_dinero.api.batches.items import Item
from airflow_provider_dinero.api.batches.notes import Note, digest_of
from airflow_provider_dinero.api.bodies import comparison
from airflow_provider_dinero.api.bodies.validation import CheckedBody
from airflow_provider_dinero.api.errors import DineroError

Row = dict[str, Any]

# The properties of the body that a list shows too.
SHOWN = ("ContactGuid", "Date", "Description", "Currency", "ExternalReference")
LISTED = ("Guid", "Number", *SHOWN, "Status", "MailOutStatus", "TotalInclVat", "UpdatedAt")
SETTLED = ("Paid", "OverPaid")


@dataclass(slots=True)
class Work:
    """An item, and its state.

    :param index: int, its place in the list
    :param item: Item
    :param body: CheckedBody, the invoice with its ContactGuid
    :param row: dict or None, what a list showed before this run wrote anything
    :param note: Note or None, from an earlier run
    :param book: bool, whether to book it
    """

    index: int
    item: Item
    body: CheckedBody
    row: Row | None
    note: Note | None
    book: bool
    digest: str = ""
    # What is known of the document now: a row of a list, Dinero's response, or both merged.
    document: Row = field(default_factory=dict)
    stamp: str = ""
    booked: bool = False
    deleted: bool = False
    to: str | None = None  # the recipient, from the preflight
    ours: bool = False  # booked by this run just now, so nobody can have sent or paid it
    known: bool = False  # whether the document is known to match the item
    paid: bool = False
    sent: bool = False
    changes: list[str] = field(default_factory=list)
    error: DineroError | None = None
    planned: list[str] = field(default_factory=list)  # the remaining steps, in a dry run
    lock: AbstractContextManager[Any] | None = None

    def __post_init__(self) -> None:
        self.digest = digest_of(self.body)
        if self.row is not None:
            self.changes.append("unchanged")
            self._judge(self.row)

    def _judge(self, row: Row) -> None:
        """Work out the state from the row of the list and the note."""
        note, self.document = self.note, dict(row)
        self.booked = row["Status"] != "Draft"
        same = note is not None and note.digest == self.digest
        if note is None:
            return
        unmoved = note.updated_at == row["UpdatedAt"]
        if not self.booked and note.stamp and (unmoved or not note.updated_at):
            self.stamp = note.stamp
        if same:
            # What we booked doesn't change. Booking a draft with the TimeStamp of our own write fails if it changed.
            untouched = note.booked if self.booked else self.book and bool(note.stamp)
            self.known = unmoved or (not note.updated_at and untouched)
        self.sent = note.sent == self.item.send and row["MailOutStatus"] != "Failed" and not self.item.resend
        self.paid = note.paid and (unmoved or row["Status"] in SETTLED)

    @property
    def is_replaced(self) -> bool:
        """Whether it is our draft that Dinero refused to book: it is updated to the current content of the item."""
        refused = self.note is not None and self.note.refused
        return refused and bool(self.stamp) and not self.booked and not self.known

    @property
    def is_read(self) -> bool:
        """Whether the document must be read, since its content isn't known."""
        return self.row is not None and not self.known and not self.is_replaced

    def require_shown(self) -> None:
        """Check that what the list shows matches the item.

        :raises DineroConflict: it doesn't
        """
        if self.row is not None and not self.known and not self.is_replaced:
            comparison.require_same(f"Invoice {self.item.guid}", self._shown(), self.row)

    def require_not_deleted(self) -> None:
        """Check that it wasn't created earlier and then deleted, as far as that is known.

        :raises DineroConflict: it was
        """
        if self.deleted:
            comparison.require_same(f"Invoice {self.item.guid}", {}, {"DeletedAt": True})

    def _shown(self) -> CheckedBody:
        return self.body.without(*(name for name in self.body if name not in SHOWN))

    def take(self, document: Mapping[str, Any]) -> None:
        """Record a document that was read and matches the item.

        :param document: mapping, as Dinero returns it
        """
        self.document |= {name: document[name] for name in LISTED if name in document}
        self.document["Status"] = document.get("PaymentStatus") or document["Status"]
        self.booked, self.stamp, self.known = document["Status"] == "Booked", str(document["TimeStamp"]), True

    def require_total(self) -> None:
        """Check that the invoice has the expected total.

        :raises DineroWrongTotal: it has another total
        """
        wanted = self.item.expected_total
        if wanted is not None and self.document.get("TotalInclVat") is not None:
            wanted.require(f"Invoice {self.item.guid}", self.document)

    @property
    def is_over(self) -> bool:
        """Whether it is done or has failed."""
        return self.error is not None or (bool(self.document) and not self.left())

    def left(self) -> list[str]:
        """Return the remaining steps: create, replace, book, pay, send."""
        wanted = {
            "create": self.row is None and not self.document,
            "replace": self.is_replaced,
            "book": self.book and not self.booked,
            "pay": self.item.payment is not None and not self.paid,
            "send": self.item.send is not None and not self.sent,
        }
        return [name for name, needed in wanted.items() if needed]
