"""What exists before a run: invoices from Dinero's lists, contacts from one list request per thousand."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from airflow_provider_dinero.api.batches.items import Item, Wanted
from airflow_provider_dinero.api.batches.notes import digest_of
from airflow_provider_dinero.api.batches.shelves import Shelf
from airflow_provider_dinero.api.batches.work import LISTED, Work
from airflow_provider_dinero.api.bodies.validation import CheckedBody
from airflow_provider_dinero.api.errors import DineroConflict
from airflow_provider_dinero.api.resources.catalog import Resources
from airflow_provider_dinero.api.resources.contacts import FIELDS, Contacts, match_key, only
from airflow_provider_dinero.api.resources.invoices import Invoices

Row = dict[str, Any]
Key = tuple[str, str, str]
# How far the server's clock may be behind ours.
SKEW = timedelta(minutes=5)


class Snapshot:
    """The rows of Dinero's list for the invoices of this run, with amounts as text.

    :param rows: Shelf to keep them by Guid
    """

    def __init__(self, rows: Shelf) -> None:
        self._rows = rows

    def read(self, invoices: Invoices, guids: Collection[str], span: tuple[date, date]) -> None:
        """Read the invoices between two dates, and all drafts.

        :param invoices: Invoices
        :param guids: collection of str, those to keep
        :param span: the first and the last day
        """
        for row in invoices.list(fields=LISTED, start_date=span[0], end_date=span[1]):
            if row["Guid"] in guids:
                self._rows[row["Guid"]] = row

    @staticmethod
    def totals(invoices: Invoices, guids: Collection[str]) -> dict[str, Any]:
        """Return the totals of drafts.

        :param invoices: Invoices
        :param guids: collection of str
        """
        if len(guids) == 1:
            (guid,) = guids
            return {guid: invoices.get(guid)["TotalInclVat"]}
        rows = invoices.list(fields=["Guid", "TotalInclVat"], status=["Draft"])
        return {row["Guid"]: row["TotalInclVat"] for row in rows if row["Guid"] in guids}

    @staticmethod
    def deleted(invoices: Invoices, guids: Collection[str]) -> set[str]:
        """Return which of these invoices were deleted.

        :param invoices: Invoices
        :param guids: collection of str
        """
        rows = invoices.list(fields=["Guid"], deleted_only=True) if guids else ()
        return {row["Guid"] for row in rows if row["Guid"] in guids}

    @staticmethod
    def since(invoices: Invoices, guids: Collection[str], began: datetime) -> Iterator[Row]:
        """Yield the rows of invoices that changed since the run began.

        :param invoices: Invoices
        :param guids: collection of str, those to keep
        :param began: datetime, the start of the run
        """
        rows = invoices.list(fields=["Guid", "Date", "Status"], changes_since=began - SKEW)
        return (row for row in rows if row["Guid"] in guids)

    def get(self, guid: str) -> Row | None:
        """Return the row of an invoice, or None.

        :param guid: str
        """
        row: Row | None = self._rows.get(guid)
        return row


@dataclass
class Due:
    """A contact that must be created or updated for some items.

    :param wanted: Wanted
    :param key: Key that identifies it
    :param works: list of Work that have this contact
    """

    wanted: Wanted
    key: Key
    works: list[Work] = field(default_factory=list)


class ContactBook:
    """The contacts that the items contain. A later item's content applies from its own invoice on.

    :param contacts: Contacts
    """

    def __init__(self, contacts: Contacts) -> None:
        self._contacts = contacts
        self._last: dict[Key, Wanted] = {}
        self._rows: dict[Key, list[Row]] = {}
        # The digest of what this run wrote to a contact.
        self._now: dict[Key, str] = {}
        self._others: dict[str, Row] = {}
        # Contacts that couldn't be created or updated.
        self.failed: set[Key] = set()

    def expect(self, item: Item) -> None:
        """Register the contact of an item.

        :param item: Item
        """
        if item.contact is not None:
            self._last[_key(item.contact)] = item.contact

    def load(self) -> None:
        """Read the contacts that exist."""
        if self._last:
            values = {key: (wanted.match_by, wanted.value) for key, wanted in self._last.items()}
            found = self._contacts.rows_of(set(values.values()))
            self._rows = {key: list(found[value]) for key, value in values.items()}

    def body(self, item: Item) -> CheckedBody:
        """Return the invoice of an item, with the Guid of its contact.

        :param item: Item
        :raises DineroConflict: several contacts match, or the one that does has another name
        """
        wanted = item.contact
        if wanted is None:
            return item.invoice
        key = _key(wanted)
        try:
            row = only(self._rows[key], wanted.match_by, wanted.value, wanted.body, wanted.on_other_name)
        except DineroConflict:
            self.failed.add(key)
            raise
        made = wanted.match_by, wanted.value, wanted.body, wanted.on_other_name
        return item.invoice | {"ContactGuid": row["ContactGuid"] if row else self._contacts.guid_of(*made)}

    def known(self, works: Iterable[Work]) -> list[Row]:
        """Return the known contacts of some items: those that the items contain, and others.

        The others are read from one list, if they are many.

        :param works: iterable of Work
        """
        guids = {str(work.body["ContactGuid"]): work.item.contact for work in works if work.body.get("ContactGuid")}
        brought = [row for wanted in guids.values() if wanted is not None for row in self._rows[_key(wanted)]]
        others = [guid for guid, wanted in guids.items() if wanted is None and guid not in self._others]
        if others:
            self._others.update(self._contacts.by_guid(others))
        return brought + [self._others[guid] for guid in guids if guid in self._others]

    def split(self, works: list[Work]) -> Iterator[list[Work]]:
        """Yield the works in parts in which each contact has only one content.

        :param works: list of Work
        """
        part: list[Work] = []
        said: dict[Key, str] = {}
        for work in works:
            wanted = work.item.contact
            if wanted is not None and said.setdefault(_key(wanted), _digest(wanted)) != _digest(wanted):
                yield part
                part, said = [], {_key(wanted): _digest(wanted)}
            part.append(work)
        if part:
            yield part

    def is_there(self, wanted: Wanted | None) -> bool:
        """Tell whether a contact exists; True if there is no contact.

        :param wanted: Wanted or None
        """
        return wanted is None or bool(self._rows[_key(wanted)])

    def due(self, works: Iterable[Work]) -> list[Due]:
        """Return the contacts that don't yet have the content of these items.

        :param works: iterable of Work
        """
        found: dict[Key, Due] = {}
        for work in works:
            wanted = work.item.contact
            if wanted is not None and self._now.get(_key(wanted)) != _digest(wanted):
                found.setdefault(_key(wanted), Due(wanted, _key(wanted))).works.append(work)
        return list(found.values())

    def upsert(self, lane: Resources, due: Due) -> None:
        """Create or update a contact.

        :param lane: Resources
        :param due: Due
        """
        wanted, key = due.wanted, due.key
        known = self._rows[key]
        done = lane.contacts.upsert(
            wanted.body, among=known, match_by=wanted.match_by, on_other_name=wanted.on_other_name
        )
        before = next((row for row in known if row["ContactGuid"] == done["ContactGuid"]), dict.fromkeys(FIELDS))
        # Without what lists leave out: an update replaces the whole contact, so it reads those properties first.
        listed = {name: value for name, value in wanted.body.items() if name in before}
        self._rows[key] = [{**before, **listed, "ContactGuid": done["ContactGuid"]}]
        self._now[key] = _digest(wanted)

    def finish(self, resources: Resources) -> None:
        """Update each contact to the content of its last item.

        :param resources: Resources
        """
        for key, wanted in self._last.items():
            # If Dinero refused a contact, its items have reported that.
            if self._now.get(key) != _digest(wanted) and key not in self.failed:
                self.upsert(resources, Due(wanted, key))


def _key(wanted: Wanted) -> Key:
    """Return the key that identifies a contact. It may include the name, since people share e-mail addresses."""
    name = wanted.body["Name"].casefold() if wanted.match_by == "Email" and wanted.on_other_name != "update" else ""
    return wanted.match_by, match_key(wanted.match_by, wanted.value), name


def _digest(wanted: Wanted) -> str:
    return digest_of({**wanted.body, "": "contact"})
