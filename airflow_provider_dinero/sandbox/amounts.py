"""Totals of the lines of a sales document.

Each line is rounded to the øre, half up, and so is its VAT; the VAT of a document is the sum of the VAT of its lines. A
switch rounds each unit instead, or computes the VAT per rate from the sum of the document. With ShowLinesInclVat, the
amount including VAT is the exact sum of the lines.
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
from airflow_provider_dinero.sandbox.currencies import DKK_RATES
from airflow_provider_dinero.sandbox.errors import invalid

ZERO = Decimal("0.00")
# Undocumented: small enough that sums over everything stay within 64 bits.
LARGEST_TOTAL = Decimal(10**12)


def rounded(amount: Decimal) -> Decimal:
    """Round an amount to the øre, half up."""
    return amount.quantize(ZERO, ROUND_HALF_UP)


def ore(amount: Decimal, currency: str = "DKK") -> int:
    """Convert an amount to Danish øre.

    :param amount: in ``currency``
    :param currency: code of the currency
    """
    return int(rounded(amount * DKK_RATES[currency]) * 100)


def kroner(ore: int) -> Decimal:
    """Return øre as an amount with two decimals."""
    return Decimal(ore).scaleb(-2)


def capped(amounts: Iterable[int], path: str = "Lines") -> int:
    """Add up amounts in øre.

    :param path: the property that holds them
    :raises ApiError: code 42 if the total is too large
    """
    found = list(amounts)
    if sum(abs(ore) for ore in found) > LARGEST_TOTAL * 100:
        raise invalid(path, "The total is too large.")
    return sum(found)


def priced_lines(call: Call, lines: list[JsonObject], incl_vat: bool) -> list[JsonObject]:
    """Return the lines in the form in which they are read.

    :param call: the request
    :param lines: the lines as they were written
    :param incl_vat: whether their amounts include VAT
    :raises ApiError: code 77 for an unknown account, 42 for an incomplete line
    """
    known, by_unit = chart(call), call.settings.vat_rounding == "unit"
    if call.settings.hours_unit == "refused":
        for at, line in enumerate(lines):
            if line["Unit"] == "hours":
                raise invalid(f"ProductLines[{at}].Unit", "Unknown unit hours.")
    return [_priced(known, line, incl_vat, by_unit, f"ProductLines[{at}]") for at, line in enumerate(lines)]


def _priced(known: dict[int, Account], line: JsonObject, incl_vat: bool, by_unit: bool, path: str) -> JsonObject:
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
    unit, pieces = line["BaseAmountValue"], line["Quantity"] * (100 - line["Discount"]) / 100
    total = rounded(unit * pieces)
    other = rounded(total / factor if incl_vat else total * factor)
    if by_unit and account.vat_rate:
        other = rounded(rounded(unit / factor if incl_vat else unit * factor) * pieces)
    # The caller's amount stays as given; only the other side of the VAT is computed and rounded.
    return project(
        "InvoiceLinesReadModel",
        {
            **line,
            "LineType": kind,
            "AccountName": account.name,
            "BaseAmountValue": rounded(unit / factor) if incl_vat else unit,
            "BaseAmountValueInclVat": unit if incl_vat else rounded(unit * factor),
            "TotalAmount": other if incl_vat else total,
            "TotalAmountInclVat": total if incl_vat else other,
        },
    )


@dataclass(frozen=True)
class Totals:
    """The totals of a document.

    :param vatable: lines with VAT, excluding the VAT
    :param vat_free: lines without VAT
    :param vat: VAT by rate
    """

    vatable: Decimal
    vat_free: Decimal
    vat: dict[Decimal, Decimal]

    @property
    def excl_vat(self) -> Decimal:
        """The total excluding VAT."""
        return self.vatable + self.vat_free

    @property
    def incl_vat(self) -> Decimal:
        """What the customer pays."""
        return self.excl_vat + sum(self.vat.values(), ZERO)

    def properties(self, currency: str, language: str) -> JsonObject:
        """Return the totals under the names that the read models use."""
        return {
            "TotalExclVat": self.excl_vat,
            "TotalInclVat": self.incl_vat,
            "TotalVat": self.incl_vat - self.excl_vat,
            "TotalVatableAmount": self.vatable,
            "TotalNonVatableAmount": self.vat_free,
            "TotalExclVatInDkk": rounded(self.excl_vat * DKK_RATES[currency]),
            "TotalInclVatInDkk": rounded(self.incl_vat * DKK_RATES[currency]),
            "TotalLines": self._lines(currency, danish=language == "da-DK"),
        }

    def _lines(self, currency: str, *, danish: bool) -> list[JsonObject]:
        """Only informative lines: no subtotal without VAT, and the two kinds of subtotal only if both exist."""
        lines = []
        if self.vat:
            lines.append(("SubTotal", self.excl_vat, "Subtotal"))
            if self.vat_free:
                lines.append(("SubTotalWithVat", self.vatable, "Subtotal with VAT"))
                lines.append(("SubTotalWithoutVat", self.vat_free, "Subtotal without VAT"))
            for rate, vat in self.vat.items():
                label = f"Moms ({rate:.2%})".replace(".", ",") if danish else f"VAT ({rate:.2%})"
                lines.append(("Vat", vat, label))
        lines.append(("Total", self.incl_vat, f"Total {currency}"))
        return [
            {"Type": kind, "TotalAmount": amount, "Position": position, "Label": label}
            for position, (kind, amount, label) in enumerate(lines)
        ]


def total(call: Call, lines: list[JsonObject], incl_vat: bool) -> Totals:
    """Return the totals of priced lines.

    :param call: the request
    :param lines: from :func:`priced_lines`
    :param incl_vat: whether the amounts include VAT as written
    """
    sums: defaultdict[Decimal, Decimal] = defaultdict(lambda: ZERO)
    vat: defaultdict[Decimal, Decimal] = defaultdict(lambda: ZERO)
    known, size = chart(call), ZERO
    for line in lines:
        if line["LineType"] == "Product":
            rate = known[line["AccountNumber"]].vat_rate
            amount = line["TotalAmountInclVat" if incl_vat else "TotalAmount"]
            sums[rate] += amount
            vat[rate] += line["TotalAmountInclVat"] - line["TotalAmount"]
            size += abs(amount)
    # Lines that cancel each other out may be on different accounts.
    if size > LARGEST_TOTAL:
        raise invalid("ProductLines", "The total is too large.")
    vat_free = sums.pop(Decimal(0), ZERO)
    if call.settings.vat_rounding == "document":
        vat |= {rate: rounded(sum_ * (rate / (1 + rate) if incl_vat else rate)) for rate, sum_ in sums.items()}
    vat.pop(Decimal(0), None)
    vatable = sum(sums.values(), ZERO) - (sum(vat.values(), ZERO) if incl_vat else ZERO)
    return Totals(vatable, vat_free, dict(vat))
