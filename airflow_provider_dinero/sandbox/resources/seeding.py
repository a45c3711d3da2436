"""``POST /_sandbox/seed``: many contacts, booked invoices and entries, quickly.

The first ones go through the operations themselves, so they are as real as if a client had sent them. Most are copies
of these, with their own guids, numbers and versions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any
from uuid import uuid4

import msgspec
from starlette.responses import Response

from airflow_provider_dinero.sandbox.answers import JsonObject, answer, decode, encode
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.errors import invalid
from airflow_provider_dinero.sandbox.resources import contacts, invoices, manual_vouchers
from airflow_provider_dinero.sandbox.resources.control import read_body
from airflow_provider_dinero.sandbox.seed_data import ORGANIZATIONS

# One day for each: what is older than the eight days of the default terms is overdue.
DAYS = 40
DRAFT_EVERY = 10
PRODUCTS = ("Cykelklokke", "Kædeskift", "Eftersyn", "Lappegrej", "Cykelhjelm", "Håndtag", "Baglygte")

Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]

resource = Resource()


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """How many of each to add. ``entries`` are written by manual vouchers, two by each."""

    organization: int = next(iter(ORGANIZATIONS))
    contacts: Count = 0
    invoices: Count = 0
    entries: Count = 0


@resource.operation("POST", "/_sandbox/seed", open=True)
def seed(call: Call) -> Response:
    """Add contacts, invoices (those of one day in ten are drafts) and entries of the last 40 days."""
    wanted = read_body(call, Wanted)
    if wanted.organization not in ORGANIZATIONS:
        raise invalid("organization", f"The sandbox has no organization {wanted.organization}.")
    call = replace(call, organization=wanted.organization)
    for number in range(wanted.contacts):
        _contact(call, number + 1)
    if wanted.invoices:
        _invoices(call, wanted.invoices)
    _vouchers(call, -(-wanted.entries // 2))
    return answer(msgspec.to_builtins(wanted))


def _contact(call: Call, number: int) -> None:
    body = {"Name": f"Kunde {number:06}", "CountryKey": "DK", "Email": f"kunde{number:06}@example.dk"}
    _do(call, contacts.create_contact, {**body, "ExternalReference": f"seed-{number}"})


def _invoices(call: Call, count: int) -> None:
    sql = "SELECT guid FROM contacts WHERE organization = ? AND deleted_at IS NULL LIMIT ?"
    buyers = [row["guid"] for row in call.store.execute(sql, [call.organization, DAYS])]
    if not buyers:
        _contact(call, 1)
        return _invoices(call, count)
    for day, (date, share) in enumerate(_shares(call, count)):
        line = {
            "Description": PRODUCTS[day % len(PRODUCTS)],
            "BaseAmountValue": 80 + 15 * day,
            "Quantity": 1 + day % 3,
            "AccountNumber": 1000,
            "Unit": "parts",
        }
        body = {"ContactGuid": buyers[day % len(buyers)], "Date": date, "ProductLines": [line]}
        made = _do(call, invoices.create_invoice, body)
        if day % DRAFT_EVERY != DRAFT_EVERY - 1:
            _do(call, invoices.book_invoice, {"Timestamp": made["TimeStamp"]}, made["Guid"])
        _copy(call, made["Guid"], share - 1, ("invoices", "entries"))
    return None


def _vouchers(call: Call, count: int) -> None:
    for day, (date, share) in enumerate(_shares(call, count)):
        line = {
            "Description": "Bankgebyr",
            "Amount": 5 + day,
            "AccountNumber": 6300,
            "BalancingAccountNumber": 55000,
            "AccountVatCode": "none",
            "BalancingAccountVatCode": "none",
        }
        made = _do(call, manual_vouchers.create_manual_voucher, {"VoucherDate": date, "Lines": [line]})
        _do(call, manual_vouchers.book_manual_voucher, {"Timestamp": made["Timestamp"]}, made["Guid"])
        _copy(call, made["Guid"], share - 1, ("vouchers", "entries", "voucher_numbers"))


def _shares(call: Call, count: int) -> list[tuple[str, int]]:
    """Return the days, oldest first, and how many documents each has."""
    today, days = call.store.clock().date(), min(count, DAYS)
    return [
        ((today - timedelta(days=days - 1 - day)).isoformat(), count * (day + 1) // days - count * day // days)
        for day in range(days)
    ]


def _do(call: Call, operation: Callable[[Call], Response], body: JsonObject, guid: str = "") -> Any:
    """Let an operation handle a body, as if a client had sent it."""
    return decode(bytes(operation(replace(call, raw=encode(body), route={"guid": guid})).body))


def _copy(call: Call, original: str, count: int, tables: tuple[str, ...]) -> None:
    """Copy a document and its dependent rows."""
    guids = [str(uuid4()) for _ in range(count)]
    for table in tables:
        column = "guid" if table == tables[0] else "voucher_guid"
        sql = f"SELECT * FROM {table} WHERE organization = ? AND {column} = ?"
        for row in call.store.execute(sql, [call.organization, original]).fetchall():
            call.store.insert_all(table, [_changed(call, row, column, guid, at) for at, guid in enumerate(guids, 1)])


def _changed(call: Call, row: Any, column: str, guid: str, at: int) -> dict[str, Any]:
    values = {**dict(row), column: guid}
    if values["number"] and values.get("booked", True):
        values["number"] += at
    if "time_stamp" in values:
        values["time_stamp"] = call.store.next_version()
    if "id" in values:
        values["id"] = None
    if "guid" in values and column != "guid":
        values["guid"] = str(uuid4())
    return values
