"""Ledger items (kassekladde): posted one request at a time, then booked asynchronously."""

from __future__ import annotations

import time
from uuid import uuid4

import msgspec
from starlette.responses import Response

from airflow_provider_dinero.sandbox.answers import JsonObject, answer, decode, empty
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.errors import ApiError, invalid
from airflow_provider_dinero.sandbox.file_links import link
from airflow_provider_dinero.sandbox.resources.control import Amount, read_body
from airflow_provider_dinero.sandbox.resources.ledger_checks import MAX_LINES, checked, merged
from airflow_provider_dinero.sandbox.resources.ledger_store import (
    TABLES,
    book_what_is_due,
    check_bookable,
    draft,
    due_at,
    existing,
    find,
    save,
)

ALL = "/v1/{organizationId}/ledgeritems"
V1_1, V1_2 = "/v1.1/{organizationId}/ledgeritems", "/v1.2/{organizationId}/ledgeritems"

resource = Resource(TABLES, due=book_what_is_due)


class ForeignPost(msgspec.Struct, forbid_unknown_fields=True):
    """The organization whose ledger is posted to, and for how long."""

    organization: int = 100001
    seconds: Amount = 1


@resource.operation("POST", V1_2)
def add_items(call: Call) -> Response:
    """Add items. The response is one object, the first item, as documented, unless a switch says otherwise."""
    added = _add(call, call.bodies("LedgerItemModelV2"))
    return answer(added if call.settings.ledger_post_answer == "array" else added[0])


@resource.operation("POST", V1_1)
def add_flat_items(call: Call) -> Response:
    """Legacy: each item is a line; lines with the same voucher number belong together. The response is an array."""
    return answer(_add(call, _flat(call)))


@resource.operation("POST", ALL)
def add_flat_items_silently(call: Call) -> Response:
    """Legacy: the same without ids in the response."""
    _add(call, _flat(call))
    return empty()


@resource.operation("PUT", ALL)
def replace_items(call: Call) -> Response:
    """Replace items; needs Id and Version."""
    items = merged(call, call.bodies("LedgerItemModelV2"))
    saved = []
    for item in items:
        for name in ("Id", "Version"):
            if not item[name]:
                raise invalid(name, f"The {name} field is required.")
        before = draft(call, item["Id"], item["Version"])
        saved.append(save(call, checked(call, item), before))
    _check_size(call)
    return answer(saved)


@resource.operation("POST", ALL + "/ledgers")
def unbooked_items(call: Call) -> Response:
    """List the items that aren't booked yet, of those that were asked for."""
    rows = [find(call, each["Id"]) for each in call.bodies("LedgerItemModel")]
    return answer([
        {
            "Id": row["guid"],
            "Version": row["version"],
            "VoucherNumber": row["voucher_number"],
            "VoucherDate": row["date"],
            "FileGuid": row["file_guid"],
            "Lines": decode(row["lines"]),
        }
        for row in rows
        if row and row["state"] != "Booked"
    ])


@resource.operation("POST", ALL + "/book")
def book_items(call: Call) -> Response:
    """Start booking. Errors are raised now, since nobody waits for the end."""
    for each in call.bodies("LedgerItemModel"):
        row = draft(call, each["Id"], each["Version"])
        check_bookable(call, row)
        call.store.update(
            "ledger_items", (call.organization, row["guid"]), {"state": "PendingBooking", "due_at": due_at(call)}
        )
    book_what_is_due(call)
    return empty()


@resource.operation("POST", ALL + "/status")
def booking_status(call: Call) -> Response:
    """Return the state of each item. A requested voucher number appears once it is assigned."""
    rows = [existing(call, each["Id"]) for each in call.bodies("LedgerItemStatusModel")]
    return answer([
        {
            "Status": row["state"],
            "VoucherNumber": row["voucher_number"] if row["state"] == "Booked" else None,
            "Id": row["guid"],
            "Version": row["version"],
        }
        for row in rows
    ])


@resource.operation("DELETE", ALL + "/delete")
def delete_items(call: Call) -> Response:
    """Delete items from the ledger for good."""
    for each in call.bodies("LedgerItemModel"):
        row = draft(call, each["Id"], each["Version"])
        link(call, None, row["id"], row["guid"], before=row["file_guid"])
        key = [call.organization, row["guid"]]
        call.store.execute("DELETE FROM ledger_lines WHERE organization = ? AND item_guid = ?", key)
        call.store.execute("DELETE FROM ledger_items WHERE organization = ? AND guid = ?", key)
    return empty()


@resource.operation("POST", "/_sandbox/ledger/foreign-post", open=True)
def foreign_post(call: Call) -> Response:
    """Simulate a post by another integration: until it ends, any other post gets code 70."""
    post = read_body(call, ForeignPost)
    _occupy(call, post.organization, post.seconds)
    return answer(msgspec.structs.asdict(post))


def _add(call: Call, items: list[JsonObject]) -> list[JsonObject]:
    row = call.store.one("SELECT busy_until FROM ledgers WHERE organization = ?", [call.organization])
    # Real time, not the sandbox's: this concerns requests that are being handled right now.
    if row and row["busy_until"] > time.time():
        raise ApiError(70)
    if not items:
        raise ApiError(45, "The request is invalid: there are no ledger items.")
    saved = []
    for item in merged(call, items):
        if item["Id"] and find(call, item["Id"]):
            raise ApiError(72, status=409)
        item["Id"] = item["Id"] or str(uuid4())
        saved.append(save(call, checked(call, item), None))
    _check_size(call)
    call.hold = call.settings.ledger_post_seconds
    _occupy(call, call.organization, call.hold)
    return saved


def _occupy(call: Call, organization: int | None, seconds: float) -> None:
    call.store.execute("INSERT OR REPLACE INTO ledgers VALUES (?, ?)", [organization, time.time() + seconds])


def _check_size(call: Call) -> None:
    sql = "SELECT coalesce(sum(line_count), 0) FROM ledger_items WHERE organization = ? AND state = 'Draft'"
    if call.store.execute(sql, [call.organization]).fetchone()[0] > MAX_LINES:
        raise ApiError(66)


def _flat(call: Call) -> list[JsonObject]:
    """Convert items that are lines themselves. Their shape is from the notice of 2021: today's without the array."""
    items, lines = call.bodies("LedgerItemModelV2"), call.bodies("LedgerItemLineModelV2")
    return [{**item, "Lines": [{**line, "Id": None}]} for item, line in zip(items, lines, strict=True)]
