"""The resources whose changes can be followed: one table of what each feed is, and the columns of its rows."""

import json
from collections.abc import Collection
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_dinero.api.bodies.validation import nearest
from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.api.lists.changes import OVERLAP, Changes
from airflow_provider_dinero.api.resources import contacts, credit_notes, products, sales, trade_offers

if TYPE_CHECKING:
    from airflow_provider_dinero.api.client import DineroClient

ENTRIES = "entries"
TEXT, INTEGER, DECIMAL, BOOLEAN, DATE, INSTANT = "text", "integer", "decimal", "boolean", "date", "instant"
KINDS = {"integer": INTEGER, "number": DECIMAL, "boolean": BOOLEAN}
FORMATS = {"date": DATE, "date-time": INSTANT}
# The document types the Date of an entry as a mere text.
DAY = "Date"


class Feed(NamedTuple):
    """What can be said of the rows of a resource.

    :param key: str, the property that identifies a row
    :param model: str, the schema of a row in openapi.json
    :param fields: names of the properties that its list can be asked for; None for all that the schema has
    :param filterable: names of the properties that a consumer can filter by
    :param has_status: bool, whether it can also by Status
    """

    key: str
    model: str
    fields: Collection[str] | None
    filterable: Collection[str]
    has_status: bool = True


_SALES = "SalesVoucherReadListModel"
_CREDIT_NOTES = credit_notes.CreditNotes.ALLOWED
FEEDS = {
    "contacts": Feed("ContactGuid", "ContactReadModel", contacts.FIELDS, contacts.FILTERABLE, has_status=False),
    "products": Feed("ProductGuid", "ProductReadModel", products.FIELDS, products.FILTERABLE, has_status=False),
    "invoices": Feed("Guid", _SALES, sales.FIELDS, sales.FILTERABLE),
    "sales": Feed("Guid", _SALES, sales.Sales.ALLOWED, (*sales.FILTERABLE, "Type")),
    "credit_notes": Feed("Guid", _SALES, _CREDIT_NOTES, sales.FILTERABLE),
    "trade_offers": Feed("Guid", "TradeOfferReadModel", trade_offers.FIELDS, trade_offers.FILTERABLE),
    ENTRIES: Feed(
        "EntryGuid", "EntryReadModel", None, ("AccountNumber", "VoucherType", "ContactGuid"), has_status=False
    ),
}


def feed_of(resource: str) -> Feed:
    """Return what is known of a resource.

    :param resource: str, as the client's attribute is called
    :raises DineroInvalidBody: its changes can't be followed
    """
    if resource not in FEEDS:
        meant = nearest(resource, list(FEEDS))
        hint = f" Did you mean {meant}?" if meant else ""
        raise DineroInvalidBody(
            f"{resource!r} has no changes that can be followed.{hint}", f"These have: {', '.join(FEEDS)}."
        )
    return FEEDS[resource]


def columns_of(resource: str) -> dict[str, str]:
    """Return the columns of a feed's rows, in the order of its list.

    :param resource: str, as `api.feeds` names it
    :return: dict of name to kind: text, integer, decimal, boolean, date or instant (UTC)
    :raises DineroInvalidBody: there is no such feed
    """
    feed = feed_of(resource)
    properties = _properties(feed.model)
    return {name: _kind(name, properties[name]) for name in (properties if feed.fields is None else feed.fields)}


@cache
def _properties(model: str) -> dict[str, Any]:
    document = json.loads(Path(__file__).parent.with_name("openapi.json").read_bytes())
    found: dict[str, Any] = document["components"]["schemas"][model]["properties"]
    return found


def _kind(name: str, schema: dict[str, Any]) -> str:
    """Return the kind of a property; its type is one, or a list of one and null."""
    given = schema["type"]
    (kind,) = {*(given if isinstance(given, list) else [given])} - {"null"}
    if kind != "string":
        return KINDS[kind]
    return DATE if name == DAY else FORMATS.get(schema.get("format", ""), TEXT)


def follow(
    client: "DineroClient",
    resource: str,
    since: datetime | str | None,
    *,
    fields: Collection[str] | None = None,
    include_deleted: bool = True,
) -> Changes:
    """Return what changed in a resource at or after an instant.

    One request for up to 1000 rows, and one more for the deleted ones where they are wanted, but for contacts, whose
    list has them; for entries one for every 31 days.

    :param client: DineroClient
    :param resource: str, as the client's attribute is called
    :param since: datetime, an ISO 8601 text, or None for all that is there and not deleted
    :param fields: names of the properties to get; default all that the list has. Entries always have all.
    :param include_deleted: bool; entries are never deleted; default True
    :raises DineroInvalidBody: its changes can't be followed, or `since` is not an instant
    """
    feed_of(resource)
    if resource != ENTRIES:
        changes: Changes = getattr(client, resource).changes(since, fields=fields, include_deleted=include_deleted)
        return changes

    def read(deleted_only: bool, note: Any) -> Any:
        note(None)  # entries tell no time of the server's; the overlap bears with a clock that is five minutes off
        if since is None:
            return client.entries.between("0001-01-01", "9999-12-31")
        return client.entries.changes(since, datetime.now(UTC) + OVERLAP)

    return Changes(since, read, include_deleted=False, deleted_apart=False)
