"""Ledger items: what is prepared in the ledger, then booked in the background."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID, uuid4, uuid5

from airflow_provider_dinero.api import keys
from airflow_provider_dinero.api.bodies import check
from airflow_provider_dinero.api.errors import DineroConflict, DineroDuplicate, DineroNotFound, DineroRefused
from airflow_provider_dinero.api.operations import REFUSED, UNKNOWN, Lost, Operation, Repeat
from airflow_provider_dinero.api.resources.base import Resource, Row, Rows, guarded

_ALL = "/v1/{organizationId}/ledgeritems"
_GET = Operation("POST", f"{_ALL}/ledgers", body="[LedgerItemModel]")
_CREATE = Operation(
    "POST",
    "/v1.2/{organizationId}/ledgeritems",
    Repeat.KEYED,
    body="[LedgerItemModelV2]",
    lost=Lost(
        "the Ids of its items and lines, the author's or ours", "the items, compared with the body", "yes", UNKNOWN
    ),
)
_UPDATE = Operation(
    "PUT",
    _ALL,
    Repeat.FENCED,
    body="[LedgerItemModelV2]",
    lost=Lost("the Version of each item", "the items, compared with the body", "yes", REFUSED),
)
_BOOK = Operation(
    "POST",
    f"{_ALL}/book",
    Repeat.FENCED,
    body="[LedgerItemModel]",
    lost=Lost("the Version of each item", "their status: none is Draft any more", "yes", REFUSED),
)
_STATUS = Operation("POST", f"{_ALL}/status", body="[LedgerItemStatusModel]")
_DELETE = Operation(
    "DELETE",
    f"{_ALL}/delete",
    Repeat.FENCED,
    body="[LedgerItemModel]",
    lost=Lost("the Version of each item", "their status: they are not found", "yes", REFUSED),
)

Bodies = Iterable[Mapping[str, Any]]


class LedgerItems(Resource):
    """Ledger items. Dinero takes one request of an organization at a time (code 70), and keeps 1000 lines (code 66)."""

    @_GET.performed_by
    def get(self, items: Iterable[str] | Bodies) -> Rows:
        """Return items that are not booked yet (`POST /v1/{organizationId}/ledgeritems/ledgers`).

        :param items: Ids, or dicts with Id and perhaps Version
        :return: list of dicts as LedgerItemModelV2
        """
        return self._array(_GET, body=_ids(items))

    @_CREATE.performed_by
    @guarded
    def create(self, items: Bodies) -> Rows:
        """Add items (`POST /v1.2/{organizationId}/ledgeritems`); with Ids, once however often it is called.

        :param items: dicts as LedgerItemModelV2; an Id that is left out is chosen
        :return: list of `{"Id", "Version"}`, in the order of the items
        :raises DineroInvalidBody: before anything is sent
        :raises DineroConflict: an item with this Id is there, with other content
        :raises DineroOutcomeUnknown: all answers were lost, and an item has no Id by which another try would know
        """
        wanted: Rows = check(str(_CREATE.body), items)
        chosen = not all(item.get("Id") for item in wanted)
        for item in wanted:
            item["Id"] = item.get("Id") or uuid4()
            for index, line in enumerate(item.get("Lines") or ()):
                line["Id"] = line.get("Id") or uuid5(UUID(str(item["Id"])), str(index))  # the same at each call

        def there() -> Rows | None:
            found = self._found(wanted)
            if len(found) < len(wanted):
                return None
            for item in wanted:
                keys.require_same(f"Ledger item {item['Id']}", _content(item), _by_id(found, item))
            return [{"Id": str(item["Id"]), "Version": _by_id(found, item).get("Version")} for item in wanted]

        def send() -> Rows | None:
            try:
                created: Any = self.client.json(_CREATE, body=wanted)
            except DineroDuplicate as error:
                found = there()
                if found is None:
                    raise DineroConflict(
                        "An item with one of these Ids was there, and is booked or deleted now.",
                        "See ledger_items.status; to post it anew on purpose, choose another Id.",
                    ) from error
                return found
            # The document says one object, clients have seen a list.
            if created is None or isinstance(created, list):
                return created
            return [created] if len(wanted) == 1 else self.status(_ids(wanted))

        return self._settled(send, there, operation=_CREATE, harmless=not chosen)

    @_UPDATE.performed_by
    @guarded
    def update(self, items: Bodies) -> Rows:
        """Replace items that are not booked (`PUT /v1/{organizationId}/ledgeritems`).

        :param items: dicts as LedgerItemModelV2, with Id and Version, also in their lines
        :return: list of `{"Id", "Version"}`
        :raises DineroStaleTimestamp: an item was changed since its Version was read
        """
        wanted: Rows = check(str(_UPDATE.body), items)

        def look() -> Rows | None:
            found = self._found(wanted)
            same = len(found) == len(wanted) and all(
                not keys.differences(_content(item), _by_id(found, item), strict=True) for item in wanted
            )
            return [{"Id": item["Id"], "Version": item.get("Version")} for item in found] if same else None

        return self._settled(lambda: self._array(_UPDATE, body=wanted), look, operation=_UPDATE)

    @_BOOK.performed_by
    @guarded
    def book(self, items: Bodies) -> None:
        """Begin to book items (`POST /v1/{organizationId}/ledgeritems/book`): `status` tells when they are.

        :param items: dicts with Id and Version
        """

        def look() -> bool | None:
            return all(item["Status"] != "Draft" for item in self.status(_ids(wanted))) or None

        wanted = _listed(items)
        self._settled(lambda: self._sent(_BOOK, body=_versions(wanted)), look, operation=_BOOK)

    @_STATUS.performed_by
    def status(self, items: Iterable[str] | Bodies) -> Rows:
        """Return how far the booking is (`POST /v1/{organizationId}/ledgeritems/status`).

        :param items: Ids, or dicts with Id
        :return: list of `{"Id", "Version", "Status", "VoucherNumber"}`; Status is Draft, PendingBooking or Booked,
            VoucherNumber is None until it is assigned
        :raises DineroRefused: an Id is unknown (`ledgerItemNotFound` in its `validation`)
        """
        return self._array(_STATUS, body=_ids(items))

    @_DELETE.performed_by
    @guarded
    def delete(self, items: Bodies) -> None:
        """Delete items that are not booked (`DELETE /v1/{organizationId}/ledgeritems/delete`).

        :param items: dicts with Id and Version
        """

        def look() -> bool | None:
            return not self._found(wanted) or None

        wanted = _listed(items)
        self._settled(lambda: self._sent(_DELETE, body=_versions(wanted)), look, operation=_DELETE)

    def _found(self, items: Bodies) -> Rows:
        """Return those of the items that are in the ledger."""
        try:
            return self.get(_ids(items))
        except DineroRefused as error:
            if isinstance(error, DineroNotFound) or "ledgerItemNotFound" in error.validation:
                return []
            raise


def _listed(items: Any) -> list[Any]:
    """Return items as a list, also when one alone was given."""
    return [items] if isinstance(items, Mapping | str) else list(items)


def _ids(items: Any) -> Rows:
    return [{"Id": item["Id"] if isinstance(item, Mapping) else item} for item in _listed(items)]


def _versions(items: Iterable[Any]) -> list[Any]:
    """Return of each item what names its version; what is no item is left for the check to name."""
    return [
        {"Id": item.get("Id"), "Version": item.get("Version")} if isinstance(item, Mapping) else item for item in items
    ]


def _content(item: Row) -> Row:
    return {name: value for name, value in item.items() if name != "Version"}


def _by_id(items: Rows, wanted: Row) -> Row:
    return next((item for item in items if str(item["Id"]).lower() == str(wanted["Id"]).lower()), {})
