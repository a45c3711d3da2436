"""Lines of purchases: gross amounts, whose VAT follows the VAT code or else the account's."""

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
    """The lines of a body, checked; øre in the voucher's currency.

    :param lines: as they were written
    :param with_tags: whether the operation knows AccountTagName
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
    """The lines as they are read."""
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
    """Subtotal, VAT and total, in the voucher's own currency as it was seen live, despite the schema's text."""
    gross, vat = sum(line["Gross"] for line in stored), sum(line["Vat"] for line in stored)
    found = (("Subtotal", gross - vat, "SubTotal"), ("Moms", vat, "Vat"), (f"Total {currency}", gross, "Total"))
    return [
        {"Label": label, "Total": kroner(amount), "Type": kind, "Position": position}
        for position, (label, amount, kind) in enumerate(found)
    ]


def purchase_postings(
    call: Call, stored: list[JsonObject], currency: str, offset: Posting, *, region: str | None = None
) -> list[Posting]:
    """What a purchase books, in DKK.

    :param stored: its lines
    :param currency: their currency
    :param offset: what they are paid or owed with; its øre is 1 for a credit note, -1 for a purchase
    :param region: where a cash purchase was made, which the VAT codes must fit
    :raises ApiError: code 42 if something lacks for booking
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
    """What postings add up to."""
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
        raise invalid(f"{path}.VatCode", f"{kind.code} is no VAT code of purchases.")
    return kind


def large_asset(stored: list[JsonObject]) -> bool:
    """Whether a line looks like a fixed asset. Documents silent on when: above 30,000 excluding VAT."""
    return any(kroner(line["Gross"] - line["Vat"]) > Decimal(30_000) for line in stored)
