"""Sales credit notes: like invoices, but without terms. Booking one that is linked to an invoice settles it."""

from __future__ import annotations

import sqlite3
from uuid import uuid4

from starlette.responses import Response

from airflow_provider_dinero.sandbox.answers import JsonObject, answer, decode, empty
from airflow_provider_dinero.sandbox.books import SALES, post
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.contract import project
from airflow_provider_dinero.sandbox.errors import ApiError, invalid
from airflow_provider_dinero.sandbox.resources import invoices, payments, sales_model
from airflow_provider_dinero.sandbox.resources.sales_vouchers import (
    check_booked,
    check_change,
    check_draft,
    existing,
    find,
    next_number,
    touch,
)
from airflow_provider_dinero.sandbox.sales_entries import sales_postings
from airflow_provider_dinero.sandbox.seed_data import ORGANIZATIONS

KIND = "CreditNote"
ALL = "/v1/{organizationId}/sales/creditnotes"
ONE = ALL + "/{guid}"

resource = Resource()


@resource.operation("POST", ALL)
def create_credit_note(call: Call) -> Response:
    """Create a draft, with the caller's Guid if given."""
    body = call.body("SalesCreditNoteCreateModel")
    return answer(_create(call, body["Guid"] or str(uuid4()), _document(call, body)))


@resource.operation("POST", ALL + "/fetch")
def calculate_credit_note(call: Call) -> Response:
    """Calculate a credit note without saving it."""
    content = _document(call, call.body("SalesCreditNoteCreateFetchModel"))
    return answer(project("SalesCreditNoteFetchReadModel", content))


@resource.operation("POST", invoices.ONE + "/generate-creditnote")
def generate_credit_note(call: Call) -> Response:
    """Create a draft credit note for a whole booked invoice, dated today (undocumented)."""
    row, body = existing(call), call.body("TimestampObject", optional=True)
    check_change(row, body["Timestamp"])
    check_booked(row)
    content = {
        **decode(row["data"]),
        "CreditNoteFor": row["guid"],
        "Date": call.store.today(),
        "PaymentDate": None,
        "Description": sales_model.DOCUMENT_NAMES[KIND][decode(row["data"])["Language"]],
        "ExternalReference": None,
    }
    return answer(_create(call, str(uuid4()), content))


@resource.operation("GET", ONE)
def get_credit_note(call: Call) -> Response:
    """Return one credit note, even a deleted one; as a PDF if it is booked and the client asks for it."""
    existing(call, KIND)
    if "application/octet-stream" in call.headers.get("accept", ""):
        return credit_note_pdf(call)
    return answer(_read(call, call.guid))


@resource.operation("GET", ONE + "/pdf")
def credit_note_pdf(call: Call) -> Response:
    """Return a booked credit note as a PDF."""
    check_booked(existing(call, KIND))
    from airflow_provider_dinero.sandbox.pdf import sales_pdf

    organization = ORGANIZATIONS[call.organization or 0]
    return Response(sales_pdf(organization, _read(call, call.guid), KIND), media_type="application/octet-stream")


@resource.operation("PUT", "/v1.2/{organizationId}/sales/creditnotes/{guid}")
def replace_credit_note(call: Call) -> Response:
    """Replace a draft; properties that the body leaves out are removed."""
    row, body = existing(call, KIND), call.body("SalesCreditNoteUpdateModel")
    check_change(row, body["Timestamp"])
    check_draft(row)
    return answer({"Guid": call.guid, "TimeStamp": touch(call, row, _columns(_document(call, body)))})


@resource.operation("DELETE", ONE)
def delete_credit_note(call: Call) -> Response:
    """Delete a draft, softly."""
    row, body = existing(call, KIND), call.body("TimestampObject", optional=True)
    check_change(row, body["Timestamp"])
    check_draft(row)
    touch(call, row, {"deleted_at": call.store.now()})
    return empty()


@resource.operation("POST", ONE + "/book")
def book_credit_note(call: Call) -> Response:
    """Book a draft, and settle the credited invoice by its amount. The response is an invoice model, as documented."""
    row, body = existing(call, KIND), call.body("BookModel")
    check_change(row, body["Timestamp"])
    check_draft(row)
    contact = sales_model.live_contact(call, row["contact_guid"])
    if contact is None:
        raise invalid("ContactGuid", "A credit note must have a contact to be booked.")
    content = {**decode(row["data"]), "ContactName": contact["Name"]}
    invoice = _invoice(call, content)
    number = next_number(call, body["Number"])
    lines = sales_postings(call, content, sign=-1)
    post(call, date=content["Date"], voucher_guid=call.guid, voucher_type=SALES, number=number, lines=lines)
    touch(call, row, {**_columns(content), "booked": 1, "number": number}, "book")
    if invoice:
        payments.offset(call, invoice, existing(call, KIND))
    known = {**_values(call, call.guid), "PaymentConditionNumberOfDays": 0, "IsSentToDebtCollection": False}
    known |= {"IsMobilePayInvoiceEnabled": False, "IsPensoPayEnabled": False, "PaymentConditionType": None}
    return answer(project("InvoiceReadModel", known))


def _create(call: Call, guid: str, content: JsonObject) -> JsonObject:
    # The Guid of a deleted document can't be used again.
    if find(call, guid):
        raise ApiError(72, status=409)
    now, version = call.store.now(), call.store.next_version()
    key = {"organization": call.organization, "guid": guid, "type": KIND, "created_at": now, "updated_at": now}
    call.store.insert("invoices", {**key, "time_stamp": version, **_columns(content)})
    return {"Guid": guid, "TimeStamp": version}


def _document(call: Call, body: JsonObject) -> JsonObject:
    content = sales_model.document(call, body, KIND)
    _invoice(call, content)
    return content


def _invoice(call: Call, content: JsonObject) -> sqlite3.Row | None:
    """Return the credited invoice. One in another currency is undocumented: refused."""
    if content["CreditNoteFor"] is None:
        return None
    row = existing(call, guid=content["CreditNoteFor"])
    check_booked(row)
    if decode(row["data"])["Currency"] != content["Currency"]:
        raise invalid("Currency", "Must be the currency of the invoice.")
    return row


def _columns(content: JsonObject) -> JsonObject:
    return {**sales_model.columns(content), "credit_note_for": content["CreditNoteFor"]}


def _values(call: Call, guid: str) -> JsonObject:
    row = sales_model.read(call, guid)
    # Here mail-out types are in lower camel case, and "None" is left out.
    mailout_type = None if row["mailout_type"] == "None" else row["mailout_type"][:1].lower() + row["mailout_type"][1:]
    status = "Booked" if row["booked"] else "Draft"
    return {**sales_model.values(row, row["status"]), "Status": status, "LatestMailOutType": mailout_type}


def _read(call: Call, guid: str) -> JsonObject:
    return project("SalesCreditNoteReadModel", _values(call, guid))
