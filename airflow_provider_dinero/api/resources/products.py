"""Products: what the lines of invoices can refer to."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from airflow_provider_dinero.api.changes import Changes
from airflow_provider_dinero.api.filters import Condition
from airflow_provider_dinero.api.operations import GONE, NOWHERE, SAME_AGAIN, Operation, Repeat
from airflow_provider_dinero.api.resources.base import Resource, Row, guarded, optional
from airflow_provider_dinero.api.resources.documents import gone

# The document's list of fields leaves out ProductGuid, which its default has.
FIELDS = (
    "Name", "ProductGuid", "ProductNumber", "Quantity", "Unit", "AccountNumber", "BaseAmountValue",
    "BaseAmountValueInclVat", "TotalAmount", "TotalAmountInclVat", "ExternalReference", "CreatedAt", "UpdatedAt",
    "DeletedAt",
)  # fmt: skip
FILTERABLE = ("Name", "ProductNumber", "ExternalReference")

_ALL = "/v1/{organizationId}/products"
_ONE = f"{_ALL}/{{guid}}"
_LIST = Operation("GET", _ALL, paginated=True, changes_since=True)
_GET = Operation("GET", _ONE)
_CREATE = Operation(
    "POST",
    _ALL,
    Repeat.BARE,
    body="ProductCreateModel",
    lost=NOWHERE._replace(look_up="the list, by ExternalReference or ProductNumber, by a person", sure="likely"),
)
_UPDATE = Operation("PUT", _ONE, Repeat.KEYED, body="ProductUpdateModel", lost=SAME_AGAIN)
_DELETE = Operation("DELETE", _ONE, Repeat.KEYED, lost=GONE)


class Products(Resource):
    """Products. A product has no Timestamp: the last write wins."""

    @_LIST.performed_by
    def list(
        self,
        *,
        fields: Collection[str] | None = None,
        filters: Condition | Iterable[Condition] = (),
        text: str | None = None,
        changes_since: datetime | str | None = None,
        deleted_only: bool = False,
    ) -> Iterator[Row]:
        """Yield products that are not deleted (`GET /v1/{organizationId}/products`), ordered by UpdatedAt.

        :param fields: names of the properties to get, in any case; default all that the list has
        :param filters: conditions made by `eq` and `contains`, on Name, ProductNumber or ExternalReference
        :param text: str, searched in Name and ProductNumber
        :param changes_since: datetime or ISO 8601 text, only what changed at or after it
        :param deleted_only: bool, only deleted ones; default False
        :return: iterator of dicts, amounts as Decimal
        """
        return self._read(
            fields=fields,
            filters=filters,
            changes_since=changes_since,
            deleted_only=deleted_only,
            query=optional(freeTextSearch=text),
        )

    def changes(
        self, since: datetime | str, *, fields: Collection[str] | None = None, include_deleted: bool = True
    ) -> Changes:
        """Return products created, updated or deleted at or after an instant (`GET /v1/{organizationId}/products`).

        :param since: datetime or ISO 8601 text
        :param fields: names of the properties to get; default all that the list has
        :param include_deleted: bool, also deleted ones, which takes a second request; default True
        :return: Changes, to be iterated: (kind, row)
        """
        return self._changes(since, fields, include_deleted, self._read)

    @_GET.performed_by
    def get(self, guid: str) -> Row:
        """Return a product (`GET /v1/{organizationId}/products/{guid}`).

        :param guid: str
        :raises DineroNotFound: there is none
        """
        return self._object(_GET, {"guid": guid})

    @_CREATE.performed_by
    def create(self, body: Mapping[str, Any]) -> Row:
        """Create a product, each time it is called (`POST /v1/{organizationId}/products`).

        :param body: mapping as ProductCreateModel: BaseAmountValue, Quantity, AccountNumber, Unit and more
        :return: `{"ProductGuid"}`
        :raises DineroOutcomeUnknown: the answer was lost
        """
        return self._object(_CREATE, body=body)

    @_UPDATE.performed_by
    def update(self, guid: str, body: Mapping[str, Any]) -> None:
        """Replace all of a product (`PUT /v1/{organizationId}/products/{guid}`).

        :param guid: str
        :param body: mapping as ProductUpdateModel; what is left out is emptied
        """
        self.client.send(_UPDATE, {"guid": guid}, body=body)

    @_DELETE.performed_by
    @guarded
    def delete(self, guid: str) -> None:
        """Delete a product (`DELETE /v1/{organizationId}/products/{guid}`).

        :param guid: str
        """
        self._settled(
            lambda: self._sent(_DELETE, {"guid": guid}), lambda: gone(lambda: self.get(guid)), operation=_DELETE
        )

    def _read(self, note_date: Callable[[str | None], None] = lambda date: None, **query: Any) -> Iterator[Row]:
        return self._list(_LIST, "ProductGuid", FIELDS, filterable=FILTERABLE, note_date=note_date, **query)
