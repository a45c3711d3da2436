"""Ledger items: prepared in the ledger, then booked in the background."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar
from uuid import UUID, uuid4, uuid5

from airflow_provider_dinero.api.bodies import comparison
from airflow_provider_dinero.api.bodies.validation import check
from airflow_provider_dinero.api.errors import (
    DineroConflict,
    DineroDuplicate,
    DineroForbidden,
    DineroInvalidBody,
    DineroNotFound,
    DineroPermanentError,
    DineroRefused,
    DineroStaleTimestamp,
    DineroUnauthorized,
    DineroUnavailable,
)
from airflow_provider_dinero.api.operations import REFUSED, UNKNOWN, Lost, Operation, Repeat
from airflow_provider_dinero.api.resources.base import Resource, Row, Rows, guarded

_ALL = "/v1/{organizationId}/ledgeritems"
_CREATE = Operation(
    "POST",
    "/v1.2/{organizationId}/ledgeritems",
    Repeat.KEYED,
    body="[LedgerItemModelV2]",
    lost=Lost(
        "the Ids of the items and lines, which you give or the client chooses",
        "the items have the content of the body",
        "yes",
        UNKNOWN,
    ),
)
# Another integration is posting (code 70); and the seconds between retries in that case.
BUSY = 70
PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0)
# What is refused for a reason that isn't one of its items, and the code of a full ledger.
OF_ALL = (DineroUnauthorized, DineroForbidden, DineroStaleTimestamp, DineroDuplicate)
FULL = 66
# After this many refused items, the rest isn't tried one by one.
MOST_REFUSED = 10

T = TypeVar("T")
Bodies = Iterable[Mapping[str, Any]]
_GET = Operation("POST", f"{_ALL}/ledgers", body="[LedgerItemModel]")
_UPDATE = Operation(
    "PUT",
    _ALL,
    Repeat.FENCED,
    body="[LedgerItemModelV2]",
    lost=Lost("the Version of each item", "the items have the content of the body", "yes", REFUSED),
)
_BOOK = Operation(
    "POST",
    f"{_ALL}/book",
    Repeat.FENCED,
    body="[LedgerItemModel]",
    lost=Lost("the Version of each item", "none of the items is a draft any longer", "yes", REFUSED),
)
_STATUS = Operation("POST", f"{_ALL}/status", body="[LedgerItemStatusModel]")
_DELETE = Operation(
    "DELETE",
    f"{_ALL}/delete",
    Repeat.FENCED,
    body="[LedgerItemModel]",
    lost=Lost("the Version of each item", "the items are gone", "yes", REFUSED),
)


class LedgerItems(Resource):
    """Ledger items. Dinero accepts one request per organization at a time (code 70), and 1000 lines (code 66)."""

    @_GET.performed_by
    def get(self, items: Iterable[str] | Bodies) -> Rows:
        """Return items that are not booked yet (`POST /v1/{organizationId}/ledgeritems/ledgers`).

        :param items: Ids, or dicts with Id and perhaps Version
        :return: list of dicts like LedgerItemModelV2
        """
        return self._array(_GET, body=ids(items))

    @_CREATE.performed_by
    @guarded
    def create(self, items: Bodies) -> Rows:
        """Add items (`POST /v1.2/{organizationId}/ledgeritems`); with Ids, repeated calls add them only once.

        :param items: dicts like LedgerItemModelV2; an Id that is left out is chosen
        :return: list of `{"Id", "Version"}`, in the order of the items
        :raises DineroInvalidBody: the body is invalid; nothing was sent
        :raises DineroConflict: an item with this Id exists with other content
        :raises DineroOutcomeUnknown: all responses were lost, and an item has no Id by which a retry could find it
        """
        wanted: Rows = check(str(_CREATE.body), items)
        chosen = not all(item.get("Id") for item in wanted)
        for item in wanted:
            item["Id"] = item.get("Id") or uuid4()
        name_lines(wanted)
        try:
            return self._add(wanted, harmless=not chosen)
        except DineroDuplicate as error:
            found = self._same(wanted)
            if found is None:
                raise DineroConflict(
                    "An item with one of these Ids existed, and is now booked or deleted.",
                    "See ledger_items.status; to post it again on purpose, choose another Id.",
                ) from error
            return found

    @_UPDATE.performed_by
    @guarded
    def update(self, items: Bodies) -> Rows:
        """Replace items that are not booked (`PUT /v1/{organizationId}/ledgeritems`).

        :param items: dicts like LedgerItemModelV2, with Id and Version, also in their lines
        :return: list of `{"Id", "Version"}`
        :raises DineroStaleTimestamp: an item has changed since its Version was read
        """
        wanted: Rows = check(str(_UPDATE.body), items)

        def look() -> Rows | None:
            found = self._found(wanted)
            same = len(found) == len(wanted) and all(
                not comparison.differences(content(item), by_id(found, item), strict=True) for item in wanted
            )
            return [{"Id": item["Id"], "Version": item.get("Version")} for item in found] if same else None

        return self._settled(lambda: self._alone(lambda: self._array(_UPDATE, body=wanted)), look, operation=_UPDATE)

    @_BOOK.performed_by
    @guarded
    def book(self, items: Bodies) -> None:
        """Start to book items (`POST /v1/{organizationId}/ledgeritems/book`); `status` tells when they are booked.

        :param items: dicts with Id and Version
        """

        def look() -> bool | None:
            return all(item["Status"] != "Draft" for item in self.status(ids(wanted))) or None

        wanted = listed(items)
        body = _versions(wanted)
        self._settled(lambda: self._alone(lambda: self._sent(_BOOK, body=body)), look, operation=_BOOK)

    @_STATUS.performed_by
    def status(self, items: Iterable[str] | Bodies) -> Rows:
        """Return the progress of the booking (`POST /v1/{organizationId}/ledgeritems/status`).

        :param items: Ids, or dicts with Id
        :return: list of `{"Id", "Version", "Status", "VoucherNumber"}`; Status is Draft, PendingBooking or Booked,
            VoucherNumber is None until it is assigned
        :raises DineroRefused: an Id is unknown (`ledgerItemNotFound` in its `validation`)
        """
        return self._array(_STATUS, body=ids(items))

    @_DELETE.performed_by
    @guarded
    def delete(self, items: Bodies) -> None:
        """Delete items that are not booked (`DELETE /v1/{organizationId}/ledgeritems/delete`).

        :param items: dicts with Id and Version
        """

        def look() -> bool | None:
            return not self._found(wanted) or None

        wanted = listed(items)
        body = _versions(wanted)
        self._settled(lambda: self._alone(lambda: self._sent(_DELETE, body=body)), look, operation=_DELETE)

    @guarded
    def post_once(
        self, items: Bodies, *, book: bool = False, refused: dict[str, DineroPermanentError] | None = None
    ) -> Rows:
        """Add the items that don't exist yet, and start to book those that are drafts.

        This takes one request, and two more to book, since Dinero doesn't confirm the start. It takes two more if the
        items already exist. Dinero refuses all items of a request for one of them: then they are halved until the
        others are added and booked.

        :param items: dicts like LedgerItemModelV2, each with an Id; booked ones are not compared
        :param book: bool, default False
        :param refused: dict that receives the errors of single items by Id, ten at most; default None: the first of
            them is raised when the others are done
        :return: list of dicts from `status`, in the order of the items, each with Change: created, updated (a draft
            that is booked now) or unchanged; items whose booking has started are PendingBooking or Booked, the others
            Draft; an item that couldn't be added is left out
        :raises DineroInvalidBody: the body is invalid; nothing was sent
        :raises DineroConflict: an item with this Id exists with other content
        """
        wanted: Rows = check(str(_CREATE.body), items)
        if not all(item.get("Id") for item in wanted):
            raise DineroInvalidBody("A ledger item has no Id, so a retry could not recognize it.", "Nothing was sent.")
        name_lines(wanted)
        with self.session.lock.hold(self._lock):
            for last in (False, True):
                errors: dict[str, DineroPermanentError] = {}
                rows = self._halved(wanted, self._post, errors)
                drafts = [row for row in rows if row["Status"] == "Draft"] if book else []
                try:
                    begun = self._halved(drafts, self._begin, errors) if drafts else []
                    break
                except DineroStaleTimestamp:  # somebody changed an item meanwhile: compare once more
                    if last:
                        raise
        if errors and refused is None:
            raise next(iter(errors.values()))
        if refused is not None:
            refused.update(errors)
        found = self.status(begun) if begun else []
        rows = [{**row, "Change": _change(row, by_id(found, row))} for row in rows]
        return [{**row, **by_id(found, row)} for row in rows]

    def _begin(self, drafts: Rows) -> Rows:
        self.book(drafts)
        return drafts

    def _halved(self, items: Rows, write: Callable[[Rows], Rows], refused: dict[str, DineroPermanentError]) -> Rows:
        """Write all items at once or, where Dinero refuses that, those that it takes; note the errors of the others."""
        try:
            return write(items)
        except (DineroRefused, DineroConflict) as error:
            of_all = isinstance(error, OF_ALL) or getattr(error, "code", None) == FULL
            if of_all or len(refused) >= MOST_REFUSED:
                raise
            if len(items) == 1:
                refused[str(items[0]["Id"])] = error
                return []
        half = len(items) // 2
        return [*self._halved(items[:half], write, refused), *self._halved(items[half:], write, refused)]

    def _post(self, wanted: Rows) -> Rows:
        """Add the items that don't exist yet, and return the status of all."""
        intents, name = self.session.intents, f"ledger_items/{wanted[0]['Id']}/{len(wanted)}"
        if not intents.recall(name):  # an earlier try that added them needn't be refused once more
            try:
                added = self._add(wanted, harmless=True)
            except DineroDuplicate:
                pass
            else:
                intents.remember(name, "added")
                return _rows(wanted, added, "created")
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
        """Return the status of the items that exist; Dinero refuses the whole request for an unknown one."""
        try:
            return self.status(ids(items))
        except DineroRefused as error:
            if not _unknown(error):
                raise
        half = len(items) // 2
        return [*self._known(items[:half]), *self._known(items[half:])] if half else []

    def _add(self, wanted: Rows, *, harmless: bool) -> Rows:
        """Add items that have Ids.

        :raises DineroDuplicate: one of them exists
        """

        def send() -> Rows:
            created: Any = self.session.json(_CREATE, body=wanted)
            # The document says one object; clients have received a list.
            if isinstance(created, list):
                return created
            return [created] if len(wanted) == 1 else self.status(ids(wanted))

        return self._settled(
            lambda: self._alone(send), lambda: self._same(wanted), operation=_CREATE, harmless=harmless
        )

    def _alone(self, write: Callable[[], T]) -> T:
        """Do a write while no other worker writes to this ledger; retry it if another integration was writing."""
        with self.session.lock.hold(self._lock):
            for seconds in PAUSES:
                try:
                    return write()
                except DineroUnavailable as error:
                    if error.code != BUSY:
                        raise
                self.session.sleep(seconds)
            return write()

    @property
    def _lock(self) -> str:
        return f"ledger/{self.session.organization_id}"

    def _same(self, wanted: Rows) -> Rows | None:
        """Return Id and Version of items in the ledger, None if one doesn't exist.

        :raises DineroConflict: one has other content
        """
        found = self._found(wanted) if wanted else []
        if len(found) < len(wanted):
            return None
        for item in wanted:
            comparison.require_same(f"Ledger item {item['Id']}", content(item), by_id(found, item))
        return [{"Id": str(item["Id"]), "Version": by_id(found, item).get("Version")} for item in wanted]

    def _found(self, items: Bodies) -> Rows:
        """Return the items that are in the ledger."""
        try:
            return self.get(ids(items))
        except DineroRefused as error:
            if _unknown(error):
                return []
            raise


def _versions(items: Iterable[Any]) -> list[Any]:
    """Return what identifies the version of each item; anything else is left for the check to report."""
    return [
        {"Id": item.get("Id"), "Version": item.get("Version")} if isinstance(item, Mapping) else item for item in items
    ]


def _unknown(error: DineroRefused) -> bool:
    return isinstance(error, DineroNotFound) or "ledgerItemNotFound" in error.validation


def name_lines(items: Rows) -> None:
    """Give Ids to the lines of items that have Ids: the same ones at each call.

    :param items: list of dicts, changed in place
    """
    for item in items:
        for index, line in enumerate(item.get("Lines") or ()):
            line["Id"] = line.get("Id") or uuid5(UUID(str(item["Id"])), str(index))


def _change(row: Row, begun: Row) -> str:
    """Return the Change of an item: one that existed and is now booked was updated."""
    done = begun.get("Status", "Draft") != "Draft" and row["Change"] == "unchanged"
    return "updated" if done else str(row["Change"])


def _rows(items: Rows, found: Rows, change: str) -> Rows:
    """Return the status of items, in their order; one that was just added is a draft."""
    rows = []
    for item in items:
        row = by_id(found, item)
        status, number = row.get("Status", "Draft"), row.get("VoucherNumber")
        known = {"Id": str(item["Id"]), "Version": row.get("Version"), "Status": status, "VoucherNumber": number}
        rows.append({**known, "Change": change})
    return rows


def listed(items: Any) -> list[Any]:
    """Return items as a list, even if only one was given.

    :param items: dicts or Ids
    """
    return [items] if isinstance(items, Mapping | str) else list(items)


def ids(items: Any) -> Rows:
    """Return what identifies each item.

    :param items: dicts or Ids
    """
    return [{"Id": item["Id"] if isinstance(item, Mapping) else item} for item in listed(items)]


def content(item: Row) -> Row:
    """Return an item without its Version, which Dinero creates.

    :param item: dict
    """
    return {name: value for name, value in item.items() if name != "Version"}


def by_id(items: Rows, wanted: Row) -> Row:
    """Return the item with the Id of another one, or an empty dict.

    :param items: list of dicts with Id
    :param wanted: dict with Id
    """
    return next((item for item in items if str(item["Id"]).lower() == str(wanted["Id"]).lower()), {})
