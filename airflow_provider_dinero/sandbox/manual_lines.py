"""Lines of manual vouchers and ledger items: an amount moved from a balancing account to an account.

A positive amount debits the account and credits the balancing account. On ledger items it includes all VAT (measured).
On manual vouchers, according to the documents, it includes the VAT of purchase types, and excludes the VAT of sales
types and of types outside Denmark. Without a balancing account a line has one side only, and the voucher as a whole
must balance.
"""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_dinero.sandbox.accounts import Account, unknown
from airflow_provider_dinero.sandbox.amounts import ore
from airflow_provider_dinero.sandbox.answers import JsonObject
from airflow_provider_dinero.sandbox.books import Posting
from airflow_provider_dinero.sandbox.vat import VatType
from airflow_provider_dinero.sandbox.vat_split import debits, on_top, vat_type, within

SIDES = (("AccountNumber", "AccountVatCode"), ("BalancingAccountNumber", "BalancingAccountVatCode"))


@dataclass(frozen=True)
class ManualLine:
    """The meaning of a line.

    :param gross: øre moved between the accounts, including VAT
    :param sides: the account and the balancing account: number or None, and VAT type
    """

    gross: int
    sides: tuple[tuple[int | None, VatType | None], ...]

    @property
    def vat(self) -> int:
        """The VAT in øre: of the account, or else of the balancing account."""
        return next((vat for _, kind in self.sides if (vat := within(self.gross, kind))), 0)

    def postings(self, text: str | None, contact_guid: str | None, file_guid: str | None) -> list[Posting]:
        """Return the postings of the line."""
        return [
            posting
            for sign, (number, kind) in zip((1, -1), self.sides, strict=True)
            if number is not None
            for posting in debits(number, sign * self.gross, kind, text, contact_guid=contact_guid, file_guid=file_guid)
        ]


def understood(known: dict[int, Account], line: JsonObject, path: str, *, net_sales: bool = False) -> ManualLine:
    """Check a line, and return its meaning.

    :param known: the chart of accounts
    :param line: the line as it was written
    :param path: path of the line in the body
    :param net_sales: whether the amount excludes the VAT of sales types
    :raises ApiError: code 77 for an unknown account, 42 for an unknown VAT code
    """
    sides = []
    for number_name, code_name in SIDES:
        number = line[number_name]
        if number is not None and number not in known:
            raise unknown(f"{path}.{number_name}", number)
        account = None if number is None else known[number]
        sides.append((number, vat_type(account, line[code_name], f"{path}.{code_name}")))
    amount = ore(line["Amount"])
    if net_sales:
        sale = next((kind for number, kind in sides if number is not None and kind and kind.sale), None)
        amount += on_top(amount, sale)
    return ManualLine(amount, tuple(sides))
