"""Purchase vouchers, cash or credit: a draft can be replaced; a booked one can be paid, credited or deleted."""

from __future__ import annotations

from uuid import uuid4

from starlette.responses import Response

from airflow_provider_dinero.sandbox.accounts import CREDITORS, deposit
from airflow_provider_dinero.sandbox.answers import JsonObject, answer, decode, empty, encode
from airflow_provider_dinero.sandbox.binding import bind, json_object
from airflow_provider_dinero.sandbox.books import PURCHASES, Posting, post
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.contract import project
from airflow_provider_dinero.sandbox.errors import ApiError, invalid
from airflow_provider_dinero.sandbox.purchase_lines import purchase_postings
from airflow_provider_dinero.sandbox.resources.purchase_model import KIND, columns, model, values
from airflow_provider_dinero.sandbox.voucher_numbers import next_number
from airflow_provider_dinero.sandbox.voucher_store import (
    booked,
    changeable,
    check_draft,
    create,
    delete,
    existing,
    touch,
)

ALL = "/{version}/{organizationId}/vouchers/purchase"
V1, V1_1, V1_2 = (ALL.replace("{version}", version) for version in ("v1", "v1.1", "v1.2"))
ONE = V1 + "/{guid}"

resource = Resource()


@resource.operation("POST", V1)
def legacy_create(call: Call) -> Response:
    """Legacy: create a draft from a date and a file, as two clients did. What Notes became isn't known."""
    body = bind("PurchaseVoucherCreateModelV2", encode({"PurchaseType": "cash", **json_object(call.raw)}))
    return answer({"VoucherGuid": _draft(call, body, with_tags=False)["Guid"]})


@resource.operation("POST", V1_1)
def create_without_tags(call: Call) -> Response:
    """Create a draft; AccountTagName is ignored."""
    return _create(call, with_tags=False)


@resource.operation("POST", V1_2)
def create_purchase(call: Call) -> Response:
    """Create a draft."""
    return _create(call, with_tags=True)


def _create(call: Call, *, with_tags: bool) -> Response:
    return answer(_draft(call, call.body("PurchaseVoucherCreateModelV2"), with_tags=with_tags))


def _draft(call: Call, body: JsonObject, *, with_tags: bool) -> JsonObject:
    guid = str(uuid4())
    create(call, KIND, guid, columns(call, body, with_tags=with_tags))
    return model(call, existing(call, KIND, guid=guid))


@resource.operation("POST", V1 + "/fetch")
def calculate_purchase(call: Call) -> Response:
    """Calculate a purchase without saving it."""
    found = columns(call, call.body("PurchaseVoucherCreateModelV2"), with_tags=True)
    return answer(project("PurchaseVoucherFetchReadModel", {**values(found), "Status": "Draft"}))


@resource.operation("POST", V1 + "/similar")
def similar_purchase(call: Call) -> Response:
    """Find a purchase of the same date and total, and supplier if on credit. "Similar" is undocumented."""
    found = columns(call, call.body("PurchaseVoucherCreateModelV2"), with_tags=True)
    row = call.store.one(
        "SELECT guid, number FROM vouchers WHERE organization = ? AND date = ? AND total_ore = ? AND kind = ? "
        "AND contact_guid IS ? AND state <> 'Deleted' ORDER BY id",
        [call.organization, found["date"], found["total_ore"], KIND, found["contact_guid"]],
    )
    known = {"VoucherNumber": row["number"], "SimilarGuid": row["guid"]} if row else {}
    return answer(project("SimilarPurchaseVoucherReadModel", {**known, "SimilarFound": row is not None}))


@resource.operation("GET", V1 + "/fileguid/{fileGuid}")
def drafts_of_file(call: Call) -> Response:
    """List the guids of the drafts that use a file."""
    rows = call.store.execute(
        "SELECT guid FROM vouchers WHERE organization = ? AND file_guid = ? AND kind = ? AND state = 'Draft'",
        [call.organization, call.route["fileGuid"].lower(), KIND],
    )
    return answer([row["guid"] for row in rows])


@resource.operation("GET", ONE)
def get_purchase(call: Call) -> Response:
    """Return one purchase voucher."""
    return answer(model(call, existing(call, KIND)))


@resource.operation("PUT", ONE)
def replace_without_tags(call: Call) -> Response:
    """Replace a draft; AccountTagName is ignored."""
    return _replace(call, with_tags=False)


@resource.operation("PUT", V1_1 + "/{guid}")
def replace_purchase(call: Call) -> Response:
    """Replace a draft."""
    return _replace(call, with_tags=True)


def _replace(call: Call, *, with_tags: bool) -> Response:
    body = call.body("PurchaseVoucherUpdateModel")
    check_draft(changeable(call, body["Timestamp"], KIND))
    touch(call, call.guid, columns(call, body, with_tags=with_tags))
    return answer(model(call, existing(call, KIND)))


@resource.operation("DELETE", ONE)
def delete_purchase(call: Call) -> Response:
    """Delete a draft, or offset a booked voucher. The Timestamp is required (measured), although not in the schema.

    Undocumented: a voucher with payments or a booked credit note is refused until these are deleted.
    """
    row = changeable(call, call.body("RequiredTimestampObject")["Timestamp"], KIND)
    settled = call.store.one(
        "SELECT 1 FROM purchase_payments WHERE organization = ? AND voucher_guid = ?", [call.organization, call.guid]
    )
    credited = call.store.one(
        "SELECT 1 FROM vouchers WHERE organization = ? AND credit_note_for = ? AND state = 'Booked'",
        [call.organization, call.guid],
    )
    if settled or credited:
        raise ApiError(45, "The request is invalid: the voucher has payments or a credit note.")
    delete(call, row)
    return empty()


@resource.operation("POST", ONE + "/book")
def book_purchase(call: Call) -> Response:
    """Book a draft: a cash purchase is paid at once, a credit purchase is owed to its supplier."""
    body = call.body("BookModel")
    row = changeable(call, body["Timestamp"], KIND)
    check_draft(row)
    content, contact = decode(row["data"]), row["contact_guid"]
    if content["PurchaseType"] == "cash":
        for name in ("DepositAccountNumber", "RegionKey"):
            if not content[name]:
                raise invalid(name, f"A cash purchase must have a {name} to be booked.")
        account, region, text = deposit(call, content["DepositAccountNumber"]).number, content["RegionKey"], "Køb"
    else:
        for name, value in (("ContactGuid", contact), ("PaymentDate", row["payment_date"])):
            if not value:
                raise invalid(name, f"A credit purchase must have a {name} to be booked.")
        account, region, text = CREDITORS, None, "Køb på kredit"
    offset = Posting(account, -1, None, text, contact, row["file_guid"])
    postings = purchase_postings(call, content["Lines"], row["currency"], offset, region=region)
    number = next_number(call, call.guid, row["date"], body["Number"])
    post(call, date=row["date"], voucher_guid=call.guid, voucher_type=PURCHASES, number=number, lines=postings)
    touch(call, call.guid, {**booked(call, number), "total_dkk_ore": -postings[-1].ore})
    return answer(model(call, existing(call, KIND)))
