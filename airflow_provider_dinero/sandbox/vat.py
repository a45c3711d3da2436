"""VAT types: what each VAT code does in the books.

The codes are those that were recorded. Two things are undocumented: the meaning of UVC and KUNS (here a sale abroad
without VAT, and an artist's own works at the reduced 5%), and how a purchase abroad is booked (here by reverse charge).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

SALES_VAT, PURCHASE_VAT, VAT_OF_GOODS_ABROAD, VAT_OF_SERVICES_ABROAD = 64000, 64060, 64020, 64040
NO_VAT = "none"


@dataclass(frozen=True)
class VatType:
    """One VAT code.

    :param rate: rate as a fraction
    :param account: account for the VAT
    :param sale: whether it is for sales, whose VAT is added where the documents say "excluding VAT for sales types"
    :param region: region of the seller, for purchases
    :param reverse_charge: whether the buyer owes the VAT (on ``account``) and deducts it at the same time
    """

    code: str
    name: str
    rate: Decimal
    account: int
    sale: bool = False
    region: str | None = None
    reverse_charge: bool = False

    @property
    def included(self) -> Decimal:
        """The rate of the VAT that the other party pays or is paid: 0 under reverse charge."""
        return Decimal(0) if self.reverse_charge else self.rate


_QUARTER = Decimal("0.25")

VAT_TYPES = {
    kind.code: kind
    for kind in (
        VatType("U25", "Salgsmoms", _QUARTER, SALES_VAT, sale=True),
        VatType("UVC", "Salg til udlandet uden moms", Decimal(0), SALES_VAT, sale=True),
        VatType("KUNS", "Salg af egen kunst", Decimal("0.05"), SALES_VAT, sale=True),
        VatType("I25", "Købsmoms", _QUARTER, PURCHASE_VAT, region="DK"),
        VatType("IEUV", "Varekøb i EU", _QUARTER, VAT_OF_GOODS_ABROAD, region="EU", reverse_charge=True),
        VatType("IEUY", "Ydelseskøb i EU", _QUARTER, VAT_OF_SERVICES_ABROAD, region="EU", reverse_charge=True),
        VatType("IVV", "Varekøb uden for EU", _QUARTER, VAT_OF_GOODS_ABROAD, region="World", reverse_charge=True),
        VatType("IVY", "Ydelseskøb uden for EU", _QUARTER, VAT_OF_SERVICES_ABROAD, region="World", reverse_charge=True),
    )
}
