"""The resources whose changes can be followed, each in the same way."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_dinero.api.bodies.validation import nearest
from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.api.lists.changes import OVERLAP, Changes
from airflow_provider_dinero.api.resources import contacts, products, sales, trade_offers

if TYPE_CHECKING:
    from airflow_provider_dinero.api.client import DineroClient

ENTRIES = "entries"


class Feed(NamedTuple):
    """What can be said of the rows of a resource.

    :param key: str, the property that identifies a row
    :param filterable: names of the properties that a consumer can filter by
    :param has_status: bool, whether it can also by Status
    """

    key: str
    filterable: Collection[str]
    has_status: bool = True


FEEDS = {
    "contacts": Feed("ContactGuid", contacts.FILTERABLE, has_status=False),
    "products": Feed("ProductGuid", products.FILTERABLE, has_status=False),
    "invoices": Feed("Guid", sales.FILTERABLE),
    "sales": Feed("Guid", (*sales.FILTERABLE, "Type")),
    "credit_notes": Feed("Guid", sales.FILTERABLE),
    "trade_offers": Feed("Guid", trade_offers.FILTERABLE),
    ENTRIES: Feed("EntryGuid", ("AccountNumber", "VoucherType", "ContactGuid"), has_status=False),
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
    :raises DineroInvalidBody: its changes can't be followed, or `since` is no instant
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
