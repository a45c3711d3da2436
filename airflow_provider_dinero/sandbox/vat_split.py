"""The VAT of an amount that moves between two accounts."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from airflow_provider_dinero.sandbox.accounts import Account
from airflow_provider_dinero.sandbox.books import Posting
from airflow_provider_dinero.sandbox.errors import invalid
from airflow_provider_dinero.sandbox.vat import NO_VAT, PURCHASE_VAT, VAT_TYPES, VatType


def vat_type(account: Account | None, code: str | None, path: str) -> VatType | None:
    """Return the VAT type of a line: by its code; with null the account's own; with "none" no VAT at all.

    :param account: the account, if there is one yet
    :param code: the code as it was written
    :param path: the property
    :raises ApiError: code 42 for an unknown or empty code
    """
    if code is None:
        return VAT_TYPES[account.vat_code] if account and account.vat_code else None
    if code.lower() == NO_VAT:
        return None
    if code not in VAT_TYPES:
        raise invalid(path, f"Unknown VAT code {code!r}.")
    return VAT_TYPES[code]


def code_as_read(kind: VatType | None, written: str | None) -> str | None:
    """Return the code as a line shows it: suppressed VAT stays "none", so that writing it back changes nothing."""
    return kind.code if kind else written and NO_VAT


def on_top(excl: int, kind: VatType | None) -> int:
    """Return the VAT øre to add to øre without VAT."""
    return _rounded(excl * kind.included) if kind else 0


def within(gross: int, kind: VatType | None) -> int:
    """Return the VAT øre within øre that include it; 0 under reverse charge."""
    return _rounded(gross * kind.included / (1 + kind.included)) if kind else 0


def debits(
    account: int,
    gross: int,
    kind: VatType | None,
    text: str | None,
    *,
    contact_guid: str | None = None,
    file_guid: str | None = None,
) -> list[Posting]:
    """Return the postings that debit an account with an amount including VAT; a negative amount credits it.

    :param account: the account
    :param gross: øre including VAT, the sum of the postings
    :param kind: the VAT type
    :param text: description of the entries
    :param contact_guid: contact of the entries
    :param file_guid: file of the entries
    """
    vat = within(gross, kind)
    parts = [(account, gross - vat)]
    if kind and kind.reverse_charge:
        owed = _rounded(gross * kind.rate)
        parts += [(PURCHASE_VAT, owed), (kind.account, -owed)]
    elif kind:
        parts.append((kind.account, vat))
    code = kind.code if kind else None
    return [Posting(number, ore, code, text, contact_guid, file_guid) for number, ore in parts]


def _rounded(ore: Decimal) -> int:
    return int(ore.quantize(Decimal(1), ROUND_HALF_UP))
