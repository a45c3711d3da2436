"""Contacts: no version (last write wins), soft deletion, restore."""

from __future__ import annotations

import sqlite3
from uuid import uuid4

from starlette.responses import Response

from airflow_provider_dinero.sandbox.accounts import CREDITORS, DEBTORS
from airflow_provider_dinero.sandbox.answers import JsonObject, answer, decode, empty, encode
from airflow_provider_dinero.sandbox.books import has_entries
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.contract import project
from airflow_provider_dinero.sandbox.countries import COUNTRIES, vat_region
from airflow_provider_dinero.sandbox.errors import ApiError
from airflow_provider_dinero.sandbox.lists import paged, select
from airflow_provider_dinero.sandbox.terms import SETTINGS_DAYS, SETTINGS_TYPE
from airflow_provider_dinero.sandbox.vat_numbers import vat_number_problem

LIST_V1, LIST_V2 = "/v1/{organizationId}/contacts", "/v2/{organizationId}/contacts"
ONE_V1, ONE_V2 = LIST_V1 + "/{guid}", LIST_V2 + "/{guid}"
COMPANY_ONLY = ("AttPerson", "VatNumber", "EanNumber", "SENumber", "PNumber")
MAIL_OUT_NUMBERS = {"VAT": "VatNumber", "GLN": "EanNumber", "SE": "SENumber", "P": "PNumber"}

resource = Resource(
    """
    CREATE TABLE IF NOT EXISTS contacts (
        organization INTEGER, guid TEXT, name TEXT, email TEXT, phone TEXT, vat_number TEXT, ean_number TEXT,
        is_person INTEGER, external_reference TEXT, created_at TEXT, updated_at TEXT, deleted_at TEXT, data TEXT,
        PRIMARY KEY (organization, guid)
    );
    CREATE INDEX IF NOT EXISTS contacts_by_change ON contacts (organization, updated_at);
    """
)


@resource.operation("GET", LIST_V1)
def live_contacts(call: Call) -> Response:
    """List contacts that aren't deleted, or the deleted ones with deletedOnly."""
    return _list(call, LIST_V1, with_deleted=False)


@resource.operation("GET", LIST_V2)
def all_contacts(call: Call) -> Response:
    """List contacts, deleted ones included; ``deletedOnly=false`` doesn't change that (measured)."""
    return _list(call, LIST_V2, with_deleted=True)


def _list(call: Call, path: str, with_deleted: bool) -> Response:
    # By UpdatedAt, newest first like the sales lists; the direction is undocumented.
    selection = select(call, "contacts", path, with_deleted=with_deleted)
    asked = {name.strip().lower() for name in call.text("fields").split(",")}
    with_roles = bool(asked & {"isdebitor", "iscreditor"})
    models = (lambda row: {**model(row), **_roles(call, row["guid"])}) if with_roles else model
    return paged(selection, path, "updated_at DESC, rowid DESC", models)


@resource.operation("POST", LIST_V1)
def create_contact(call: Call) -> Response:
    """Create a contact, with the caller's ContactGuid if given."""
    body = call.body("ContactCreateModel")
    guid = body.pop("ContactGuid") or str(uuid4())
    values = _checked(call, body)
    if find(call, guid):
        reason = f"A contact with ContactGuid {guid} already exists."
        raise ApiError(42, problems={"guidMustBeUnique": reason})
    now = call.store.now()
    key = {"organization": call.organization, "guid": guid, "created_at": now, "updated_at": now}
    call.store.insert("contacts", {**key, **values})
    return answer({"ContactGuid": guid})


@resource.operation("GET", ONE_V1)
def get_contact(call: Call) -> Response:
    """Return one contact, even a deleted one."""
    return answer({**model(_existing(call)), **_roles(call, call.guid)})


@resource.operation("PUT", ONE_V1)
@resource.operation("PUT", ONE_V2)
def replace_contact(call: Call) -> Response:
    """Replace a contact; properties that the body leaves out are removed."""
    row, values = _existing(call), _checked(call, call.body("ContactUpdateModel"))
    if row["deleted_at"]:
        raise ApiError(65)
    call.store.update("contacts", call.key, {**values, "updated_at": call.store.now()})
    return empty()


@resource.operation("DELETE", ONE_V1)
def delete_contact(call: Call) -> Response:
    """Delete softly. A second deletion is undocumented: refused, like any change of a deleted item."""
    if _existing(call)["deleted_at"]:
        raise ApiError(65)
    now = call.store.now()
    call.store.update("contacts", call.key, {"deleted_at": now, "updated_at": now})
    return empty()


@resource.operation("POST", ONE_V1 + "/restore")
def restore_contact(call: Call) -> Response:
    """Undo a deletion. For a contact that isn't deleted this is undocumented: nothing happens."""
    if _existing(call)["deleted_at"]:
        call.store.update("contacts", call.key, {"deleted_at": None, "updated_at": call.store.now()})
    return empty()


def find(call: Call, guid: str) -> sqlite3.Row | None:
    """Return the contact with this guid in the organization of the call."""
    return call.store.one("SELECT * FROM contacts WHERE organization = ? AND guid = ?", [call.organization, guid])


def model(row: sqlite3.Row) -> JsonObject:
    """Return a contact in the form in which it is read."""
    values = {
        **decode(row["data"]),
        "ContactGuid": row["guid"],
        "CreatedAt": row["created_at"],
        "UpdatedAt": row["updated_at"],
        "DeletedAt": row["deleted_at"],
        # Undocumented when these become true: with the first entry on the account, see :func:`_roles`.
        "IsDebitor": False,
        "IsCreditor": False,
    }
    return project("ContactReadModel", {**values, "VatRegionKey": vat_region(values["CountryKey"])})


def _roles(call: Call, guid: str) -> JsonObject:
    return {"IsDebitor": has_entries(call, guid, DEBTORS), "IsCreditor": has_entries(call, guid, CREDITORS)}


def _existing(call: Call) -> sqlite3.Row:
    row = find(call, call.guid)
    if row is None:
        raise ApiError(40, status=404)
    return row


def _checked(call: Call, body: JsonObject) -> JsonObject:
    """Check the rules that span several properties, and return the columns of a contact."""
    problems = {}
    if body["CountryKey"] not in COUNTRIES:
        problems["CountryKey"] = f"Unknown country {body['CountryKey']}."
    elif body["VatNumber"] and (reason := vat_number_problem(call, body["CountryKey"], body["VatNumber"])):
        problems["VatNumber"] = reason
    if body["IsPerson"]:
        problems |= {name: f"{name} must be null for a person." for name in COMPANY_ONLY if body[name]}
    number = MAIL_OUT_NUMBERS.get(body["InvoiceMailOutOptionKey"] or "")
    if number and not body[number]:
        problems["InvoiceMailOutOptionKey"] = f"{number} must be set."
    if body["PaymentConditionType"] == "NettoCash":
        if body["PaymentConditionNumberOfDays"] is not None:
            problems["PaymentConditionNumberOfDays"] = "Must be null with NettoCash."
    else:
        # "Left empty" uses the voucher settings. Undocumented when: here, when the contact is saved.
        body["PaymentConditionType"] = body["PaymentConditionType"] or SETTINGS_TYPE
        if body["PaymentConditionNumberOfDays"] is None:
            body["PaymentConditionNumberOfDays"] = SETTINGS_DAYS
        if body["PaymentConditionNumberOfDays"] < 0:
            problems["PaymentConditionNumberOfDays"] = "Must not be negative."
    if problems:
        raise ApiError(42, problems=problems)
    return {
        "name": body["Name"],
        "email": body["Email"],
        "phone": body["Phone"],
        "vat_number": body["VatNumber"],
        "ean_number": body["EanNumber"],
        "is_person": body["IsPerson"],
        "external_reference": body["ExternalReference"],
        "data": encode(body).decode(),
    }
