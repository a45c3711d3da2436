"""The resources whose changes can be followed: one table that defines each feed, and the columns of its rows."""

import json
from collections.abc import Collection
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_dinero.api.bodies.validation import nearest
from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.api.lists.changes import Changes
from airflow_provider_dinero.api.resources import contacts, credit_notes, products, sales, trade_offers

if TYPE_CHECKING:
    from airflow_provider_dinero.api.client import DineroClient

ENTRIES = "entries"
TEXT, INTEGER, DECIMAL, BOOLEAN, DATE, INSTANT = "text", "integer", "decimal", "boolean", "date", "instant"
KINDS = {"integer": INTEGER, "number": DECIMAL, "boolean": BOOLEAN}
FORMATS = {"date": DATE, "date-time": INSTANT}
# The document types the Date of an entry as plain text.
DAY = "Date"


class Feed(NamedTuple):
    """What is known of the rows of a resource.

    :param key: str, the property that identifies a row
    :param model: str, the schema of a row in openapi.json
    :param fields: names of the properties that can be requested from its list; None for all of the schema
    :param filterable: names of the properties that a consumer can filter by
    :param has_status: bool, whether a consumer can also filter by Status
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
    """Return the feed of a resource.

    :param resource: str, the name of the client's attribute
    :raises DineroInvalidBody: its changes can't be followed
    """
    if resource not in FEEDS:
        meant = nearest(resource, list(FEEDS))
        hint = f" Did you mean {meant}?" if meant else ""
        raise DineroInvalidBody(
            f"You can't follow the changes of {resource!r}.{hint}", f"You can follow {', '.join(FEEDS)}."
        )
    return FEEDS[resource]


def columns_of(resource: str) -> dict[str, str]:
    """Return the columns of a feed's rows, in the order of its list.

    :param resource: str, as in `api.feeds`
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
    """Return the kind of a property; its type may be a list of a type and null."""
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

    This takes one request per 1000 rows, and one more for deleted rows if you want them, except for contacts, whose
    list includes them; for entries one per 31 days.

    :param client: DineroClient
    :param resource: str, the name of the client's attribute
    :param since: datetime, an ISO 8601 text, or None for everything that isn't deleted
    :param fields: names of the properties to get; default all of the list. Entries always have all.
    :param include_deleted: bool; entries are never deleted; default True
    :raises DineroInvalidBody: the changes of the resource can't be followed, or `since` is not an instant
    """
    feed_of(resource)
    if resource == ENTRIES:
        return client.entries.follow(since)
    changes: Changes = getattr(client, resource).changes(since, fields=fields, include_deleted=include_deleted)
    return changes
