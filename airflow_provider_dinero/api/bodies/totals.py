"""The expected total of a document, to the øre."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from airflow_provider_dinero.api.bodies.numbers import money, written
from airflow_provider_dinero.api.errors import DineroInvalidBody, DineroWrongTotal

# The description of a rounding line, in the languages of documents.
ROUNDING = {"da-DK": "Øreafrunding", "en-GB": "Rounding"}


@dataclass(frozen=True)
class ExpectedTotal:
    """The expected total of a document, in its own currency and including VAT.

    :param total: Decimal
    :param rounding_account: int or None, the account of a rounding line for a small difference; default None
    :param max_rounding: Decimal, the largest such difference; default 0
    :param roundable: bool, whether the author can pass a rounding_account, which the error then mentions; default True
    """

    total: Decimal
    rounding_account: int | None = None
    max_rounding: Decimal = Decimal(0)
    roundable: bool = True

    def require(self, what: str, document: Mapping[str, Any]) -> None:
        """Check that a document has this total.

        :param what: str, the name of the document in the error
        :param document: mapping with its total, as Dinero returns it
        :raises DineroWrongTotal: it has another total; the error has both totals and the VAT
        """
        there = total_of(document)
        if there == self.total:
            return
        currency = document.get("Currency") or document.get("CurrencyKey") or "DKK"
        raise DineroWrongTotal(
            f"{what} comes to {written(there, '.2f')} {currency}{_split(document)}, but {written(self.total, '.2f')} "
            f"is expected: a difference of {written(self.total - there, '+.2f')}.",
            self._advice(document, currency),
        )

    def rounded_lines(self, document: Mapping[str, Any], body: Mapping[str, Any]) -> list[Any] | None:
        """Return the lines with which a document has this total; None if it already has it, or can't be rounded to it.

        :param document: mapping, as Dinero returns it, or the preview of it
        :param body: mapping that the document was created from, without a rounding line
        """
        difference = self.total - total_of(document)
        if self.rounding_account is None or not difference:
            return None
        if self.rounded_before(body, document) is not body:  # without the earlier rounding line
            difference += document["ProductLines"][-1]["TotalAmountInclVat"]
        if not difference:
            return list(body["ProductLines"])
        if abs(difference) > self.max_rounding:
            return None
        line = {
            "Description": ROUNDING.get(str(document.get("Language")), ROUNDING["da-DK"]),
            "BaseAmountValue": difference,
            "Quantity": 1,
            "Unit": "parts",
            "AccountNumber": self.rounding_account,
        }
        return [*body["ProductLines"], line]

    def rounded_before(self, body: Mapping[str, Any], existing: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a body with the rounding line that an earlier attempt added to its document, if there is one.

        :param body: mapping, the checked body
        :param existing: mapping, the document as Dinero returns it
        """
        lines, there = body.get("ProductLines") or [], existing.get("ProductLines") or []
        if self.rounding_account is None or len(there) != len(lines) + 1:
            return body
        last = there[-1]
        ours = last["AccountNumber"] == self.rounding_account and last["Description"] in ROUNDING.values()
        if not ours or abs(last["BaseAmountValue"]) > self.max_rounding:
            return body
        names = ("Description", "Quantity", "AccountNumber", "Unit")
        return {**body, "ProductLines": [*lines, {name: last[name] for name in names}]}

    def _advice(self, document: Mapping[str, Any], currency: str) -> str:
        if document.get("Number") and document.get("Status") not in {None, "Draft", "Editing"}:
            return "It is booked and stays as it is: correct the expected total, or credit the document."
        net, _ = _parts(document)
        if net == self.total:
            net_prices = not document.get("ShowLinesInclVat", True)  # those of vouchers always include VAT
            gross = ", or set ShowLinesInclVat if the prices of the lines include it" if net_prices else ""
            return f"The document wasn't booked. The expected total is without VAT: add the VAT{gross}. Run it again."
        discounted = any(Decimal(line.get("Discount") or 0) for line in document.get("ProductLines") or ())
        percent = " (their Discount is in percent)" if discounted else ""
        return (
            f"The document wasn't booked. Correct its lines{percent} or the expected total, which is in {currency} and "
            f"includes VAT, and run it again{self._way_out()}."
        )

    def _way_out(self) -> str:
        if self.rounding_account is not None:
            return f": it is more than max_rounding, {written(self.max_rounding, '.2f')}"
        small = ", or pass rounding_account and max_rounding to put a small difference on a line of its own"
        return small if self.roundable else ""


def expected(
    total: Any,
    rounding_account: int | None = None,
    max_rounding: Any = None,
    *,
    name: str = "expected_total",
    roundable: bool = True,
) -> ExpectedTotal | None:
    """Return the total that an author expects, or None.

    :param total: Decimal, int, str such as "1543.13", or None
    :param rounding_account: int or None; default None
    :param max_rounding: as total; required with a rounding_account
    :param name: str, the author's name for the total
    :param roundable: bool, whether the author can pass a rounding_account; default True
    :raises DineroInvalidBody: an amount is invalid, or an argument is given without the one that it needs
    """
    if total is None:
        if rounding_account is not None or max_rounding is not None:
            raise DineroInvalidBody(
                f"There is a rounding_account or a max_rounding, but no {name}.", "Pass it; nothing was sent."
            )
        return None
    if (rounding_account is None) != (max_rounding is None):
        raise DineroInvalidBody("rounding_account and max_rounding go together.", "Pass both; nothing was sent.")
    most = Decimal(0) if max_rounding is None else money("max_rounding", max_rounding)
    if most < 0 or (max_rounding is not None and not most):
        raise DineroInvalidBody(f"max_rounding is {most}, but must be above 0.", "Nothing was sent.")
    return ExpectedTotal(money(name, total), rounding_account, most, roundable)


def total_of(document: Mapping[str, Any]) -> Decimal:
    """Return the total of a document, including VAT.

    :param document: mapping: a sales document, or a voucher with its totals by type
    """
    if "TotalInclVat" in document:
        return Decimal(document["TotalInclVat"])
    return _by_type(document).get("Total", Decimal(0))


def _by_type(document: Mapping[str, Any]) -> dict[str, Decimal]:
    totals = document.get("VoucherTotals") or document.get("Totals") or ()
    found: dict[str, Decimal] = {}
    for each in totals:
        found[each["Type"]] = found.get(each["Type"], Decimal(0)) + Decimal(each["Total"])
    return found


def _parts(document: Mapping[str, Any]) -> tuple[Decimal | None, Decimal]:
    """Return the net amount of a document, or None if it isn't known, and its VAT."""
    net, vat = document.get("TotalExclVat"), document.get("TotalVat")
    if vat is None and net is not None:
        vat = total_of(document) - net
    if net is None:
        by_type = _by_type(document)
        net, vat = by_type.get("SubTotal"), by_type.get("Vat")
    return None if net is None else Decimal(net), Decimal(vat or 0)


def _split(document: Mapping[str, Any]) -> str:
    """Return how the total splits into net and VAT, if that is known."""
    net, vat = _parts(document)
    return "" if net is None else f" ({written(net, '.2f')} and VAT of {written(vat, '.2f')})"


def require_both_amounts(payment: Mapping[str, Any], currency: str) -> None:
    """Check that a payment in a foreign currency has its amount in DKK and in that currency, before booking.

    :param payment: mapping
    :param currency: str, the currency of the document
    :raises DineroInvalidBody: one of the two is missing
    """
    missing = [name for name in ("Amount", "AmountInForeignCurrency") if payment.get(name) is None]
    if currency != "DKK" and missing:
        raise DineroInvalidBody(
            "payment: this must have an Amount in DKK, and an AmountInForeignCurrency, which is the part of the "
            f"{currency} total that it pays; {' and '.join(missing)} is missing.",
            f"The document is in {currency}. Nothing was sent.",
        )
