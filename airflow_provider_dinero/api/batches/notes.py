"""Notes on the documents that a batch wrote: a hash of the content, and the UpdatedAt to which the hash applies.

Dinero's list shows neither the lines of an invoice nor its comment or address. To avoid reading each document every
time, a note stores its hash, with the UpdatedAt that a list showed after our last write. As long as the list shows that
UpdatedAt, nobody else has changed the document.

The notes are a log of pages, the newest last. Each page is one value in a state store, of at most 64 KB. Hosts that
share no lock can't take turns at writing a page, so each has its own pages: a page belongs to the place of the lock
under which it was written. If a run changes a note of another place, it stores the note in a page of its own place. A
run that ends releases the newest page, so that another place can fill it.
"""

import hashlib
import secrets
import threading
from base64 import b64encode
from collections.abc import Collection, Iterable, Mapping
from dataclasses import astuple, dataclass, fields, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID

from airflow_provider_dinero.api.batches.shelves import Shelves
from airflow_provider_dinero.api.bodies.numbers import normalized
from airflow_provider_dinero.api.ports import Held, Lock, StateStore

# An entry takes at most 210 bytes, a value of Airflow's state store at most 64 KB.
PAGE = 300
# If this many notes have changed, they are stored.
MOST_DIRTY = 1000
# How many pages to read beyond those that the documents of a run could fill.
MORE_PAGES = 8
# How many of the pages that were stored last are kept in memory.
KEPT = 2
# The entry of a page that names its place; empty if the page was released. Former versions ignore it.
OWNER = ""
Page = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Note:
    """What is known about a document.

    :param digest: str, the hash of what we wrote last
    :param date: str, the date that a list showed; empty if none has yet
    :param stamp: str, the TimeStamp that our last write of the draft gave it
    :param updated_at: str, the UpdatedAt that a list showed after our last write; empty if none has yet
    :param booked: bool, whether we booked it: a booked document doesn't change; default False
    :param refused: bool, whether Dinero refused to book it; default False
    :param paid: bool, whether our payment is registered; default False
    :param sent: str, the channel through which it was sent; default none
    :param open: str, a write that was started and whose outcome isn't known; default none
    """

    digest: str
    date: str = ""
    stamp: str = ""
    updated_at: str = ""
    booked: bool = False
    refused: bool = False
    paid: bool = False
    sent: str = ""
    open: str = ""


class Notes:
    """The notes of one kind of document. Safe to use from several threads.

    :param store: StateStore
    :param lock: Lock, needed since the store has no compare-and-set
    :param name: str, the organization and the kind
    :param shelves: Shelves, to keep what was read or changed
    :param dry_run: bool, store nothing; default False
    """

    def __init__(self, store: StateStore, lock: Lock, name: str, shelves: Shelves, *, dry_run: bool = False) -> None:
        self._dry_run = dry_run
        self._store = store
        self._lock = lock
        self._name = name
        self._notes = shelves.shelf()
        self._pages = shelves.shelf()
        self._newest = 0  # the newest page, as far as is known
        # The pages as they are stored, as long as nobody else stores notes: then the lock's note is no longer ours.
        self._kept: dict[int, Page] = {}
        self._mark = secrets.token_hex(8)
        self._place = ""
        self._dates: set[str] = set()
        self._dirty: set[str] = set()
        self._threads = threading.RLock()

    def load(self, guids: Collection[str]) -> None:
        """Read the notes of these documents, starting at the newest page, as far back as they can be.

        :param guids: collection of str
        """
        last, missing = self._last(), len(guids)
        self._newest = last
        for page in range(last, max(-1, last - missing // PAGE - MORE_PAGES), -1):
            if not missing:
                return
            for guid, kept in self._read(page).items():
                if guid in guids and guid not in self._notes:
                    self._notes[guid], self._pages[guid] = kept, page
                    self._dates.add(Note(*kept).date)
                    missing -= 1

    def get(self, guid: str) -> Note | None:
        """Return the note of a document, or None.

        :param guid: str
        """
        kept = self._notes.get(guid)
        return None if kept is None else Note(*kept)

    def dates(self) -> set[str]:
        """Return the dates of the documents that were loaded."""
        return self._dates - {""}

    def put(self, guid: str, note: Note) -> None:
        """Set a note; the next `flush` stores it.

        :param guid: str
        :param note: Note
        """
        with self._threads:
            if self.get(guid) != note:
                self._notes[guid] = astuple(note)
                self._dirty.add(guid)
                if len(self._dirty) >= MOST_DIRTY:
                    self.flush()

    def change(self, guid: str, **changes: Any) -> None:
        """Change fields of the note of a document.

        :param guid: str
        :param changes: new values, by the field names of `Note`
        """
        with self._threads:
            self.put(guid, replace(Note(*self._notes.get(guid)), **changes))

    def store(self, guid: str) -> None:
        """Store the note of a document, if it has changed; others that have changed are stored with it.

        :param guid: str
        """
        if guid in self._dirty:
            self.flush()

    def flush(self) -> None:
        """Store the notes that have changed."""
        with self._threads:
            if self._dirty and not self._dry_run:
                with self._lock.hold(f"notes/{self._name}") as held:
                    self._flush(held)

    def close(self) -> None:
        """Store what is left, and release the newest page: this run stores nothing more."""
        self.flush()
        if self._kept:
            with self._lock.hold(f"notes/{self._name}") as held:
                if held.note == self._mark:  # otherwise another run does it
                    held.leave("")
                    stored = self._stored(self._newest)
                    if stored.get(OWNER) == self._place:
                        self._store.set(self._key(self._newest), stored | {OWNER: ""})

    def _flush(self, held: Held) -> None:
        if held.note != self._mark:
            self._kept.clear()
            held.leave(self._mark)
        self._place = held.place or self._mark
        changed: dict[Any, Page] = {}
        for guid in sorted(self._dirty):
            changed.setdefault(self._pages.get(guid), {})[guid] = self._notes.get(guid)
        new = changed.pop(None, {})
        for page, notes in sorted(changed.items()):
            if self._is_ours(stored := self._stored(page)):
                self._write(page, stored, notes)
            else:
                new |= notes
        while new:
            stored = self._with_room()
            some = dict(islice(new.items(), PAGE - len(stored)))
            for guid in some:
                self._pages[guid] = self._newest
                del new[guid]
            self._write(self._newest, stored, some)

    def _with_room(self) -> Page:
        """Return the newest page as it is stored; a new one, if that is full or belongs to another place."""
        while not self._is_ours(stored := self._stored(self._newest)) or len(stored) >= PAGE:
            last = self._last()
            if self._newest < last:  # others have begun a newer one
                self._newest = last
            else:
                self._newest += 1
                self._store.set(self._name, {"last": self._newest})
        return stored

    def _write(self, page: int, before: Page, notes: Page) -> None:
        stored = before | notes | {OWNER: self._place}
        self._store.set(self._key(page), stored)
        if before.get(OWNER) == self._place:
            self._keep(page, stored)
            self._dirty -= notes.keys()
        # Otherwise, another host may have taken the page at the same moment. The next flush sees that, since it reads
        # the page again, and stores these notes again.

    def _stored(self, page: int) -> Page:
        """Return a page as it is stored now."""
        if self._kept.get(page, {}).get(OWNER) != self._place:
            self._keep(page, self._read(page))
        return self._kept[page]

    def _is_ours(self, stored: Page) -> bool:
        """Tell whether we may write a page: it is ours, or nobody's."""
        return (stored.get(OWNER) or self._place) == self._place

    def _keep(self, page: int, stored: Page) -> None:
        self._kept.pop(page, None)
        self._kept[page] = stored
        while len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]

    def _last(self) -> int:
        last = (self._store.get(self._name) or {}).get("last")
        return last if isinstance(last, int) and last > 0 else 0

    def _read(self, page: int) -> Page:
        kept = self._store.get(self._key(page)) or {}
        return {guid: note for guid, note in kept.items() if guid == OWNER or _is_note(note)}

    def _key(self, page: int) -> str:
        return f"{self._name}.{page}"


def _is_note(value: Any) -> bool:
    return isinstance(value, list) and len(value) == len(fields(Note))


class NoteIntents:
    """Intents of mail-outs, stored in the notes of their documents.

    :param notes: Notes
    """

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._announced: set[str] = set()

    def announce(self, name: str) -> None:
        """Record that this write will start. The next `flush` stores it, so that several are stored together.

        :param name: str, such as `invoices/<guid>/email`
        """
        if not self.begun(name):
            self._announced.add(name)
            self._notes.change(_guid(name), open=name)

    def begun(self, name: str) -> bool:
        """Tell whether an earlier attempt started this write but didn't end it.

        :param name: str
        """
        note = self._notes.get(_guid(name))
        return note is not None and note.open == name and name not in self._announced

    def begin(self, name: str) -> None:
        """Record that this write starts; the record is stored before this returns.

        :param name: str
        """
        self.announce(name)
        self._notes.store(_guid(name))

    def end(self, name: str) -> None:
        """Record that the outcome of this write is known; the next `flush` stores it.

        :param name: str
        """
        self._announced.discard(name)
        if (note := self._notes.get(_guid(name))) and note.open:
            self._notes.change(_guid(name), open="")

    def remember(self, name: str, made: str) -> None:
        """Store nothing: Dinero's lists show the result of a mail-out."""

    def recall(self, name: str) -> str | None:
        """Return None."""


def _guid(name: str) -> str:
    return name.split("/")[1]


def digest_of(body: Mapping[str, Any]) -> str:
    """Return a hash of a checked body, which is the same for every notation of the same values.

    :param body: mapping
    """
    import msgspec

    plain = msgspec.json.encode(_plain(body), order="deterministic")
    return b64encode(hashlib.sha256(plain).digest()[:16]).decode().rstrip("=")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items() if inner not in (None, "")}
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float | Decimal):
        return normalized(Decimal(str(value)))
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_plain(each) for each in value]
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value).replace("\r\n", "\n").strip()
