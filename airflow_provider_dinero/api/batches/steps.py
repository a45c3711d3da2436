"""The steps of an item: create, book, pay, send. Each is done once, whatever was done before."""

from collections.abc import Callable
from decimal import Decimal

from airflow_provider_dinero.api.batches.lanes import Lane
from airflow_provider_dinero.api.batches.notes import Note, NoteIntents, Notes
from airflow_provider_dinero.api.batches.work import SETTLED, Work
from airflow_provider_dinero.api.bodies import comparison
from airflow_provider_dinero.api.errors import (
    DineroConflict,
    DineroError,
    DineroRefused,
    DineroStaleTimestamp,
    DineroUnauthorized,
)
from airflow_provider_dinero.api.resources.catalog import Resources
from airflow_provider_dinero.api.resources.channels import sender


class Steps:
    """Performs the steps of an item.

    :param notes: Notes
    :param intents: NoteIntents, shared with the lanes
    :param sending_lock: callable that returns the name of a mail-out, for its lock and its intent
    """

    def __init__(self, notes: Notes, intents: NoteIntents, sending_lock: Callable[[str, str], str]) -> None:
        self._sending_lock = sending_lock
        self._notes = notes
        self._intents = intents

    def read(self, lane: Lane, work: Work) -> None:
        """Read the document, and compare it with the item."""
        self._take(work, lane.invoices.get(work.item.guid))

    def make(self, lane: Lane, work: Work) -> None:
        """Create the draft; or update it, if Dinero refused to book it."""
        guid, whole = work.item.guid, work.body | work.item.added
        if work.is_replaced:
            content = whole.without("Guid")
            try:
                answer = lane.invoices.update(guid, content, timestamp=work.stamp)
            except DineroStaleTimestamp:  # somebody else changed it
                self.read(lane, work)
                return
            self._made(work, str(answer["TimeStamp"]), "updated")
            return
        made = lane.invoices.create(whole)
        if made["Change"] == "created":
            self._made(work, str(made["TimeStamp"]), "created")
        else:
            work.changes.append("unchanged")
            self._take(work, made)

    def preview(self, lane: Lane, work: Work, *, contact: bool) -> None:
        """Find out the invoice's total and the steps that a run would do, without saving anything.

        :param lane: Lane
        :param work: Work
        :param contact: bool, whether its contact already exists
        """
        work.planned = work.left()
        if {"create", "replace"} & set(work.planned):
            unknown = ("Guid",) if contact else ("Guid", "ContactGuid")
            work.document["TotalInclVat"] = lane.invoices.fetch(work.body.without(*unknown))["TotalInclVat"]
            work.document["Currency"] = work.body.get("Currency") or "DKK"
        work.require_total()

    def _made(self, work: Work, stamp: str, change: str) -> None:
        work.stamp, work.known = stamp, True
        work.changes.append(change)
        work.document |= {"Status": "Draft", "TotalInclVat": None}
        self._notes.put(work.item.guid, Note(work.digest, stamp=stamp))

    def _take(self, work: Work, document: "dict[str, object]") -> None:
        """Record a document that was read, if it matches the item."""
        comparison.require_same(f"Invoice {work.item.guid}", work.body, document)
        work.take(document)
        kept = self._notes.get(work.item.guid) or Note("")
        self._notes.put(
            work.item.guid,
            Note(
                work.digest,
                date=str(document["Date"]),
                stamp="" if work.booked else work.stamp,
                updated_at=str(document["UpdatedAt"]),
                refused=kept.refused,
                paid=kept.paid,
                sent=kept.sent,
                open=kept.open,
            ),
        )

    def book(self, resources: Resources, work: Work) -> None:
        """Book the draft, if it still matches the item."""
        guid = work.item.guid
        try:
            booked = resources.invoices.book(guid, timestamp=work.stamp)
        except DineroStaleTimestamp:  # somebody changed it just now
            self._take(work, resources.invoices.get(guid))
            booked = resources.invoices.book(guid, timestamp=work.stamp)
        except DineroRefused as error:
            if not isinstance(error, DineroUnauthorized):
                self._notes.change(guid, refused=True, stamp=work.stamp)
            raise
        work.ours = booked["Change"] == "updated"
        if not work.ours:  # somebody else booked it, and may have changed it first
            self._take(work, booked)
            work.require_total()
            return
        work.take(booked)
        work.changes.append("updated")
        self._notes.put(guid, Note(work.digest, date=str(booked["Date"]), booked=True))

    def name(self, work: Work) -> str:
        """Return the name of the mail-out, for its lock and its intent."""
        return self._sending_lock(work.item.guid, work.item.send or "")

    def settle(self, lane: Lane, work: Work) -> None:
        """Pay first, then send: a mail-out may change the Timestamp that the payment needs."""
        if work.item.payment is not None and not work.paid:
            try:
                self._pay(lane, work)
            except DineroError as error:
                if work.ours and work.item.send is not None:
                    error.done_before = f"Invoice {work.document['Number']} is booked, but wasn't sent."
                raise
        if work.item.send is not None and not work.sent:
            self._send(lane, work)

    def _pay(self, lane: Lane, work: Work) -> None:
        guid, payment = work.item.guid, work.item.payment
        assert payment is not None
        if not payment.get("Amount") and not Decimal(work.document["TotalInclVat"]):  # nothing to pay
            work.paid = True
            return
        body = payment if "Amount" in payment else payment | {"Amount": Decimal(work.document["TotalInclVat"])}
        if work.ours:
            paid = lane.invoices.add_payment_once(guid, body, timestamp=work.stamp, new=True)
        elif work.document["Status"] in SETTLED:
            found = lane.invoices.payment_of(guid, body)
            if found is None:
                raise DineroConflict(
                    f"Invoice {work.document['Number']} is already paid, but not by {body['ExternalReference']}.",
                    "Check its payments in Dinero. If it was this one, leave the payment out of the item.",
                )
            paid = found
        else:
            whole = "Amount" not in payment
            paid = lane.invoices.add_payment_once(guid, body, timestamp=work.stamp or None, whole=whole)
        work.paid = True
        work.changes.append(paid["Change"])
        self._notes.change(guid, paid=True, updated_at="" if paid["Change"] == "created" else self._seen(guid))

    def _send(self, lane: Lane, work: Work) -> None:
        guid, channel = work.item.guid, work.item.send or ""
        new = work.ours and not work.item.mailout.get("IsReminder")
        to = {"to": work.to} if channel == "einvoice" and work.to else {}
        sent = sender(lane, channel)(guid, work.item.mailout, resend=work.item.resend, new=new, **to)
        work.sent = True
        work.changes.append(sent["Change"])
        self._notes.change(guid, sent=channel, updated_at="" if sent["Change"] == "created" else self._seen(guid))

    def _seen(self, guid: str) -> str:
        note = self._notes.get(guid)
        return note.updated_at if note else ""

    def announce(self, work: Work) -> None:
        """Record that the mail-out starts; the next `flush` of the notes stores it."""
        self._intents.announce(self.name(work))
