"""The postings of a sales document: the debtor, the sales by account, and the VAT."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from airflow_provider_dinero.sandbox.accounts import DEBTORS, Account, chart
from airflow_provider_dinero.sandbox.amounts import ore, rounded, total
from airflow_provider_dinero.sandbox.answers import JsonObject
from airflow_provider_dinero.sandbox.books import Posting
from airflow_provider_dinero.sandbox.calls import Call
from airflow_provider_dinero.sandbox.vat import VAT_TYPES


def sales_postings(call: Call, content: JsonObject, *, sign: int = 1) -> list[Posting]:
    """Return the postings of an invoice, in DKK. They always balance.

    :param call: the request
    :param content: the document with its prices and totals
    :param sign: 1 for an invoice, -1 for a credit note
    """
    currency, contact, text = content["Currency"], content["ContactGuid"], content["Description"]
    owed = ore(content["TotalInclVat"], currency)
    lines = [line for line in content["ProductLines"] if line["LineType"] == "Product"]
    known = chart(call)
    vat = _vat_by_code(call, content, known)
    sales: defaultdict[int, Decimal] = defaultdict(Decimal)
    for line in lines:
        sales[line["AccountNumber"]] += line["TotalAmount"]
    sold = {account: ore(amount, currency) for account, amount in sales.items()}
    if sold:
        # Rounding leaves a few øre between the lines and the totals: they go to the largest account.
        sold[max(sold, key=lambda account: abs(sold[account]))] += owed - sum(vat.values()) - sum(sold.values())
    return [
        Posting(DEBTORS, sign * owed, None, text, contact),
        *(Posting(account, -sign * amount, known[account].vat_code, text, contact) for account, amount in sold.items()),
        *(Posting(VAT_TYPES[code].account, -sign * amount, code, text, contact) for code, amount in vat.items()),
    ]


def _vat_by_code(call: Call, content: JsonObject, known: dict[int, Account]) -> dict[str, int]:
    """Return the VAT in Danish øre. It is computed by rate; codes that share a rate each get the VAT of their lines."""
    currency, incl_vat = content["Currency"], content["ShowLinesInclVat"]
    sums: defaultdict[Decimal, defaultdict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for line in content["ProductLines"]:
        account = known.get(line["AccountNumber"])
        if line["LineType"] == "Product" and account and account.vat_code:
            sums[account.vat_rate][account.vat_code] += line["TotalAmountInclVat" if incl_vat else "TotalAmount"]
    vat: dict[str, int] = {}
    for rate, amount in total(call, content["ProductLines"], incl_vat).vat.items():
        share = rate / (1 + rate) if incl_vat else rate
        shares = {code: ore(rounded(base * share), currency) for code, base in sums[rate].items()}
        shares[max(shares, key=lambda code: abs(shares[code]))] += ore(amount, currency) - sum(shares.values())
        vat |= shares
    return vat
