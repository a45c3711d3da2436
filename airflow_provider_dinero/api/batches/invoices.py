"""Turn a list of orders into invoices: created, booked in the order of the list, paid and sent, each once.

The run reads the list twice: first to check every item, then to process the items in parts in which each contact has
only one content. Dinero's lists show what exists, and our notes record what we wrote. Within a part, all drafts are
created first. Then, four at a time, they are booked one after another, and paid and sent in parallel.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

from airflow_provider_dinero.api.batches.items import Item, Options, key_of, read_item, reading, repeatable
from airflow_provider_dinero.api.batches.known import ContactBook, Snapshot
from airflow_provider_dinero.api.batches.lanes import LANES, Lane, Lanes
from airflow_provider_dinero.api.batches.notes import NoteIntents, Notes
from airflow_provider_dinero.api.batches.report import FAILED, UNCHANGED, Report, fields_of
from airflow_provider_dinero.api.batches.run_context import FOR_ALL, MOST_TEMPORARY, RunContext
from airflow_provider_dinero.api.batches.shelves import Shelves
from airflow_provider_dinero.api.batches.steps import Steps
from airflow_provider_dinero.api.batches.work import Work
from airflow_provider_dinero.api.errors import DineroConflict, DineroError, DineroInvalidBody, DineroTemporaryError
from airflow_provider_dinero.api.resources.catalog import Resources
from airflow_provider_dinero.api.resources.preflight import Plan, Preflight
from airflow_provider_dinero.api.session import Session

log = logging.getLogger(__name__)

PART = 500
# After how many new drafts their notes are stored: after a kill, the next run reads up to so many drafts.
DRAFTS_NOTED = 16
Row = dict[str, Any]


class InvoiceRun:
    """One run of a list.

    :param session: Session
    :param items: iterable of mappings, or of their JSON
    :param options: Options
    :param context: RunContext
    """

    def __init__(self, session: Session, items: Iterable[Any], options: Options, context: RunContext) -> None:
        self._session = session
        self._resources: Resources = Lane(session)
        self._items = items
        self._options = options
        self._context = context
        name = f"{session.organization_id}.invoices"
        self._shelves = Shelves()
        self._notes = Notes(context.store, session.lock, name, self._shelves, dry_run=session.dry_run)
        self._intents = NoteIntents(self._notes)
        self._steps = Steps(self._notes, self._intents, self._resources.invoices.sending_lock)
        self._preflight = Preflight(
            session, self._resources.contacts, self._resources.accounts, self._resources.accounting_years
        )
        self._report = Report(context.sink)
        self._snapshot = Snapshot(self._shelves.shelf())
        self._first = self._shelves.shelf()  # where a Guid is first in the list
        self._touched = self._shelves.shelf()
        self._ahead: dict[int, Item] = {}  # the items of the first part, checked by the survey
        self._part: list[Told] = []
        self._temporary = 0
        self._total = 0
        self._requests = 0  # counted by a dry run

    def perform(self) -> Row:
        """Do the remaining steps of all items, and return the counts.

        :raises DineroItemsFailed: some items failed; the others succeeded
        """
        with closing(self._shelves), repeatable(self._items) as items, closing(self._notes):
            self._survey(items)
            self._lanes = Lanes(self._session, self._intents)
            try:
                for part in self._parts(items):
                    self._perform(part)
                if not self._session.dry_run:
                    self._contacts.finish(self._resources)
            except BaseException:
                self._tell_rest()
                raise
            finally:
                self._lanes.end()
            self._seal()
        self._report.raise_failed()
        return self._report.summary() | self._cost()

    def _survey(self, items: Iterable[Any]) -> None:
        """Check all items, and read what exists in Dinero."""
        dates: set[str] = set()
        self._contacts = ContactBook(self._resources.contacts)
        for index, given in enumerate(items):
            self._total += 1
            try:
                item = self._read(given)
                if item.guid in self._first:
                    raise _twice(item)
            except DineroInvalidBody as error:
                if self._context.stop:
                    raise DineroInvalidBody(f"Item {index + 1}: {error}", "Nothing was sent.") from error
                continue
            self._first[item.guid] = index
            if index < PART:
                self._ahead[index] = item
            dates.add(str(item.invoice.get("Date") or ""))
            self._contacts.expect(item)
        if not dates:
            return
        self._notes.load(self._first)
        self._contacts.load()
        self._began = datetime.now(UTC)
        self._snapshot.read(self._resources.invoices, self._first, self._span(dates))

    def _read(self, given: Any) -> Item:
        with reading():
            return read_item(given, self._session.organization_id, self._options, self._resources.contacts)

    def _span(self, dates: set[str]) -> tuple[date, date]:
        """Return the first and the last possible day of the invoices, widened by one day at each end."""
        days = {date.fromisoformat(each[:10]) for each in dates if each}
        if "" in dates:  # Dinero gives these the date of their creation, which a list has shown
            days |= {date.fromisoformat(each[:10]) for each in self._notes.dates()} | {datetime.now(UTC).date()}
        day = timedelta(days=1)  # some systems use the first or the last day of the calendar for "no date"
        return max(min(days), date.min + day) - day, min(max(days), date.max - day) + day

    def _parts(self, items: Iterable[Any]) -> Iterator[list[Work]]:
        """Yield the valid items in parts of `PART`, and report each part when it is done, with its invalid items."""
        numbered = iter(enumerate(items))
        while some := list(islice(numbered, PART)):
            self._part = [self._work(index, given) for index, given in some]
            yield [each for each in self._part if isinstance(each, Work)]
            for each in self._part:
                self._tell(each)
            self._part = []

    def _work(self, index: int, given: Any) -> "Told":
        """Return an item with what is known about it; or the row of an item that is invalid or was reported before."""
        told: Row = {"Item": index + 1}
        past = self._context.done.get(index)
        if past and past["Change"] == FAILED:
            return past, None
        try:
            item = self._ahead.pop(index, None) or self._read(given)
            told |= {"Key": item.key, "Guid": item.guid}
            if self._first.get(item.guid) != index:
                raise _twice(item)
            body = self._contacts.body(item)
        except (DineroInvalidBody, DineroConflict) as error:
            if self._context.stop:
                raise
            return told | key_of(given), error
        row = self._snapshot.get(item.guid)
        work = Work(index, item, body, row, self._notes.get(item.guid), self._options.book)
        if past:
            work.changes[:] = [past["Change"]]
        return work

    def _perform(self, part: list[Work]) -> None:
        """Process a part: read what must be read, then continue in smaller parts whose contacts don't change."""
        for work in part:
            self._attempt(work, work.require_shown)
        self._waves([work for work in part if work.error is None and work.is_read], self._steps.read)
        self._notes.flush()
        left = [work for work in part if work.error is None and work.left()]
        for work in part:
            if work.error is None and work.booked and work.known and not work.left():
                self._notes.change(work.item.guid, updated_at=work.document["UpdatedAt"])
        if self._session.dry_run:
            self._preview(left)
            return
        for works in self._contacts.split(left):
            self._carry_out(works)
        self._context.progress(self._done(), self._total)

    def _preview(self, works: list[Work]) -> None:
        """Find out what a run would do, and count the requests that it would take."""
        deleted = Snapshot.deleted(self._resources.invoices, {work.item.guid for work in works if work.row is None})
        self._preflight.know(self._contacts.known(works))
        for work in works:
            if self._contacts.is_there(work.item.contact) and "book" in work.left():
                self._attempt(work, lambda work=work: self._check_one(work))  # type: ignore[misc]
            work.deleted = work.item.guid in deleted
            self._attempt(work, work.require_not_deleted)
        self._waves([work for work in works if work.error is None], self._preview_one)
        for due in self._contacts.due(works):
            self._requests += 1 if not self._contacts.is_there(due.wanted) else 0
        self._requests += sum(_requests_of(work) for work in works if work.error is None)

    def _preview_one(self, lane: Lane, work: Work) -> None:
        self._steps.preview(lane, work, contact=self._contacts.is_there(work.item.contact))

    def _cost(self) -> Row:
        """Return what a dry run reports besides the counts: the requests, and the minutes that they take."""
        if not self._session.dry_run:
            return {}
        per_minute = self._session.pace.per_minute
        return {"requests": self._requests, "minutes": -(-self._requests // per_minute)}

    def _carry_out(self, works: list[Work]) -> None:
        """Do the remaining steps of some items, in which each contact has only one content."""
        self._upsert(works)
        self._check(works)
        making = [work for work in works if work.error is None and {"create", "replace"} & set(work.left())]
        self._waves(making, self._steps.make, flush=True)
        self._require_totals([work for work in works if work.error is None])
        ready = [work for work in works if work.error is None and {"book", "pay", "send"} & set(work.left())]
        done = self._done()
        for at in range(0, len(ready), LANES):
            some = ready[at : at + LANES]
            self._finish(some)
            done += sum(work.is_over for work in some)
            self._context.progress(done, self._total)

    def _done(self) -> int:
        """Return how many items are done or have failed."""
        over = sum(not isinstance(each, Work) or each.is_over for each in self._part)
        return sum(self._report.counts.values()) + over

    def _upsert(self, works: list[Work]) -> None:
        """Create or update the contacts of these items."""
        needed = self._contacts.due(works)
        for at in range(0, len(needed), LANES):
            some = needed[at : at + LANES]
            for due, raised in zip(some, self._lanes.each(some, self._contacts.upsert), strict=True):
                if raised is not None:
                    self._contacts.failed.add(due.key)
                for work in due.works:
                    self._note(work, raised)
            self._context.progress(self._done(), self._total)

    def _check(self, works: list[Work]) -> None:
        """Check that every planned step of the items still to be booked can be done, before creating any of them."""
        booked = [work for work in works if work.error is None and "book" in work.left()]
        self._preflight.know(self._contacts.known(booked))
        for work in booked:
            self._attempt(work, lambda work=work: self._check_one(work))  # type: ignore[misc]

    def _check_one(self, work: Work) -> None:
        item = work.item
        work.to = self._preflight.check(Plan(work.body, item.send, item.mailout, item.payment))

    def _waves(self, works: list[Work], do: Callable[[Lane, Work], None], *, flush: bool = False) -> None:
        """Call `do` with each item, four at once."""
        for at in range(0, len(works), LANES):
            some = works[at : at + LANES]
            raised = self._lanes.each(some, do)
            if flush:
                self._touch(some)
                if (at + LANES) % DRAFTS_NOTED == 0 or at + LANES >= len(works):
                    self._notes.flush()
            for work, error in zip(some, raised, strict=True):
                self._note(work, error)
            self._context.progress(self._done(), self._total)

    def _require_totals(self, works: list[Work]) -> None:
        """Compare the totals of drafts with the expected ones; one list shows the totals of new drafts."""
        unseen = [
            work for work in works if work.item.expected_total is not None and work.document.get("TotalInclVat") is None
        ]
        if unseen:
            totals = Snapshot.totals(self._resources.invoices, {work.item.guid for work in unseen})
            for work in unseen:
                work.document["TotalInclVat"] = totals.get(work.item.guid)
        for work in works:
            self._attempt(work, work.require_total)
            if work.error is not None and not work.booked:
                self._touch([work])
                self._notes.change(work.item.guid, refused=True)

    def _finish(self, works: list[Work]) -> None:
        """Book up to four items one after another, and pay and send them in parallel.

        The lock of each mail-out is held from before the booking until the invoice is sent. So nobody else can have
        sent an invoice that was only just booked.
        """
        self._touch(works)
        locked: list[tuple[int, Work]] = []
        try:
            # Everyone takes the locks in the same order, which prevents deadlocks.
            mailed = [(at, work) for at, work in enumerate(works) if "send" in work.left()]
            for at, work in sorted(mailed, key=lambda each: each[1].item.guid):
                if error := self._lanes.one(at, work, self._hold):
                    raise error
                locked.append((at, work))
            for work in works:
                if "book" in work.left():
                    self._attempt(work, lambda work=work: self._steps.book(self._resources, work))  # type: ignore[misc]
            for work in works:
                if work.error is None and "send" in work.left():
                    self._steps.announce(work)
            self._notes.flush()
            for work, raised in zip(works, self._lanes.each(works, self._settle), strict=True):
                self._note(work, raised)
        finally:
            for at, work in locked:
                self._lanes.begin(at, work, _release)

    def _hold(self, lane: Lane, work: Work) -> None:
        work.lock = lane.session.lock.hold(self._steps.name(work))
        work.lock.__enter__()

    def _settle(self, lane: Lane, work: Work) -> None:
        if work.error is None:
            self._steps.settle(lane, work)

    def _attempt(self, work: Work, do: Callable[[], None]) -> None:
        try:
            with self._session.show_errors():
                do()
        except DineroError as error:
            self._note(work, error)

    def _note(self, work: Work, error: Exception | None) -> None:
        """Record the outcome of a step of an item.

        :raises DineroError: other items would fail too, too many temporary errors came in a row, or `stop` is set
        """
        if error is None:
            return
        if isinstance(error, DineroError) and not isinstance(error, FOR_ALL):
            work.error = error
            self._temporary = self._temporary + 1 if isinstance(error, DineroTemporaryError) else 0
            if not self._context.stop and self._temporary < MOST_TEMPORARY:
                return
        raise error

    def _tell(self, work: "Told") -> None:
        """Report the outcome of an item."""
        if isinstance(work, tuple):
            row, error = work
            if error is None:
                self._report.repeat(row)
            else:
                self._report.fail(row, error)
            return
        told = {"Item": work.index + 1, "Key": work.item.key, "Guid": work.item.guid, **fields_of(work.document)}
        if work.error is not None:
            booked = work.document.get("Number") if work.booked else None
            self._report.fail(told | ({"Number": booked} if booked else {}), work.error)
        elif self._session.dry_run:
            change = "created" if "create" in work.planned else "updated" if work.planned else UNCHANGED
            self._report.add({**told, "Change": change, "Next": work.planned})
        else:
            self._report.add({**told, "Change": _change_of(work.changes)})

    def _tell_rest(self) -> None:
        """Report those items of the interrupted part that are done or have failed."""
        for work in self._part:
            if not isinstance(work, Work) or work.is_over:
                self._tell(work)

    def _touch(self, works: Iterable[Work]) -> None:
        for work in works:
            self._touched[work.item.guid] = True

    def _seal(self) -> None:
        """Store the UpdatedAt that a list shows after our last write: until it changes, nobody has changed anything."""
        if not any(map(self._is_unsealed, self._touched)):
            return
        for row in Snapshot.since(self._resources.invoices, self._touched, self._began):
            # For a draft, this must rule out that somebody changed it before the list was read.
            if self._is_unsealed(row["Guid"]) and (row["Status"] != "Draft" or row["CreatedAt"] == row["UpdatedAt"]):
                self._notes.change(row["Guid"], updated_at=row["UpdatedAt"], date=row["Date"])
        for guid in filter(self._is_unsealed, self._touched):
            if (before := self._snapshot.get(guid)) and before["Status"] != "Draft":
                self._notes.change(guid, updated_at=before["UpdatedAt"], date=before["Date"])
        self._notes.flush()

    def _is_unsealed(self, guid: str) -> bool:
        note = self._notes.get(guid)
        return note is not None and not note.updated_at


# An item in progress; or its row, with the error if it is invalid, or without one if it was reported before.
Told = Work | tuple[Row, DineroError | None]


def _release(lane: Lane, work: Work) -> None:
    if work.lock is not None:
        work.lock.__exit__(None, None, None)


def _requests_of(work: Work) -> int:
    """Return how many requests the remaining steps of an item take, with lookups before paying or sending."""
    looks = {"create": 0, "replace": 0, "book": 0, "pay": int(work.booked), "send": int(work.booked)}
    return sum(1 + looks[name] for name in work.planned)


def _twice(item: Item) -> DineroInvalidBody:
    return DineroInvalidBody(f"The idempotency_key {item.key} is in the list twice.", "Give each order its own key.")


def _change_of(changes: list[str]) -> str:
    if "created" in changes[:1]:
        return "created"
    return "updated" if set(changes) - {UNCHANGED} else UNCHANGED
