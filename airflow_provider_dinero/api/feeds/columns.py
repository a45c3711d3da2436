"""The columns of the rows of a feed, and what kind of value each one holds."""

import json
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

from airflow_provider_dinero.api.feeds.feeds import ENTRIES, feed_of
from airflow_provider_dinero.api.resources import contacts, credit_notes, products, sales, trade_offers

TEXT, INTEGER, DECIMAL, BOOLEAN, DATE, INSTANT = "text", "integer", "decimal", "boolean", "date", "instant"
KINDS = {"integer": INTEGER, "number": DECIMAL, "boolean": BOOLEAN}
FORMATS = {"date": DATE, "date-time": INSTANT}
# The document types the Date of an entry as a mere text.
DAY = "Date"
_SALES = "SalesVoucherReadListModel"
# By resource: the schema of a row in openapi.json, and what its list can be asked for; of entries, all there is.
_ROWS: dict[str, tuple[str, Collection[str] | None]] = {
    "contacts": ("ContactReadModel", contacts.FIELDS),
    "products": ("ProductReadModel", products.FIELDS),
    "invoices": (_SALES, sales.FIELDS),
    "sales": (_SALES, sales.Sales.ALLOWED),
    "credit_notes": (_SALES, credit_notes.CreditNotes.ALLOWED),
    "trade_offers": ("TradeOfferReadModel", trade_offers.FIELDS),
    ENTRIES: ("EntryReadModel", None),
}


def columns_of(resource: str) -> dict[str, str]:
    """Return the columns of a feed's rows, in the order of its list.

    :param resource: str, as `api.feeds` names it
    :return: dict of name to kind: text, integer, decimal, boolean, date or instant (UTC)
    :raises DineroInvalidBody: there is no such feed
    """
    feed_of(resource)
    model, fields = _ROWS[resource]
    properties = _properties(model)
    return {name: _kind(name, properties[name]) for name in (properties if fields is None else fields)}


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
