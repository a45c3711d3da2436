"""Purchase credit notes: linked to a credit purchase, from which they are deducted, or free-standing."""

from __future__ import annotations

import sqlite3
from typing import Any
from uuid import uuid4

from starlette.responses import Response

from airflow_provider_dinero.sandbox.accounts import CREDITORS
from airflow_provider_dinero.sandbox.amounts import capped, kroner
from airflow_provider_dinero.sandbox.answers import JsonObject, answer, decode, empty, encode
from airflow_provider_dinero.sandbox.binding import day_of
from airflow_provider_dinero.sandbox.books import PURCHASES, Posting, post
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.contract import project
from airflow_provider_dinero.sandbox.currencies import DKK_RATES, unknown_currency
from airflow_provider_dinero.sandbox.errors import ApiError, invalid
from airflow_provider_dinero.sandbox.file_links import known_file
from airflow_provider_dinero.sandbox.purchase_lines import purchase_postings, read_lines, stored_lines, totals
from airflow_provider_dinero.sandbox.resources import manual_vouchers
from airflow_provider_dinero.sandbox.resources.purchase_model import KIND as PURCHASE
from airflow_provider_dinero.sandbox.resources.purchase_model import status
from airflow_provider_dinero.sandbox.resources.sales_model import live_contact
from airflow_provider_dinero.sandbox.settlements import settle, unsettle
from airflow_provider_dinero.sandbox.voucher_numbers import next_number
from airflow_provider_dinero.sandbox.voucher_store import (
    BOOKED,
    booked,
    changeable,
    check_draft,
    common,
    create,
    delete,
    existing,
    find,
    touch,
)

ALL = "/v1/{organizationId}/vouchers/purchase/creditnotes"
ONE = ALL + "/{guid}"
KIND = "purchase-creditnote"

resource = Resource()


@resource.operation("POST", "/v1/{organizationId}/vouchers/purchase/{guid}/generate-creditnote")
def generate_creditnote(call: Call) -> Response:
    """Create a draft that credits a whole booked purchase; for a cash purchase a manual voucher, as its model says."""
    body = call.body("CreditNoteForPurchaseVoucherRequest")
    purchase = changeable(call, body["Timestamp"]["Timestamp"], PURCHASE)
    if purchase["state"] != BOOKED:
        raise ApiError(59)
    guid, content = str(uuid4()), decode(purchase["data"])
    file = body["FileGuid"] or purchase["file_guid"]
    if content["PurchaseType"] == "cash":
        lines = [_refund(line, content["DepositAccountNumber"]) for line in content["Lines"]]
        written = {"VoucherDate": body["VoucherDate"], "Lines": lines, "FileGuid": file, "ExternalReference": None}
        values, kind = manual_vouchers.columns(call, written), manual_vouchers.KIND
        values["credit_note_for"] = call.guid
    else:
        lines = [
            {
                **line,
                "Amount": kroner(line["Gross"]),
                "SynonymWithMostWeight": line["AccountTagSynonym"],
                "TagId": line["AccountWeightTagId"],
                "TagVersion": line["AccountWeightTagVersion"],
            }
            for line in content["Lines"]
        ]
        written = {"CreditNoteFor": call.guid, "FileGuid": file, "Lines": lines, "Date": body["VoucherDate"]}
        written |= {"ContactGuid": purchase["contact_guid"], "Currency": purchase["currency"]}
        values, kind = _columns(call, written), KIND
    return answer({"Guid": guid, "TimeStamp": create(call, kind, guid, values)})


def _refund(line: JsonObject, deposit_account: int) -> JsonObject:
    """Return the line of a manual voucher that reverses the line of a cash purchase."""
    return {
        "Description": line["Description"],
        "AccountNumber": deposit_account,
        "AccountVatCode": None,
        "BalancingAccountNumber": line["AccountNumber"],
        "BalancingAccountVatCode": line["VatCode"],
        "Amount": kroner(line["Gross"]),
    }


@resource.operation("POST", ALL)
def create_creditnote(call: Call) -> Response:
    """Create a draft, with the caller's Guid if given."""
    body = call.body("PurchaseCreditNoteCreateModel")
    guid = body["Guid"] or str(uuid4())
    if find(call, guid):
        raise ApiError(72, status=409)
    return answer({"Guid": guid, "TimeStamp": create(call, KIND, guid, _columns(call, body))})


@resource.operation("GET", ONE)
def get_creditnote(call: Call) -> Response:
    """Return one credit note."""
    return answer(_model(call, existing(call, KIND)))


@resource.operation("PUT", ONE)
def replace_creditnote(call: Call) -> Response:
    """Replace a draft."""
    body = call.body("PurchaseCreditNoteUpdateModel")
    check_draft(changeable(call, body["Timestamp"], KIND))
    return answer({"Guid": call.guid, "TimeStamp": touch(call, call.guid, _columns(call, body))})


@resource.operation("DELETE", ONE)
def delete_creditnote(call: Call) -> Response:
    """Delete a draft. A booked one is undocumented: it is offset, and its purchase is owed again."""
    row = changeable(call, call.body("TimestampObject", optional=True)["Timestamp"], KIND)
    paid = "SELECT 1 FROM purchase_payments WHERE organization = ? AND voucher_guid = ?"
    if call.store.one(paid, [call.organization, call.guid]):
        raise ApiError(45, "The request is invalid: the credit note has payments.")
    if row["state"] == BOOKED and row["credit_note_for"]:
        unsettle(call, row["credit_note_for"], call.guid)
    delete(call, row)
    return empty()


@resource.operation("POST", ONE + "/book")
def book_creditnote(call: Call) -> Response:
    """Book a draft, and settle the purchase that it credits by its amount."""
    body = call.body("BookModel")
    row = changeable(call, body["Timestamp"], KIND)
    check_draft(row)
    if not row["contact_guid"]:
        raise invalid("ContactGuid", "A credit note must have a contact to be booked.")
    offset = Posting(CREDITORS, 1, None, "Kreditnota", row["contact_guid"], row["file_guid"])
    postings = purchase_postings(call, decode(row["data"])["Lines"], row["currency"], offset)
    number = next_number(call, call.guid, row["date"], body["Number"])
    post(call, date=row["date"], voucher_guid=call.guid, voucher_type=PURCHASES, number=number, lines=postings)
    changes = {**booked(call, number), "total_dkk_ore": postings[-1].ore}
    if row["credit_note_for"]:
        _credited(call, row["credit_note_for"], row["currency"])
        payment = {"Description": "Kreditnota", "PaymentDate": row["date"], "DepositAccountNumber": None}
        settle(call, row["credit_note_for"], row["total_ore"], call.guid, ore=postings[-1].ore, payment=payment)
        changes["settled_ore"] = row["total_ore"]
    touch(call, call.guid, changes)
    return answer(_model(call, existing(call, KIND)))


def _credited(call: Call, guid: str, currency: str) -> sqlite3.Row:
    row = find(call, guid)
    if row is None or row["kind"] != PURCHASE or decode(row["data"])["PurchaseType"] != "credit":
        raise invalid("CreditNoteFor", f"There is no credit purchase {guid}.")
    if row["state"] != BOOKED:
        raise ApiError(59)
    if row["currency"] != currency:
        raise invalid("Currency", f"Must be {row['currency']}, as on the purchase.")
    return row


def _columns(call: Call, body: JsonObject) -> dict[str, Any]:
    currency, file, contact = body["Currency"] or "DKK", body["FileGuid"], body["ContactGuid"]
    live_contact(call, contact)
    if currency not in DKK_RATES:
        raise unknown_currency("Currency", currency)
    if body["CreditNoteFor"]:
        purchase = _credited(call, body["CreditNoteFor"], currency)
        file, contact = file or purchase["file_guid"], contact or purchase["contact_guid"]
    lines = stored_lines(call, body["Lines"])
    return {
        "date": day_of(body["Date"], "Date") or call.store.today(),
        "contact_guid": contact,
        "credit_note_for": body["CreditNoteFor"],
        "file_guid": known_file(call, file),
        "currency": currency,
        "total_ore": capped(line["Gross"] for line in lines),
        "data": encode({"Lines": lines}).decode(),
    }


def _model(call: Call, row: sqlite3.Row) -> JsonObject:
    lines = decode(row["data"])["Lines"]
    known = {
        **common(row),
        "CreditNoteNumber": row["number"],
        "Date": f"{row['date']}T00:00:00",
        "Currency": row["currency"],
        "Lines": read_lines(lines),
        "Totals": totals(lines, row["currency"]),
        "Status": status(call, row),
    }
    return project("PurchaseCreditNoteReadModel", known)
