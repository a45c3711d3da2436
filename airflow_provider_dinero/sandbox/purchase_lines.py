"""Lines of purchases: gross amounts, with the VAT of their VAT code or else of their account."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from airflow_provider_dinero.sandbox.accounts import PURCHASES, Account, chart, unknown
from airflow_provider_dinero.sandbox.amounts import kroner, ore
from airflow_provider_dinero.sandbox.answers import JsonObject
from airflow_provider_dinero.sandbox.books import Posting
from airflow_provider_dinero.sandbox.calls import Call
from airflow_provider_dinero.sandbox.contract import project
from airflow_provider_dinero.sandbox.errors import invalid
from airflow_provider_dinero.sandbox.vat import VatType
from airflow_provider_dinero.sandbox.vat_split import code_as_read, debits, vat_type, within


def stored_lines(call: Call, lines: list[JsonObject], *, with_tags: bool = True) -> list[JsonObject]:
    """Check the lines of a body, and return them with øre in the voucher's currency.

    :param lines: the lines as they were written
    :param with_tags: whether the operation supports AccountTagName
    :raises ApiError: code 77 for an unknown account, 42 for one that isn't for purchases or an unknown VAT code
    """
    known, stored = chart(call), []
    for at, line in enumerate(lines):
        kind = _kind(known, line, f"Lines[{at}]")
        gross = ore(line["Amount"])
        stored.append({
            "Description": line["Description"],
            "AccountNumber": line["AccountNumber"],
            "VatCode": code_as_read(kind, line["VatCode"]),
            "AccountTagName": line["AccountTagName"] if with_tags else None,
            "AccountTagSynonym": line["SynonymWithMostWeight"],
            "AccountWeightTagId": line["TagId"],
            "AccountWeightTagVersion": line["TagVersion"],
            "Gross": gross,
            "Vat": within(gross, kind),
        })
    return stored


def read_lines(stored: list[JsonObject]) -> list[JsonObject]:
    """Return the lines in the form in which they are read."""
    return [
        project(
            "PurchaseVoucherLineReadModel",
            {
                **line,
                "AmountInclVatValue": kroner(line["Gross"]),
                "AmountExclVatValue": kroner(line["Gross"] - line["Vat"]),
                "VatAmountValue": kroner(line["Vat"]),
            },
        )
        for line in stored
    ]


def totals(stored: list[JsonObject], currency: str) -> list[JsonObject]:
    """Return subtotal, VAT and total in the voucher's currency, as measured, although the schema says otherwise."""
    gross, vat = sum(line["Gross"] for line in stored), sum(line["Vat"] for line in stored)
    found = (("Subtotal", gross - vat, "SubTotal"), ("Moms", vat, "Vat"), (f"Total {currency}", gross, "Total"))
    return [
        {"Label": label, "Total": kroner(amount), "Type": kind, "Position": position}
        for position, (label, amount, kind) in enumerate(found)
    ]


def purchase_postings(
    call: Call, stored: list[JsonObject], currency: str, offset: Posting, *, region: str | None = None
) -> list[Posting]:
    """Return the postings of a purchase, in DKK.

    :param stored: its lines
    :param currency: their currency
    :param offset: the payment or debt; its øre is 1 for a credit note, -1 for a purchase
    :param region: region of a cash purchase, which the VAT codes must match
    :raises ApiError: code 42 if something required for booking is missing
    """
    if not stored:
        raise invalid("Lines", "A voucher must have a line to be booked.")
    known, found = chart(call), []
    for at, line in enumerate(stored):
        path = f"Lines[{at}]"
        if line["AccountNumber"] is None:
            raise invalid(f"{path}.AccountNumber", "A line must have an account to be booked.")
        kind = _kind(known, line, path)
        if region and kind and kind.region != region:
            raise invalid(f"{path}.VatCode", f"The VAT code {kind.code} does not fit the region {region}.")
        gross = -offset.ore * ore(kroner(line["Gross"]), currency)
        text = line["Description"] or offset.description
        found += debits(
            line["AccountNumber"], gross, kind, text, contact_guid=offset.contact_guid, file_guid=offset.file_guid
        )
    paid = Posting(offset.account, -sum_ore(found), None, offset.description, offset.contact_guid, offset.file_guid)
    return [*found, paid]


def sum_ore(postings: Iterable[Posting]) -> int:
    """Return the sum of postings."""
    return sum(posting.ore for posting in postings)


def _kind(known: dict[int, Account], line: JsonObject, path: str) -> VatType | None:
    number = line["AccountNumber"]
    if number is not None and number not in known:
        raise unknown(f"{path}.AccountNumber", number)
    if number is not None and number not in PURCHASES:
        reason = f"Account {number} can't be used on purchase vouchers; use a manual voucher."
        raise invalid(f"{path}.AccountNumber", reason)
    kind = vat_type(None if number is None else known[number], line["VatCode"], f"{path}.VatCode")
    if kind and kind.sale:
        raise invalid(f"{path}.VatCode", f"{kind.code} is not a VAT code for purchases.")
    return kind


def large_asset(stored: list[JsonObject]) -> bool:
    """Return whether a line looks like a fixed asset; undocumented: above 30,000 excluding VAT."""
    return any(kroner(line["Gross"] - line["Vat"]) > Decimal(30_000) for line in stored)
