"""What the lines of a sales document add up to.

Lines are rounded to the øre, half up. VAT is computed per rate on the document's sum, not per line; with
ShowLinesInclVat the amount including VAT is the exact sum of the lines and VAT is taken out of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from airflow_provider_dinero.sandbox.accounts import Account, chart, unknown
from airflow_provider_dinero.sandbox.answers import JsonObject
from airflow_provider_dinero.sandbox.calls import Call
from airflow_provider_dinero.sandbox.contract import project
from airflow_provider_dinero.sandbox.errors import invalid

ZERO = Decimal("0.00")
# Documents silent: so small that sums over all there is stay within 64 bits.
LARGEST_TOTAL = Decimal(10**12)
# Documents silent: "the day's exchange rate". DKK for one unit, the same every day, so that tests can compute it.
DKK_RATES = {
    "DKK": Decimal(1),
    "EUR": Decimal("7.46"),
    "GBP": Decimal("8.70"),
    "NOK": Decimal("0.64"),
    "SEK": Decimal("0.66"),
    "USD": Decimal("6.90"),
}


def rounded(amount: Decimal) -> Decimal:
    """An amount to the øre, half up."""
    return amount.quantize(ZERO, ROUND_HALF_UP)


def ore(amount: Decimal, currency: str = "DKK") -> int:
    """An amount of a currency in Danish øre.

    :param amount: in that currency
    :param currency: its code
    """
    return int(rounded(amount * DKK_RATES[currency]) * 100)


def kroner(ore: int) -> Decimal:
    """Øre as an amount with two decimals."""
    return Decimal(ore).scaleb(-2)


def capped(amounts: Iterable[int], path: str = "Lines") -> int:
    """The sum of øre.

    :param path: the property that holds them
    :raises ApiError: code 42 if that is too much for the books
    """
    found = list(amounts)
    if sum(abs(ore) for ore in found) > LARGEST_TOTAL * 100:
        raise invalid(path, "The total is too large.")
    return sum(found)


def priced_lines(call: Call, lines: list[JsonObject], incl_vat: bool) -> list[JsonObject]:
    """The lines as they are read.

    :param call: the request
    :param lines: the lines as they were written
    :param incl_vat: whether their amounts include VAT
    :raises ApiError: code 77 for an unknown account, 42 for a line that lacks something
    """
    known = chart(call)
    return [_priced(known, line, incl_vat, f"ProductLines[{at}]") for at, line in enumerate(lines)]


def _priced(known: dict[int, Account], line: JsonObject, incl_vat: bool, path: str) -> JsonObject:
    kind = line["LineType"] or "Product"
    if not line["Description"]:
        raise invalid(f"{path}.Description", "Description is required when ProductGuid is not set.")
    if kind == "Text":
        amounts = dict.fromkeys(
            ("BaseAmountValue", "BaseAmountValueInclVat", "TotalAmount", "TotalAmountInclVat"), ZERO
        )
        text = {"LineType": kind, "Description": line["Description"], "Quantity": 0, "AccountNumber": 0, "Discount": 0}
        return project("InvoiceLinesReadModel", {**text, **amounts})
    if not line["Unit"]:
        raise invalid(f"{path}.Unit", "Unit is required when LineType is Product.")
    account = known.get(line["AccountNumber"])
    if account is None:
        raise unknown(f"{path}.AccountNumber", line["AccountNumber"])
    factor = 1 + account.vat_rate
    unit, total = line["BaseAmountValue"], line["BaseAmountValue"] * line["Quantity"] * (100 - line["Discount"]) / 100
    # What the caller gave stays as it was given; only the other side of the VAT is computed and rounded.
    return project(
        "InvoiceLinesReadModel",
        {
            **line,
            "LineType": kind,
            "AccountName": account.name,
            "BaseAmountValue": rounded(unit / factor) if incl_vat else unit,
            "BaseAmountValueInclVat": unit if incl_vat else rounded(unit * factor),
            "TotalAmount": rounded(rounded(total) / factor) if incl_vat else rounded(total),
            "TotalAmountInclVat": rounded(total) if incl_vat else rounded(rounded(total) * factor),
        },
    )


@dataclass(frozen=True)
class Totals:
    """The sums of a document.

    :param vatable: excluding VAT, of the lines with VAT
    :param vat_free: of the lines without
    :param vat: the VAT by its rate
    """

    vatable: Decimal
    vat_free: Decimal
    vat: dict[Decimal, Decimal]

    @property
    def excl_vat(self) -> Decimal:
        """The sum excluding VAT."""
        return self.vatable + self.vat_free

    @property
    def incl_vat(self) -> Decimal:
        """What the customer pays."""
        return self.excl_vat + sum(self.vat.values(), ZERO)

    def properties(self, currency: str, language: str) -> JsonObject:
        """The totals under their names in the read models."""
        return {
            "TotalExclVat": self.excl_vat,
            "TotalInclVat": self.incl_vat,
            "TotalVat": self.incl_vat - self.excl_vat,
            "TotalVatableAmount": self.vatable,
            "TotalNonVatableAmount": self.vat_free,
            "TotalExclVatInDkk": rounded(self.excl_vat * DKK_RATES[currency]),
            "TotalInclVatInDkk": rounded(self.incl_vat * DKK_RATES[currency]),
            "TotalLines": self._lines(currency, "Moms" if language == "da-DK" else "VAT"),
        }

    def _lines(self, currency: str, vat_name: str) -> list[JsonObject]:
        """Only those that say something: no VAT, no subtotal; the two kinds of subtotal only where both are."""
        lines = []
        if self.vat:
            lines.append(("SubTotal", self.excl_vat, "Subtotal"))
            if self.vat_free:
                lines.append(("SubTotalWithVat", self.vatable, "Subtotal with VAT"))
                lines.append(("SubTotalWithoutVat", self.vat_free, "Subtotal without VAT"))
            lines += [("Vat", vat, f"{vat_name} ({rate:.0%})") for rate, vat in self.vat.items()]
        lines.append(("Total", self.incl_vat, f"Total {currency}"))
        return [
            {"Type": kind, "TotalAmount": amount, "Position": position, "Label": label}
            for position, (kind, amount, label) in enumerate(lines)
        ]


def total(call: Call, lines: list[JsonObject], incl_vat: bool) -> Totals:
    """Add up priced lines.

    :param call: the request
    :param lines: from :func:`priced_lines`
    :param incl_vat: whether the amounts that were written include VAT
    """
    sums: defaultdict[Decimal, Decimal] = defaultdict(lambda: ZERO)
    known, size = chart(call), ZERO
    for line in lines:
        if line["LineType"] == "Product":
            rate, amount = (
                known[line["AccountNumber"]].vat_rate,
                line["TotalAmountInclVat" if incl_vat else "TotalAmount"],
            )
            sums[rate] += amount
            size += abs(amount)
    # Also lines that cancel each other may be on different accounts.
    if size > LARGEST_TOTAL:
        raise invalid("ProductLines", "The total is too large.")
    vat_free = sums.pop(Decimal(0), ZERO)
    vat = {rate: rounded(amount * rate / (1 + rate) if incl_vat else amount * rate) for rate, amount in sums.items()}
    vatable = sum(sums.values(), ZERO) - (sum(vat.values(), ZERO) if incl_vat else ZERO)
    return Totals(vatable, vat_free, vat)
