"""Trade offers: never booked; a draft can be replaced, and an offer can become an invoice."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from typing import Any
from uuid import uuid4

from starlette.responses import Response

from airflow_provider_dinero.sandbox.answers import JsonObject, answer, decode, empty, encode
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.contract import project, schema
from airflow_provider_dinero.sandbox.errors import ApiError
from airflow_provider_dinero.sandbox.resources import invoices, sales_model
from airflow_provider_dinero.sandbox.seed_data import ORGANIZATIONS

KIND = "TradeOffer"
ALL = "/v1/{organizationId}/tradeoffers"
ONE = ALL + "/{guid}"
# What an invoice takes over from its offer; lines have more names when read than when written.
INHERITED = ("ContactGuid", "ShowLinesInclVat", "InvoiceTemplateId", "Currency", "Language", "Comment", "Address")

resource = Resource(
    """
    CREATE TABLE IF NOT EXISTS trade_offers (
        organization INTEGER, guid TEXT, type TEXT DEFAULT 'TradeOffer', number INTEGER, status TEXT DEFAULT 'Draft',
        date TEXT, contact_guid TEXT, contact_name TEXT, address TEXT, comment TEXT, description TEXT,
        external_reference TEXT, currency TEXT, total_text TEXT, has_generated_any_vouchers INTEGER DEFAULT 0,
        generated TEXT DEFAULT '[]', history TEXT DEFAULT '[]',
        mailout_status TEXT DEFAULT 'NotSent', mailout_type TEXT DEFAULT 'None',
        time_stamp TEXT, created_at TEXT, updated_at TEXT, deleted_at TEXT, data TEXT,
        PRIMARY KEY (organization, guid)
    );
    CREATE UNIQUE INDEX IF NOT EXISTS trade_offer_numbers ON trade_offers (organization, number);
    CREATE INDEX IF NOT EXISTS trade_offers_by_change ON trade_offers (organization, updated_at);
    """
)


@resource.operation("POST", ALL)
def create_trade_offer(call: Call) -> Response:
    """Create a draft, with the caller's Guid if given. Its number is undocumented: the next one, at once."""
    body = call.body("TradeOfferCreateModel")
    guid = body["Guid"] or str(uuid4())
    if _find(call, guid):
        raise ApiError(72, status=409)
    content = sales_model.document(call, body, KIND)
    sql = "SELECT coalesce(max(number), 0) + 1 AS next FROM trade_offers WHERE organization = ?"
    number = call.store.execute(sql, [call.organization]).fetchone()["next"]
    now, version = call.store.now(), call.store.next_version()
    key = {"organization": call.organization, "guid": guid, "number": number, "created_at": now, "updated_at": now}
    call.store.insert("trade_offers", {**key, "time_stamp": version, **_columns(content)})
    return answer({"Guid": guid, "TimeStamp": version})


@resource.operation("POST", ALL + "/fetch")
def calculate_trade_offer(call: Call) -> Response:
    """Calculate an offer without saving it."""
    content = sales_model.document(call, call.body("TradeOfferCreateFetchModel"), KIND)
    return answer(project("TradeOfferFetchReadModel", content))


@resource.operation("GET", ONE)
def get_trade_offer(call: Call) -> Response:
    """Return one offer, even a deleted one; as a PDF if the client asks for it, whatever its status."""
    offer = project("TradeOfferReadModel", values(existing(call)))
    if "application/octet-stream" not in call.headers.get("accept", ""):
        return answer(offer)
    from airflow_provider_dinero.sandbox.pdf import sales_pdf

    organization = ORGANIZATIONS[call.organization or 0]
    return Response(sales_pdf(organization, offer, KIND), media_type="application/octet-stream")


@resource.operation("PUT", "/v1.2/{organizationId}/tradeoffers/{guid}")
def replace_trade_offer(call: Call) -> Response:
    """Replace a draft; properties that the body leaves out are removed."""
    row, body = existing(call), call.body("TradeOfferUpdateModel")
    check_change(row, body["Timestamp"])
    if row["status"] != "Draft":
        raise ApiError(85)
    version = touch(call, row, _columns(sales_model.document(call, body, KIND)))
    return answer({"Guid": call.guid, "TimeStamp": version})


@resource.operation("DELETE", ONE)
def delete_trade_offer(call: Call) -> Response:
    """Delete softly, whatever the status; the documents only say that an accepted one should not be deleted."""
    row, body = existing(call), call.body("TimestampObject", optional=True)
    check_change(row, body["Timestamp"])
    touch(call, row, {"deleted_at": call.store.now()})
    return empty()


@resource.operation("POST", ONE + "/generate-invoice")
def generate_invoice(call: Call) -> Response:
    """Create a draft invoice from an offer. A second call is undocumented: it creates another invoice."""
    row, body = existing(call), call.body("TimestampObject", optional=True)
    check_change(row, body["Timestamp"])
    offer = decode(row["data"])
    written = dict.fromkeys(schema("InvoiceCreateModel")["properties"]) | {name: offer[name] for name in INHERITED}
    created = invoices.create(call, {**written, "ProductLines": _written_lines(offer)})
    generated = [*decode(row["generated"]), created["Guid"]]
    changes = {"status": "Invoiced", "has_generated_any_vouchers": 1, "generated": encode(generated).decode()}
    touch(call, row, changes)
    return answer(created)


def existing(call: Call) -> sqlite3.Row:
    """Return the offer in the path. The status for a missing one is undocumented: 404, as for products."""
    row = _find(call, call.guid)
    if row is None:
        raise ApiError(40, status=404)
    return row


def check_change(row: sqlite3.Row, timestamp: str | None) -> None:
    """Check that an offer can be changed, from the version that the caller knows."""
    if row["deleted_at"]:
        text = "You cannot make changes, the trade offer is deleted."
        raise ApiError(65, text, problems={"message": text})
    if timestamp and timestamp != row["time_stamp"]:
        raise ApiError(58)


def touch(call: Call, row: sqlite3.Row, changes: dict[str, Any], *, new_version: bool = True) -> str:
    """Change an offer.

    :param new_version: whether the Timestamp changes too
    :return: the Timestamp
    """
    now = call.store.now()
    version = call.store.next_version() if new_version else str(row["time_stamp"])
    status = changes.get("status", row["status"])
    if status != row["status"]:
        data = decode(row["data"])
        known = {"Status": status, "UpdatedAt": now, "TotalInclVat": data["TotalInclVat"], "Currency": data["Currency"]}
        history = [*decode(row["history"]), project("TradeOfferHistoryReadModel", known)]
        changes = {**changes, "history": encode(history).decode()}
    call.store.update("trade_offers", call.key, {**changes, "time_stamp": version, "updated_at": now})
    return version


def values(row: sqlite3.Row) -> JsonObject:
    """Return all properties of an offer, for single and list models to choose from."""
    return {
        **decode(row["data"]),
        "Guid": row["guid"],
        "Number": row["number"],
        "Status": row["status"],
        "HasGeneratedAnyVouchers": bool(row["has_generated_any_vouchers"]),
        "GeneratedVouchers": decode(row["generated"]),
        "History": decode(row["history"]),
        "MailOutStatus": row["mailout_status"],
        "LatestMailOutType": row["mailout_type"],
        "TimeStamp": row["time_stamp"],
        "CreatedAt": row["created_at"],
        "UpdatedAt": row["updated_at"],
        "DeletedAt": row["deleted_at"],
    }


def _written_lines(offer: JsonObject) -> list[JsonObject]:
    unit = "BaseAmountValueInclVat" if offer["ShowLinesInclVat"] else "BaseAmountValue"
    # A stored whole number is no longer a Decimal.
    amounts = {"BaseAmountValue": unit, "Quantity": "Quantity", "Discount": "Discount"}
    return [{**line, **{name: Decimal(line[read]) for name, read in amounts.items()}} for line in offer["ProductLines"]]


def _find(call: Call, guid: str) -> sqlite3.Row | None:
    return call.store.one("SELECT * FROM trade_offers WHERE organization = ? AND guid = ?", [call.organization, guid])


def _columns(content: JsonObject) -> JsonObject:
    return {
        "date": content["Date"],
        "contact_guid": content["ContactGuid"],
        "contact_name": content["ContactName"],
        "address": content["Address"],
        "comment": content["Comment"],
        "description": content["Description"],
        "external_reference": content["ExternalReference"],
        "currency": content["Currency"],
        "total_text": f"{content['TotalInclVat']:.2f}",
        "data": encode(content).decode(),
    }
