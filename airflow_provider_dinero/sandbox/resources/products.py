"""Products: no version (last write wins), soft deletion."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from decimal import Decimal
from uuid import uuid4

from starlette.responses import Response

from airflow_provider_dinero.sandbox.accounts import Account, chart, unknown
from airflow_provider_dinero.sandbox.amounts import rounded
from airflow_provider_dinero.sandbox.answers import JsonObject, answer, decode, empty, encode
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.contract import project
from airflow_provider_dinero.sandbox.errors import ApiError, invalid
from airflow_provider_dinero.sandbox.lists import paged, select

ALL = "/v1/{organizationId}/products"
ONE = ALL + "/{guid}"
SEARCHED = "fold(coalesce(name, '') || char(10) || coalesce(product_number, ''))"

resource = Resource(
    """
    CREATE TABLE IF NOT EXISTS products (
        organization INTEGER, guid TEXT, name TEXT, product_number TEXT, external_reference TEXT,
        created_at TEXT, updated_at TEXT, deleted_at TEXT, data TEXT, PRIMARY KEY (organization, guid)
    );
    CREATE INDEX IF NOT EXISTS products_by_change ON products (organization, updated_at);
    """
)


@resource.operation("GET", ALL)
def products(call: Call) -> Response:
    """List products that aren't deleted, or the deleted ones with deletedOnly; newest first, like contacts."""
    selection = select(call, "products", ALL)
    if text := call.text("freeTextSearch"):
        selection.filter(f"instr({SEARCHED}, ?) > 0", text.casefold())
    return paged(selection, ALL, "updated_at DESC, rowid DESC", _models(call))


@resource.operation("POST", ALL)
def create_product(call: Call) -> Response:
    """Create a product; the server chooses its guid."""
    values, now, guid = _checked(call, call.body("ProductCreateModel")), call.store.now(), str(uuid4())
    key = {"organization": call.organization, "guid": guid, "created_at": now, "updated_at": now}
    call.store.insert("products", {**key, **values})
    return answer({"ProductGuid": guid})


@resource.operation("GET", ONE)
def get_product(call: Call) -> Response:
    """Return one product, even a deleted one."""
    return answer(_models(call)(_existing(call)))


@resource.operation("PUT", ONE)
def replace_product(call: Call) -> Response:
    """Replace a product; properties that the body leaves out are removed."""
    _live(call)
    values = _checked(call, call.body("ProductUpdateModel"))
    call.store.update("products", call.key, {**values, "updated_at": call.store.now()})
    return empty()


@resource.operation("DELETE", ONE)
def delete_product(call: Call) -> Response:
    """Delete softly."""
    _live(call)
    now = call.store.now()
    call.store.update("products", call.key, {"deleted_at": now, "updated_at": now})
    return empty()


def described(call: Call, lines: list[JsonObject]) -> list[JsonObject]:
    """Return the lines of a document, with the description, unit and account of their product where they have none.

    Only the description is documented.

    :raises ApiError: code 42 for an unknown product
    """
    return [_described(call, line, f"ProductLines[{at}]") for at, line in enumerate(lines)]


def _described(call: Call, line: JsonObject, path: str) -> JsonObject:
    if not line["ProductGuid"]:
        return line
    row = _find(call, line["ProductGuid"])
    if row is None or row["deleted_at"]:
        raise invalid(f"{path}.ProductGuid", f"Unknown product {line['ProductGuid']}.")
    product = decode(row["data"])
    named = " - ".join(part for part in (product["ProductNumber"], product["Name"]) if part)
    return {
        **line,
        "Description": line["Description"] or named,
        "Comments": line["Comments"] or product["Comment"],
        "Unit": line["Unit"] or product["Unit"],
        "AccountNumber": line["AccountNumber"] or product["AccountNumber"],
    }


def _find(call: Call, guid: str) -> sqlite3.Row | None:
    return call.store.one("SELECT * FROM products WHERE organization = ? AND guid = ?", [call.organization, guid])


def _existing(call: Call) -> sqlite3.Row:
    row = _find(call, call.guid)
    if row is None:
        raise ApiError(40, status=404)
    return row


def _live(call: Call) -> None:
    if _existing(call)["deleted_at"]:
        raise ApiError(65)


def _checked(call: Call, body: JsonObject) -> JsonObject:
    if body["AccountNumber"] not in chart(call):
        raise unknown("AccountNumber", body["AccountNumber"])
    return {
        "name": body["Name"],
        "product_number": body["ProductNumber"],
        "external_reference": body["ExternalReference"],
        "data": encode(body).decode(),
    }


def _models(call: Call) -> Callable[[sqlite3.Row], JsonObject]:
    accounts = chart(call)
    return lambda row: _model(accounts, row)


def _model(accounts: dict[int, Account], row: sqlite3.Row) -> JsonObject:
    data = decode(row["data"])
    base, quantity = Decimal(data["BaseAmountValue"]), Decimal(data["Quantity"])
    factor = 1 + accounts[data["AccountNumber"]].vat_rate
    return project(
        "ProductReadModel",
        {
            **data,
            "ProductGuid": row["guid"],
            "BaseAmountValueInclVat": rounded(base * factor),
            "TotalAmount": rounded(base * quantity),
            "TotalAmountInclVat": rounded(base * quantity * factor),
            "CreatedAt": row["created_at"],
            "UpdatedAt": row["updated_at"],
            "DeletedAt": row["deleted_at"],
        },
    )
