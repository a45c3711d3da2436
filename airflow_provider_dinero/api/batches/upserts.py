"""Lists of contacts and products: found with one list request per thousand, then created, or updated if different."""

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_dinero.api.batches.items import as_row
from airflow_provider_dinero.api.batches.lanes import Lane
from airflow_provider_dinero.api.batches.listed import Entry, ListedRun
from airflow_provider_dinero.api.batches.run_context import RunContext
from airflow_provider_dinero.api.resources.contacts import Contacts, match_key
from airflow_provider_dinero.api.resources.products import Products
from airflow_provider_dinero.api.session import Session

Found = dict[tuple[str, str], list[dict[str, Any]]]


class ContactsRun(ListedRun):
    """Creates or updates the contacts of a list.

    :param session: Session
    :param context: RunContext
    :param how: mapping of match_by, on_other_name and only_create, as `Contacts.upsert` takes them
    """

    def __init__(self, session: Session, context: RunContext, how: Mapping[str, Any]) -> None:
        super().__init__(session, context)
        self._how = how
        self._contacts = Contacts(session)
        self._found: Found = {}

    def read(self, given: Any) -> Entry:
        """Return a contact, checked."""
        match_by = self._how["match_by"]
        body, value = self._contacts.matched(as_row(given), match_by, self._how["on_other_name"])
        return Entry({"Key": value}, match_key(match_by, value), (body, (match_by, value)))

    def prepare(self, entries: Sequence[Entry]) -> None:
        """Find those that exist."""
        self._found = dict(self._contacts.rows_of({entry.content[1] for entry in entries})) if entries else {}

    def do(self, lane: Lane, entry: Entry) -> None:
        """Create it, or update what differs."""
        body, place = entry.content
        # If it is in the list twice, the second one is looked up again.
        done = lane.contacts.upsert(body, among=self._found.pop(place, None), **self._how)
        entry.told |= {"Guid": done["ContactGuid"], "Change": done["Change"]}


class ProductsRun(ListedRun):
    """Creates or updates the products of a list.

    :param session: Session
    :param context: RunContext
    :param match_by: str, as `Products.upsert` takes it
    """

    def __init__(self, session: Session, context: RunContext, match_by: str) -> None:
        super().__init__(session, context)
        self._match_by = match_by
        self._products = Products(session)
        self._found: Found = {}

    def read(self, given: Any) -> Entry:
        """Return a product, checked."""
        body, value = self._products.matched(as_row(given), self._match_by)
        return Entry({"Key": value}, value, (body, (self._match_by, value)))

    def prepare(self, entries: Sequence[Entry]) -> None:
        """Find those that exist."""
        self._found = dict(self._products.rows_of({entry.content[1] for entry in entries})) if entries else {}

    def do(self, lane: Lane, entry: Entry) -> None:
        """Create it, or update what differs. If it wasn't found, it is looked up again right before it is created."""
        body, place = entry.content
        done = lane.products.upsert(body, among=self._found.pop(place, None) or None, match_by=self._match_by)
        entry.told |= {"Guid": done["ProductGuid"], "Change": done["Change"]}
