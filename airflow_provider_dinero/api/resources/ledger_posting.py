"""How ledger items are posted: one request of an organization at a time, and each item once."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar
from uuid import UUID, uuid5

from airflow_provider_dinero.api.bodies import comparison
from airflow_provider_dinero.api.bodies.validation import check
from airflow_provider_dinero.api.errors import (
    DineroDuplicate,
    DineroInvalidBody,
    DineroNotFound,
    DineroRefused,
    DineroStaleTimestamp,
    DineroUnavailable,
)
from airflow_provider_dinero.api.operations import UNKNOWN, Lost, Operation, Repeat
from airflow_provider_dinero.api.resources.base import Resource, Row, Rows, guarded

CREATE = Operation(
    "POST",
    "/v1.2/{organizationId}/ledgeritems",
    Repeat.KEYED,
    body="[LedgerItemModelV2]",
    lost=Lost(
        "the Ids of its items and lines, the author's or ours", "the items, compared with the body", "yes", UNKNOWN
    ),
)
# Another integration posts at this moment (code 70), and seconds between the tries then.
BUSY = 70
PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0)

T = TypeVar("T")
Bodies = Iterable[Mapping[str, Any]]


class LedgerPosting(Resource):
    """What adds items to the ledger."""

    @guarded
    def post_once(self, items: Bodies, *, book: bool = False) -> Rows:
        """Add the items that are not there, and begin to book those that are drafts.

        It takes a request, and two more to book: Dinero says nothing when it begins, so it is looked whether it has.
        Two more where the items are there already.

        :param items: dicts as LedgerItemModelV2, each with an Id; what is booked already is not compared
        :param book: bool, default False
        :return: list of dicts as `status` gives them, in the order of the items, each with Change: created or
            unchanged; what was begun to be booked is PendingBooking, or Booked already; what is Draft was not
        :raises DineroInvalidBody: before anything is sent
        :raises DineroConflict: an item with this Id is there, with other content
        """
        wanted: Rows = check(str(CREATE.body), items)
        if not all(item.get("Id") for item in wanted):
            raise DineroInvalidBody("A ledger item has no Id, by which it is known again.", "Nothing was sent.")
        name_lines(wanted)
        with self.client.lock.hold(self._lock):
            for last in (False, True):
                rows = self._post(wanted)
                drafts = [row for row in rows if row["Status"] == "Draft"] if book else []
                try:
                    if drafts:
                        self.client.ledger_items.book(drafts)
                    break
                except DineroStaleTimestamp:  # what was changed in between is compared once more
                    if last:
                        raise
        begun = self.client.ledger_items.status(drafts) if drafts else []
        return [{**row, **by_id(begun, row)} for row in rows]

    def _post(self, wanted: Rows) -> Rows:
        """Add those of the items that are not there, and return how far all of them are."""
        try:
            return _rows(wanted, self._add(wanted, harmless=True), "created")
        except DineroDuplicate:
            known = self._known(wanted)
        self._same([item for item in wanted if by_id(known, item).get("Status") == "Draft"])
        missing = [item for item in wanted if not by_id(known, item)]
        added = self._add(missing, harmless=True) if missing else []
        rows = [
            *_rows(missing, added, "created"),
            *_rows([item for item in wanted if item not in missing], known, "unchanged"),
        ]
        return [by_id(rows, item) for item in wanted]

    def _known(self, items: Rows) -> Rows:
        """Return the status of those items that Dinero knows; it refuses all for one that it doesn't."""
        try:
            return self.client.ledger_items.status(ids(items))
        except DineroRefused as error:
            if not _unknown(error):
                raise
        half = len(items) // 2
        return [*self._known(items[:half]), *self._known(items[half:])] if half else []

    def _add(self, wanted: Rows, *, harmless: bool) -> Rows:
        """Add items that have Ids.

        :raises DineroDuplicate: one of them is there
        """

        def send() -> Rows:
            created: Any = self.client.json(CREATE, body=wanted)
            # The document says one object, clients have seen a list.
            if isinstance(created, list):
                return created
            return [created] if len(wanted) == 1 else self.client.ledger_items.status(ids(wanted))

        return self._settled(lambda: self._alone(send), lambda: self._same(wanted), operation=CREATE, harmless=harmless)

    def _alone(self, write: Callable[[], T]) -> T:
        """Do a write while no other worker writes to this ledger; one that another integration kept out is repeated."""
        with self.client.lock.hold(self._lock):
            for seconds in PAUSES:
                try:
                    return write()
                except DineroUnavailable as error:
                    if error.code != BUSY:
                        raise
                self.client.sleep(seconds)
            return write()

    @property
    def _lock(self) -> str:
        return f"ledger/{self.client.organization_id}"

    def _same(self, wanted: Rows) -> Rows | None:
        """Return Id and Version of items in the ledger, None where one is not there.

        :raises DineroConflict: one has other content
        """
        found = self._found(wanted) if wanted else []
        if len(found) < len(wanted):
            return None
        for item in wanted:
            comparison.require_same(f"Ledger item {item['Id']}", content(item), by_id(found, item))
        return [{"Id": str(item["Id"]), "Version": by_id(found, item).get("Version")} for item in wanted]

    def _found(self, items: Bodies) -> Rows:
        """Return those of the items that are in the ledger."""
        try:
            return self.client.ledger_items.get(ids(items))
        except DineroRefused as error:
            if _unknown(error):
                return []
            raise


def _unknown(error: DineroRefused) -> bool:
    return isinstance(error, DineroNotFound) or "ledgerItemNotFound" in error.validation


def name_lines(items: Rows) -> None:
    """Give the lines of items that have Ids theirs: the same at each call.

    :param items: list of dicts, changed in place
    """
    for item in items:
        for index, line in enumerate(item.get("Lines") or ()):
            line["Id"] = line.get("Id") or uuid5(UUID(str(item["Id"])), str(index))


def _rows(items: Rows, found: Rows, change: str) -> Rows:
    """Return how far items are, in their order; what was just added is a draft."""
    rows = []
    for item in items:
        row = by_id(found, item)
        status, number = row.get("Status", "Draft"), row.get("VoucherNumber")
        known = {"Id": str(item["Id"]), "Version": row.get("Version"), "Status": status, "VoucherNumber": number}
        rows.append({**known, "Change": change})
    return rows


def listed(items: Any) -> list[Any]:
    """Return items as a list, also when one alone was given.

    :param items: dicts or Ids
    """
    return [items] if isinstance(items, Mapping | str) else list(items)


def ids(items: Any) -> Rows:
    """Return of each item what names it.

    :param items: dicts or Ids
    """
    return [{"Id": item["Id"] if isinstance(item, Mapping) else item} for item in listed(items)]


def content(item: Row) -> Row:
    """Return an item without its Version, which Dinero makes.

    :param item: dict
    """
    return {name: value for name, value in item.items() if name != "Version"}


def by_id(items: Rows, wanted: Row) -> Row:
    """Return the item with the Id of another one, or an empty dict.

    :param items: list of dicts with Id
    :param wanted: dict with Id
    """
    return next((item for item in items if str(item["Id"]).lower() == str(wanted["Id"]).lower()), {})
