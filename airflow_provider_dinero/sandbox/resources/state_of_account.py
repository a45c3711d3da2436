"""State of account: what one contact and the organization owe each other, from the books."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from starlette.responses import Response

from airflow_provider_dinero.sandbox.accounts import CREDITORS, DEBTORS
from airflow_provider_dinero.sandbox.amounts import kroner
from airflow_provider_dinero.sandbox.answers import JsonObject, answer, empty
from airflow_provider_dinero.sandbox.calls import Call, Resource, malformed
from airflow_provider_dinero.sandbox.contract import project
from airflow_provider_dinero.sandbox.errors import ApiError
from airflow_provider_dinero.sandbox.resources import contacts, mail, payments, purchase_credit_notes, purchase_model
from airflow_provider_dinero.sandbox.resources.sales_model import STATUS
from airflow_provider_dinero.sandbox.seed_data import ORGANIZATIONS, Organization
from airflow_provider_dinero.sandbox.voucher_store import BOOKED

ONE = "/v1/{organizationId}/state-of-account/{guid}"
resource = Resource()


@dataclass(frozen=True)
class Document:
    """A booked sale or purchase.

    :param dkk_ore: its total in the books, negative for a credit note
    """

    number: int
    date: str
    due: str | None
    dkk_ore: int
    closed: bool
    category: str
    kind: str
    currency: str


@resource.operation("GET", ONE)
def state_of_account(call: Call) -> Response:
    """Return income, expenses and entries."""
    return answer(_state(call, _contact(call), *_window(call)))


@resource.operation("GET", ONE + "/pdf")
def state_of_account_pdf(call: Call) -> Response:
    """Return the state of account as a PDF."""
    contact = _contact(call)
    from airflow_provider_dinero.sandbox.pdf import text_pdf

    state, organization = _state(call, contact, *_window(call)), ORGANIZATIONS[call.organization or 0]
    return Response(text_pdf(_texts(organization, contact, state)), media_type="application/octet-stream")


@resource.operation("POST", ONE + "/email")
def send_state_of_account(call: Call) -> Response:
    """E-mail the state of account to the contact, or to another receiver."""
    contact, body = _contact(call), call.body("ContactStateOfAccountMailoutModel")
    first, last = _day("From", body["From"]), _day("To", body["To"])
    state, organization = _state(call, contact, first, last, body["HideClosed"]), ORGANIZATIONS[call.organization or 0]
    to = mail.receivers(body["Receiver"] or contact["email"], 64)
    balance = state["Entries"][-1]["Balance"] if state["Entries"] else Decimal(0)
    mail.put(
        call,
        {
            "guid": contact["guid"],
            "type": "StateOfAccount",
            "number": None,
            "contact_name": contact["name"],
            "total_text": f"{balance:.2f}",
        },
        type="StateOfAccount",
        sender=body["Sender"] or organization.email,
        to=",".join(to),
        subject=body["Subject"] or f"Kontoudtog fra {organization.name}",
        message=body["Message"] or f"Hej {contact['name']}\n\nHer er jeres kontoudtog.\n\n{organization.name}",
        cc_to_sender=body["CCToSender"],
    )
    return empty()


def _contact(call: Call) -> sqlite3.Row:
    row = contacts.find(call, call.guid)
    if row is None:
        raise ApiError(40, status=404)
    return row


def _window(call: Call) -> tuple[date | None, date | None, bool]:
    return _day("from", call.text("from")), _day("to", call.text("to")), call.flag("hideClosed")


def _day(name: str, text: str | None) -> date | None:
    """Return the day of a date-time or plain date. Undocumented: the bounds ("after") are inclusive."""
    if not text:
        return None
    try:
        # Python accepts more forms than these two.
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2})?)?", text, re.ASCII):
            raise ValueError(text)
        return datetime.fromisoformat(text).date()
    except ValueError:
        raise malformed(name, "a date or a date with a time") from None


def _state(call: Call, contact: sqlite3.Row, first: date | None, last: date | None, hide_closed: bool) -> JsonObject:
    documents = {**_sales(call, contact["guid"]), **_purchases(call, contact["guid"])}
    sums, balance, entries = {"sales": 0, "purchases": 0}, 0, []
    for document in documents.values():
        if _within(document.date, first, last):
            sums[document.category] += document.dkk_ore
    for entry in _entries(call, contact["guid"]):
        balance += entry["ore"]
        model = _model(entry, documents.get(entry["document"]), balance)
        if _within(entry["date"], first, last) and not (hide_closed and model["Status"] == "closed"):
            entries.append(model)
    known = {"Income": kroner(sums["sales"]), "Expenses": kroner(sums["purchases"]), "Entries": entries}
    return project("ContactStateOfAccount", {**known, "ContactGuid": contact["guid"]})


def _sales(call: Call, contact: str) -> dict[str, Document]:
    sql = f"SELECT *, {STATUS} AS status FROM invoices WHERE booked AND organization = ? AND contact_guid = ?"
    return {
        row["guid"]: Document(
            number=row["number"],
            date=row["date"],
            due=row["payment_date"],
            dkk_ore=(1 if row["type"] == "Invoice" else -1) * payments.booked_dkk(row, row["total_ore"]),
            closed=row["status"] in ("Paid", "OverPaid"),
            category="sales",
            kind=row["type"].lower(),
            currency=payments.currency(row),
        )
        for row in call.store.execute(sql, [call.store.today(), call.organization, contact])
    }


def _purchases(call: Call, contact: str) -> dict[str, Document]:
    sql = "SELECT * FROM vouchers WHERE state = ? AND kind IN (?, ?) AND organization = ? AND contact_guid = ?"
    kinds = [purchase_model.KIND, purchase_credit_notes.KIND]
    return {
        row["guid"]: Document(
            number=row["number"],
            date=row["date"],
            due=row["payment_date"],
            dkk_ore=(1 if row["kind"] == purchase_model.KIND else -1) * row["total_dkk_ore"],
            closed=row["settled_ore"] >= row["total_ore"],
            category="purchases",
            kind="voucher" if row["kind"] == purchase_model.KIND else "creditnote",
            currency=row["currency"],
        )
        for row in call.store.execute(sql, [BOOKED, *kinds, call.organization, contact])
    }


def _entries(call: Call, contact: str) -> list[sqlite3.Row]:
    """Return what the contact owes or is owed, oldest first, with the document of a payment or reminder."""
    sql = f"""
        SELECT e.*, coalesce(p.document, q.voucher_guid, r.invoice, e.voucher_guid) AS document FROM entries e
        LEFT JOIN payments p ON p.organization = e.organization AND p.related_voucher = e.voucher_guid
            AND p.deposit_account IS NOT NULL
        LEFT JOIN purchase_payments q ON q.organization = e.organization AND q.related_guid = e.voucher_guid
            AND q.deposit_account IS NOT NULL
        LEFT JOIN reminders r ON r.organization = e.organization AND r.voucher_guid = e.voucher_guid
        WHERE e.organization = ? AND e.contact_guid = ? AND e.account IN ({DEBTORS}, {CREDITORS})
        ORDER BY e.date, e.id
    """
    return call.store.execute(sql, [call.organization, contact]).fetchall()


def _within(day: str, first: date | None, last: date | None) -> bool:
    return (not first or day >= first.isoformat()) and (not last or day <= last.isoformat())


def _model(entry: sqlite3.Row, document: Document | None, balance: int) -> JsonObject:
    """Return an entry; without a document (a manual voucher or a deleted one) its status is ``unknown``."""
    known = {
        "RelatedVoucherGuid": entry["document"],
        "RelatedVoucherNumber": str(document.number if document else entry["number"]),
        "Date": _midnight(entry["date"]),
        "DecayDate": document and _midnight(document.due),
        "Description": entry["description"],
        "Type": entry["voucher_type"],
        "Amount": kroner(entry["ore"]),
        "Balance": kroner(balance),
        "Status": ("closed" if document.closed else "open") if document else "unknown",
        "RelatedVoucherCategory": document.category if document else "manual",
        "RelatedVoucherClass": document.kind if document else "voucher",
        "Currency": document.currency if document else "DKK",
    }
    return project("ContactStateOfAccountEntry", known)


def _midnight(day: str | None) -> str | None:
    return day and f"{day}T00:00:00"


def _texts(organization: Organization, contact: sqlite3.Row, state: JsonObject) -> list[tuple[str, int, str]]:
    lines = [
        (f"{entry['Date'][:10]}  {entry['Description']}: {entry['Amount']:.2f}  ({entry['Balance']:.2f})", 10, "")
        for entry in state["Entries"]
    ]
    return [(organization.name, 16, "B"), (f"Kontoudtog: {contact['name']}\n\n", 14, "B"), *lines]
