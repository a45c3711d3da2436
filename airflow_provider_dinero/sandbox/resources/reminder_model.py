"""A reminder: its amounts, and its read model."""

from __future__ import annotations

import sqlite3
from datetime import date
from decimal import Decimal

from airflow_provider_dinero.sandbox.amounts import LARGEST_TOTAL, ZERO, kroner, rounded
from airflow_provider_dinero.sandbox.answers import JsonObject, decode
from airflow_provider_dinero.sandbox.binding import parse_day
from airflow_provider_dinero.sandbox.calls import Call
from airflow_provider_dinero.sandbox.contract import project
from airflow_provider_dinero.sandbox.currencies import DKK_RATES
from airflow_provider_dinero.sandbox.errors import ApiError, invalid
from airflow_provider_dinero.sandbox.resources import contacts, payments
from airflow_provider_dinero.sandbox.resources.sales_settings import REMINDER_FEE, REMINDER_INTEREST_RATE

MOST, DAYS_APART = 3, 10
# The lump sum that a business can claim from another by Danish law, once per invoice.
COMPENSATION = Decimal(310)
TEXTS = {
    "da-DK": {
        "Title": "Rykker",
        "Description": "Vi har ikke modtaget din betaling.",
        "DebtCollectionNoticeText": "Betaler du ikke inden 10 dage, overgår sagen til inkasso.",
        "InvoiceTotalInclVatAmountText": "Faktura inkl. moms",
        "FeeAmountText": "Rykkergebyr",
        "InterestAmountText": "Renter",
        "CompensationFeeAmountText": "Kompensationsbeløb",
        "AccumulatedFeesAndInterestAmountText": "Tidligere gebyrer og renter",
        "PaidAmountText": "Betalt",
        "ReminderTotalInclVatAmountText": "I alt",
    },
    "en-GB": {
        "Title": "Reminder",
        "Description": "We have not received your payment.",
        "DebtCollectionNoticeText": "Unless you pay within 10 days, the case goes to debt collection.",
        "InvoiceTotalInclVatAmountText": "Invoice incl. VAT",
        "FeeAmountText": "Reminder fee",
        "InterestAmountText": "Interest",
        "CompensationFeeAmountText": "Compensation fee",
        "AccumulatedFeesAndInterestAmountText": "Earlier fees and interest",
        "PaidAmountText": "Paid",
        "ReminderTotalInclVatAmountText": "Total",
    },
}


def earlier(call: Call, invoice: sqlite3.Row, than: int | None = None) -> list[sqlite3.Row]:
    """Return the valid reminders of an invoice, oldest first.

    :param than: only reminders before this one
    """
    sql = "SELECT * FROM reminders WHERE organization = ? AND invoice = ? AND NOT deleted AND (? IS NULL OR id < ?)"
    return call.store.execute(f"{sql} ORDER BY id", [call.organization, invoice["guid"], than, than]).fetchall()


def day(body: JsonObject) -> date:
    """Return the date of a reminder.

    :param body: bound to a model with ``Date``
    """
    try:
        return parse_day(body["Date"])
    except ValueError:
        raise invalid("Date", "Must be a date in the form yyyy-MM-dd.") from None


def next_number(call: Call, invoice: sqlite3.Row) -> int:
    """Return the number of an invoice's next reminder. A booked and deleted one keeps its number; it then repeats."""
    return len(earlier(call, invoice)) + 1


def check_next(call: Call, invoice: sqlite3.Row, body: JsonObject, than: int | None = None) -> None:
    """Check that such a reminder is allowed. The codes for too many and too early are undocumented.

    :param than: the reminder that is replaced, if any
    :raises ApiError: code 43 for a fourth; 42 if it isn't after the due date, or is less than ten days after the
        previous reminder or before the next one
    """
    before = earlier(call, invoice, than)
    after = [row for row in earlier(call, invoice) if than is not None and row["id"] > than]
    if len(before) >= MOST:
        raise ApiError(43, problems={"message": f"An invoice can have {MOST} reminders at most."})
    if day(body).isoformat() <= invoice["payment_date"]:
        raise invalid("Date", "Must be after the invoice's due date.")
    if before and (day(body) - date.fromisoformat(before[-1]["date"])).days < DAYS_APART:
        raise invalid("Date", f"Must be at least {DAYS_APART} days after the previous reminder.")
    if after and (date.fromisoformat(after[0]["date"]) - day(body)).days < DAYS_APART:
        raise invalid("Date", f"Must be at least {DAYS_APART} days before the next reminder.")


def claims(call: Call, invoice: sqlite3.Row, body: JsonObject, than: int | None = None) -> dict[str, int]:
    """Return what a reminder adds to the debt, in øre of the invoice's currency.

    Undocumented: interest is a yearly percentage of the remainder, by days, since the last reminder with interest.

    :param than: the reminder that is replaced, if any
    :raises ApiError: code 42 for a compensation fee that isn't available
    """
    written, when = decode(invoice["data"]), day(body)
    before = [row for row in earlier(call, invoice, than) if row["booked"]]
    if body["WithCompensationFee"] and not compensation_available(call, invoice, than):
        raise invalid("WithCompensationFee", "Not available.")
    # The defaults are in kroner; the invoice's own amounts are in its currency.
    kroner_rate = DKK_RATES[written["Currency"]]
    fee = REMINDER_FEE / kroner_rate if written["ReminderFee"] is None else Decimal(written["ReminderFee"])
    rate = REMINDER_INTEREST_RATE
    if written["ReminderInterestRate"] is not None:
        rate = Decimal(written["ReminderInterestRate"])
    since = max([invoice["payment_date"], *(row["date"] for row in before if row["with_interest"])])
    days = max((when - date.fromisoformat(since)).days, 0)
    interest = kroner(max(payments.remaining(invoice), 0)) * rate * days / 36500
    if abs(interest) > LARGEST_TOTAL:
        raise invalid("WithInterestFee", "The interest is too large.")
    return {
        "fee_ore": int(rounded(fee) * 100) if body["WithFee"] else 0,
        "interest_ore": int(rounded(interest) * 100) if body["WithInterestFee"] else 0,
        "compensation_ore": int(rounded(COMPENSATION / kroner_rate) * 100) if body["WithCompensationFee"] else 0,
    }


def compensation_available(call: Call, invoice: sqlite3.Row, than: int | None = None) -> bool:
    """Return whether a compensation fee is available: from businesses only, and once."""
    contact = contacts.find(call, invoice["contact_guid"])
    before = any(row["with_compensation"] for row in earlier(call, invoice, than))
    return not before and contact is not None and not contact["is_person"]


def columns(body: JsonObject) -> JsonObject:
    """Return the columns of a reminder from a body."""
    return {
        "title": body["Title"],
        "description": body["Description"],
        "date": day(body).isoformat(),
        "with_warning": body["WithDebtCollectionWarning"],
        "with_fee": body["WithFee"],
        "with_interest": body["WithInterestFee"],
        "with_compensation": body["WithCompensationFee"],
    }


def total_ore(values: JsonObject | sqlite3.Row) -> int:
    """Return the øre that a reminder adds to the debt."""
    return int(values["fee_ore"] + values["interest_ore"] + values["compensation_ore"])


def view(call: Call, invoice: sqlite3.Row, row: JsonObject) -> JsonObject:
    """Return a reminder in the form in which it is read.

    Undocumented: its Timestamp is the invoice's, as creating the first reminder needs one too.

    :param row: its columns; ``id`` is None if it isn't saved
    """
    texts = TEXTS[decode(invoice["data"])["Language"]]
    carried = sum(total_ore(other) for other in earlier(call, invoice, row["id"]) if other["booked"])
    owed = invoice["total_ore"] + carried + total_ore(row) - invoice["paid_ore"]
    return project(
        "ReminderViewModel",
        {
            **texts,
            "Id": row["id"],
            "IsDraft": not row["booked"],
            "IsDeleted": bool(row["deleted"]),
            "Number": row["number"],
            "DebtCollectionNoticeText": texts["DebtCollectionNoticeText"] if row["with_warning"] else None,
            "InvoiceTotalInclVatAmount": kroner(invoice["total_ore"]),
            "FeeAmount": kroner(row["fee_ore"]),
            "InterestAmount": kroner(row["interest_ore"]),
            "CompensationFeeAvailable": compensation_available(call, invoice, row["id"]),
            "CompensationFeeAmount": kroner(row["compensation_ore"]),
            "AccumulatedFeesAndInterestAmount": kroner(carried),
            # Negative, as in the documents' example.
            "PaidAmount": -kroner(invoice["paid_ore"]) or ZERO,
            "ReminderTotalInclVatAmount": kroner(owed),
            "Timestamp": invoice["time_stamp"],
            "Title": row["title"] or f"{texts['Title']} {row['number']}",
            "Description": row["description"] or texts["Description"],
            "Date": row["date"],
            "WithDebtCollectionWarning": bool(row["with_warning"]),
            "WithFee": bool(row["with_fee"]),
            "WithInterestFee": bool(row["with_interest"]),
            "WithCompensationFee": bool(row["with_compensation"]),
        },
    )
