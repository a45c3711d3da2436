"""Invoices: a draft can be replaced or deleted; booking is final."""

from __future__ import annotations

from uuid import uuid4

from starlette.responses import Response

from airflow_provider_dinero.sandbox.answers import JsonObject, answer, decode, empty
from airflow_provider_dinero.sandbox.books import SALES, post
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.contract import project
from airflow_provider_dinero.sandbox.errors import ApiError, invalid
from airflow_provider_dinero.sandbox.resources.invoice_model import document, read
from airflow_provider_dinero.sandbox.resources.sales_model import TEMPLATE_ID, columns, live_contact
from airflow_provider_dinero.sandbox.resources.sales_vouchers import (
    TABLE,
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

ALL = "/v1/{organizationId}/invoices"
ONE = ALL + "/{guid}"

resource = Resource(TABLE)


@resource.operation("POST", ALL)
def create_invoice(call: Call) -> Response:
    """Create a draft, with the caller's Guid if given."""
    return answer(create(call, call.body("InvoiceCreateModel")))


def create(call: Call, body: JsonObject) -> JsonObject:
    """Create a draft.

    :param body: bound to ``InvoiceCreateModel``
    :return: its Guid and TimeStamp
    """
    guid = body["Guid"] or str(uuid4())
    # The Guid of a deleted invoice can't be used again.
    if find(call, guid):
        raise ApiError(72, status=409)
    content = document(call, body)
    now, version = call.store.now(), call.store.next_version()
    key = {"organization": call.organization, "guid": guid, "created_at": now, "updated_at": now}
    call.store.insert("invoices", {**key, "time_stamp": version, **columns(content)})
    return {"Guid": guid, "TimeStamp": version}


@resource.operation("POST", ALL + "/fetch")
def calculate_invoice(call: Call) -> Response:
    """Calculate an invoice without saving it."""
    return answer(project("InvoiceFetchReadModel", document(call, call.body("InvoiceCreateFetchModel"))))


@resource.operation("GET", ONE)
def get_invoice(call: Call) -> Response:
    """Return one invoice, even a deleted one; as a PDF if it is booked and the client asks for it."""
    row = existing(call)
    if "application/octet-stream" not in call.headers.get("accept", ""):
        return answer(read(call, call.guid))
    check_booked(row)
    from airflow_provider_dinero.sandbox.pdf import sales_pdf

    organization = ORGANIZATIONS[int(row["organization"])]
    return Response(sales_pdf(organization, read(call, call.guid)), media_type="application/octet-stream")


@resource.operation("PUT", "/v1.2/{organizationId}/invoices/{guid}")
def replace_invoice(call: Call) -> Response:
    """Replace a draft; properties that the body leaves out are removed. The Guid is that of the path."""
    row, body = existing(call), call.body("InvoiceUpdateModel")
    check_change(row, body["Timestamp"])
    check_draft(row)
    version = touch(call, row, columns(document(call, body)))
    return answer({"Guid": call.guid, "TimeStamp": version})


@resource.operation("DELETE", ONE)
def delete_invoice(call: Call) -> Response:
    """Delete a draft softly. The Timestamp is optional, and checked if given."""
    row, body = existing(call), call.body("TimestampObject", optional=True)
    check_change(row, body["Timestamp"])
    check_draft(row)
    touch(call, row, {"deleted_at": call.store.now()})
    return empty()


@resource.operation("POST", ONE + "/book")
def book_invoice(call: Call) -> Response:
    """Book a draft with the next number, or with the requested one."""
    row, body = existing(call), call.body("BookModel")
    check_change(row, body["Timestamp"])
    check_draft(row)
    contact = live_contact(call, row["contact_guid"])
    if contact is None:
        raise invalid("ContactGuid", "An invoice must have a contact to be booked.")
    content = decode(row["data"])
    # Undocumented: the contact's name is the one at booking, and stays.
    content["ContactName"] = contact["Name"]
    number, lines = next_number(call, body["Number"]), sales_postings(call, content)
    post(call, date=content["Date"], voucher_guid=call.guid, voucher_type=SALES, number=number, lines=lines)
    touch(call, row, {**columns(content), "booked": 1, "number": number}, "book")
    return answer(read(call, call.guid))


@resource.operation("GET", ALL + "/templates")
def templates(call: Call) -> Response:
    """List the invoice templates: one, the default."""
    template = {
        "Id": TEMPLATE_ID,
        "Name": "Standard",
        "IsDefault": True,
        "Theme": "Standard",
        "PrimaryColor": "#000000",
        "SecondaryColor": "#ffffff",
        "AddressPlacement": "Left",
        "Font": "Helvetica",
        "LogoType": "Letters",
        "LogoText": "NC",
        "MaxImageWidthMm": 50,
        "ShowCompanyInfo": True,
        "ShowPaymentConditions": True,
        "ShowLogo": True,
        "ShowLineQuantity": True,
        "ShowLineUnit": True,
    }
    return answer([project("InvoiceTemplateModel", template)])
