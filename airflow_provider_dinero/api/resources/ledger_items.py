"""Ledger items: what is prepared in the ledger, then booked in the background."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import uuid4

from airflow_provider_dinero.api.bodies import comparison
from airflow_provider_dinero.api.bodies.validation import check
from airflow_provider_dinero.api.errors import (
    DineroConflict,
    DineroDuplicate,
)
from airflow_provider_dinero.api.operations import REFUSED, Lost, Operation, Repeat
from airflow_provider_dinero.api.resources.base import Rows, guarded
from airflow_provider_dinero.api.resources.ledger_posting import (
    CREATE,
    Bodies,
    LedgerPosting,
    by_id,
    content,
    ids,
    listed,
    name_lines,
)

_ALL = "/v1/{organizationId}/ledgeritems"
_GET = Operation("POST", f"{_ALL}/ledgers", body="[LedgerItemModel]")
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


class LedgerItems(LedgerPosting):
    """Ledger items. Dinero takes one request of an organization at a time (code 70), and keeps 1000 lines (code 66)."""

    @_GET.performed_by
    def get(self, items: Iterable[str] | Bodies) -> Rows:
        """Return items that are not booked yet (`POST /v1/{organizationId}/ledgeritems/ledgers`).

        :param items: Ids, or dicts with Id and perhaps Version
        :return: list of dicts as LedgerItemModelV2
        """
        return self._array(_GET, body=ids(items))

    @CREATE.performed_by
    @guarded
    def create(self, items: Bodies) -> Rows:
        """Add items (`POST /v1.2/{organizationId}/ledgeritems`); with Ids, once however often it is called.

        :param items: dicts as LedgerItemModelV2; an Id that is left out is chosen
        :return: list of `{"Id", "Version"}`, in the order of the items
        :raises DineroInvalidBody: before anything is sent
        :raises DineroConflict: an item with this Id is there, with other content
        :raises DineroOutcomeUnknown: all answers were lost, and an item has no Id by which another try would know
        """
        wanted: Rows = check(str(CREATE.body), items)
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
                    "An item with one of these Ids was there, and is booked or deleted now.",
                    "See ledger_items.status; to post it anew on purpose, choose another Id.",
                ) from error
            return found

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
                not comparison.differences(content(item), by_id(found, item), strict=True) for item in wanted
            )
            return [{"Id": item["Id"], "Version": item.get("Version")} for item in found] if same else None

        return self._settled(lambda: self._alone(lambda: self._array(_UPDATE, body=wanted)), look, operation=_UPDATE)

    @_BOOK.performed_by
    @guarded
    def book(self, items: Bodies) -> None:
        """Begin to book items (`POST /v1/{organizationId}/ledgeritems/book`): `status` tells when they are.

        :param items: dicts with Id and Version
        """

        def look() -> bool | None:
            return all(item["Status"] != "Draft" for item in self.status(ids(wanted))) or None

        wanted = listed(items)
        body = _versions(wanted)
        self._settled(lambda: self._alone(lambda: self._sent(_BOOK, body=body)), look, operation=_BOOK)

    @_STATUS.performed_by
    def status(self, items: Iterable[str] | Bodies) -> Rows:
        """Return how far the booking is (`POST /v1/{organizationId}/ledgeritems/status`).

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


def _versions(items: Iterable[Any]) -> list[Any]:
    """Return of each item what names its version; what is no item is left for the check to name."""
    return [
        {"Id": item.get("Id"), "Version": item.get("Version")} if isinstance(item, Mapping) else item for item in items
    ]
