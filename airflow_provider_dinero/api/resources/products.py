"""Products, to which the lines of invoices can refer."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from airflow_provider_dinero.api.bodies import comparison
from airflow_provider_dinero.api.bodies.validation import check
from airflow_provider_dinero.api.errors import DineroConflict, DineroInvalidBody
from airflow_provider_dinero.api.lists.filters import Condition, eq, query_filter
from airflow_provider_dinero.api.operations import GONE, NOWHERE, SAME_AGAIN, Operation, Repeat
from airflow_provider_dinero.api.resources.base import Listed, Row, Rows, guarded, optional, stripped
from airflow_provider_dinero.api.resources.versions import gone

# The document's list of fields omits ProductGuid, although its default includes it.
FIELDS = (
    "Name", "ProductGuid", "ProductNumber", "Quantity", "Unit", "AccountNumber", "BaseAmountValue",
    "BaseAmountValueInclVat", "TotalAmount", "TotalAmountInclVat", "ExternalReference", "CreatedAt", "UpdatedAt",
    "DeletedAt",
)  # fmt: skip
FILTERABLE = ("Name", "ProductNumber", "ExternalReference")
MATCHABLE = ("ExternalReference", "ProductNumber")

_ALL = "/v1/{organizationId}/products"
_ONE = f"{_ALL}/{{guid}}"
_LIST = Operation("GET", _ALL, paginated=True, changes_since=True)
_GET = Operation("GET", _ONE)
_CREATE = Operation(
    "POST",
    _ALL,
    Repeat.BARE,
    body="ProductCreateModel",
    lost=NOWHERE._replace(
        look_up="a product has this ExternalReference or ProductNumber; only `upsert` checks this", sure="likely"
    ),
)
_UPDATE = Operation("PUT", _ONE, Repeat.KEYED, body="ProductUpdateModel", lost=SAME_AGAIN)
_DELETE = Operation("DELETE", _ONE, Repeat.KEYED, lost=GONE)


class Products(Listed):
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

        :param fields: names of the properties to get, in any case; default all of the list
        :param filters: conditions made by `eq` and `contains`, on Name, ProductNumber or ExternalReference
        :param text: str, searched in Name and ProductNumber
        :param changes_since: datetime or ISO 8601 text; only rows that changed at or after it
        :param deleted_only: bool, whether to return only deleted ones; default False
        :return: iterator of dicts, amounts as Decimal
        """
        return self._read(
            fields=fields,
            filters=filters,
            changes_since=changes_since,
            deleted_only=deleted_only,
            query=optional(freeTextSearch=text),
        )

    @_GET.performed_by
    def get(self, guid: str) -> Row:
        """Return a product (`GET /v1/{organizationId}/products/{guid}`).

        :param guid: str
        :raises DineroNotFound: it doesn't exist
        """
        return self._object(_GET, {"guid": guid})

    @_CREATE.performed_by
    def create(self, body: Mapping[str, Any]) -> Row:
        """Create a product, again at each call (`POST /v1/{organizationId}/products`).

        :param body: mapping like ProductCreateModel: BaseAmountValue, Quantity, AccountNumber, Unit and more
        :return: `{"ProductGuid"}`
        :raises DineroOutcomeUnknown: the response was lost
        """
        return self._object(_CREATE, body=body)

    @_UPDATE.performed_by
    def update(self, guid: str, body: Mapping[str, Any]) -> None:
        """Replace a whole product (`PUT /v1/{organizationId}/products/{guid}`).

        :param guid: str
        :param body: mapping like ProductUpdateModel; properties that you leave out are emptied
        """
        self.session.send(_UPDATE, {"guid": guid}, body=body)

    @_DELETE.performed_by
    @guarded
    def delete(self, guid: str) -> None:
        """Delete a product (`DELETE /v1/{organizationId}/products/{guid}`).

        :param guid: str
        """
        self._settled(
            lambda: self._sent(_DELETE, {"guid": guid}), lambda: gone(lambda: self.get(guid)), operation=_DELETE
        )

    @guarded
    def upsert(
        self,
        body: Mapping[str, Any],
        *,
        match_by: str = "ExternalReference",
        among: Iterable[Row] | None = None,
    ) -> Row:
        """Create a product, or update an existing one where it differs.

        This takes one request if the product exists and is equal, two to create it, three to update it; one more if the
        body has a Comment, which lists leave out. A property that you set to None is emptied. Blanks around the value
        of `match_by` are ignored.

        :param body: mapping like ProductCreateModel
        :param match_by: str, the property that finds the product: ExternalReference or ProductNumber
        :param among: iterable of dicts or None, what `rows_of` has found for the value, which saves the first request;
            default None
        :return: `{"ProductGuid", "Change"}`, Change being created, updated or unchanged
        :raises DineroInvalidBody: the body is invalid; nothing was sent
        :raises DineroConflict: several products match
        :raises DineroOutcomeUnknown: the response to the create was lost, and there is no such product
        """
        wanted, value = self.matched(body, match_by)
        name = f"{self.session.organization_id}/products/{match_by}:{value}"
        known = [] if among is None else [list(among)]

        def find() -> Row | None:
            rows = known.pop() if known else self.list(filters=[eq(match_by, value)])
            return self._find(name, match_by, value, wanted, rows)

        found, change = self._once(name, find, lambda: self.create(wanted))
        if change == "unchanged":
            change = self._change(found, wanted)
        return {"ProductGuid": found["ProductGuid"], "Change": change}

    def matched(self, body: Mapping[str, Any], match_by: str) -> tuple[Row, str]:
        """Return the body of an upsert, checked, and the value that finds the product.

        :param body: mapping as ProductCreateModel
        :param match_by: str, the property that finds it
        :raises DineroInvalidBody: it is wrong, or can't be found by that
        """
        wanted = check("ProductCreateModel", body)
        if match_by not in MATCHABLE:
            raise DineroInvalidBody(f"You can't match products by {match_by}.", f"Use {', '.join(MATCHABLE)}.")
        value = stripped(wanted, match_by)
        if not value:
            raise DineroInvalidBody(
                f"The product has no {match_by} to match by.",
                f"Set it, or pass another match_by: {', '.join(MATCHABLE)}.",
            )
        query_filter(eq(match_by, value), FILTERABLE)
        return wanted, value

    @guarded
    def rows_of(self, wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], Rows]:
        """Return the products with these values: one list request per thousand, or one lookup each if cheaper.

        :param wanted: collection of (property, value)
        :return: dict of lists of dicts, for `upsert`
        """
        return self._rows_of(self._read, wanted, lambda match_by, value: str(value or "").strip())

    def _find(self, name: str, match_by: str, value: str, wanted: Row, found: Iterable[Row]) -> Row | None:
        rows = [row for row in found if comparison.same_text(row[match_by], value)]
        if len(rows) > 1:
            whole = [self.get(row["ProductGuid"]) for row in rows] if self.session.intents.begun(name) else []
            if whole and (older := self._older(name, whole, wanted, "CreatedAt")):
                return dict(older)
            raise DineroConflict(
                f"{len(rows)} products have the {match_by} {value}: {', '.join(row['ProductGuid'] for row in rows)}.",
                "Delete all but one in Dinero, or match by another property.",
            )
        return rows[0] if rows else None

    def _change(self, existing: Row, wanted: Row) -> str:
        if "Comment" in wanted:
            existing = self.get(existing["ProductGuid"])
        found = comparison.differences(wanted, existing, empty_counts=True)
        if not found:
            return "unchanged"
        from airflow_provider_dinero.api.bodies.models import ProductUpdateModel

        whole = existing if "Comment" in existing else self.get(existing["ProductGuid"])
        kept = {name: whole[name] for name in ProductUpdateModel.model_fields if name in whole}
        changed = {name: value for name, value in wanted.items() if value is not None or name in found}
        self.session.send(_UPDATE, {"guid": existing["ProductGuid"]}, body=changed, kept=kept)
        return "updated"

    def _read(self, **query: Any) -> Iterator[Row]:
        return self._list(_LIST, "ProductGuid", FIELDS, filterable=FILTERABLE, **query)
