"""Manual vouchers: a draft can be replaced or deleted, then booked."""

from __future__ import annotations

import sqlite3
from typing import Any
from uuid import uuid4

from starlette.responses import Response

from airflow_provider_dinero.sandbox.accounts import Account, chart
from airflow_provider_dinero.sandbox.amounts import capped, kroner
from airflow_provider_dinero.sandbox.answers import JsonObject, answer, decode, empty, encode
from airflow_provider_dinero.sandbox.binding import day_of
from airflow_provider_dinero.sandbox.books import MANUAL, post
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.contract import project
from airflow_provider_dinero.sandbox.errors import invalid
from airflow_provider_dinero.sandbox.file_links import known_file
from airflow_provider_dinero.sandbox.manual_lines import ManualLine, understood
from airflow_provider_dinero.sandbox.vat_split import code_as_read
from airflow_provider_dinero.sandbox.voucher_numbers import next_number
from airflow_provider_dinero.sandbox.voucher_store import (
    TABLES,
    booked,
    changeable,
    check_draft,
    common,
    create,
    delete,
    existing,
    touch,
)

ALL = "/v1/{organizationId}/vouchers/manuel"
ONE = ALL + "/{guid}"
KIND = "manual"

resource = Resource(TABLES)


@resource.operation("POST", ALL)
def create_manual_voucher(call: Call) -> Response:
    """Create a draft."""
    guid = str(uuid4())
    create(call, KIND, guid, columns(call, call.body("ManuelVoucherCreateModel")))
    return answer(_model(existing(call, KIND, guid=guid)))


@resource.operation("GET", ONE)
def get_manual_voucher(call: Call) -> Response:
    """Return one voucher."""
    return answer(_model(existing(call, KIND)))


@resource.operation("PUT", ONE)
def replace_manual_voucher(call: Call) -> Response:
    """Replace a draft."""
    body = call.body("ManuelVoucherUpdateModel")
    check_draft(changeable(call, body["Timestamp"], KIND))
    touch(call, call.guid, columns(call, body))
    return answer(_model(existing(call, KIND)))


@resource.operation("DELETE", ONE)
def delete_manual_voucher(call: Call) -> Response:
    """Delete a draft, or offset a booked one."""
    delete(call, changeable(call, call.body("RequiredTimestampObject")["Timestamp"], KIND))
    return empty()


@resource.operation("POST", ONE + "/book")
def book_manual_voucher(call: Call) -> Response:
    """Book a draft that balances."""
    body = call.body("BookModel")
    row = changeable(call, body["Timestamp"], KIND)
    check_draft(row)
    lines, known = decode(row["data"])["Lines"], chart(call)
    if not lines:
        raise invalid("Lines", "A voucher must have a line to be booked.")
    for at, line in enumerate(lines):
        if line["AccountNumber"] is None and line["BalancingAccountNumber"] is None:
            raise invalid(f"Lines[{at}].AccountNumber", "A line must have an account to be booked.")
    postings = [
        posting
        for at, line in enumerate(lines)
        for posting in _meant(call, known, line, at).postings(line["Description"], None, row["file_guid"])
    ]
    number = next_number(call, call.guid, row["date"], body["Number"])
    post(call, date=row["date"], voucher_guid=call.guid, voucher_type=MANUAL, number=number, lines=postings)
    touch(call, call.guid, booked(call, number))
    return answer(_model(existing(call, KIND)))


def columns(call: Call, body: JsonObject) -> dict[str, Any]:
    """Return the columns of a manual voucher. A missing date is undocumented: today."""
    known, lines = chart(call), []
    for at, line in enumerate(body["Lines"]):
        meant = _meant(call, known, line, at)
        codes = {
            name: code_as_read(kind, line[name])
            for name, (_, kind) in zip(("AccountVatCode", "BalancingAccountVatCode"), meant.sides, strict=True)
        }
        amounts = {"Gross": meant.gross, "Vat": meant.vat}
        lines.append({**line, **codes, **amounts})
    total = capped(line["Gross"] for line in lines)
    content = {
        "Lines": lines,
        "Vat": sum(line["Vat"] for line in lines),
        "ExternalReference": body["ExternalReference"],
    }
    return {
        "date": day_of(body["VoucherDate"], "VoucherDate") or call.store.today(),
        "file_guid": known_file(call, body["FileGuid"]),
        "currency": "DKK",
        "total_ore": total,
        "total_dkk_ore": total,
        "data": encode(content).decode(),
    }


def _meant(call: Call, known: dict[int, Account], line: JsonObject, at: int) -> ManualLine:
    net_sales = call.settings.manual_sales_amounts == "net"
    return understood(known, line, f"Lines[{at}]", net_sales=net_sales)


def _model(row: sqlite3.Row) -> JsonObject:
    content = decode(row["data"])
    lines = [
        {
            **line,
            "AmountInclVatValue": kroner(line["Gross"]),
            "AmountExclVatValue": kroner(line["Gross"] - line["Vat"]),
            "VatAmountValue": kroner(line["Vat"]),
            "CurrencyKey": "DKK",
        }
        for line in content["Lines"]
    ]
    known = {
        **common(row),
        "Status": row["state"],
        "TotalInclVat": kroner(row["total_ore"]),
        "TotalExclVat": kroner(row["total_ore"] - content["Vat"]),
        "Lines": [project("ManuelVoucherLineReadModel", line) for line in lines],
        "ExternalReference": content["ExternalReference"],
    }
    return project("ManuelVoucherReadModel", known)
