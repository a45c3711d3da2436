"""A small Danish chart of accounts: what sales lines may be posted on."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

VAT_RATES = {"U25": Decimal("0.25")}
DEPOSIT_ACCOUNT = 55000


@dataclass(frozen=True)
class Account:
    """A sales account; its VAT code decides the VAT of a line."""

    number: int
    name: str
    vat_code: str | None = None

    @property
    def vat_rate(self) -> Decimal:
        """The rate as a fraction, 0 without VAT."""
        return VAT_RATES[self.vat_code] if self.vat_code else Decimal(0)


ACCOUNTS = {
    account.number: account
    for account in (
        Account(1000, "Salg af varer/ydelser m/moms", "U25"),
        Account(1010, "Salg af ydelser m/moms", "U25"),
        Account(1050, "Salg af varer/ydelser u/moms"),
        Account(1100, "Salg af varer til udlandet u/moms"),
    )
}
