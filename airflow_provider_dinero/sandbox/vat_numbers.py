"""The numbers of companies: a Danish one is checked; one from abroad only if a switch says so."""

from __future__ import annotations

import re

from airflow_provider_dinero.sandbox.calls import Call
from airflow_provider_dinero.sandbox.countries import vat_region

WEIGHTS = (2, 7, 6, 5, 4, 3, 2, 1)
# VIES begins a number with the country's key, but for Greece.
PREFIXES = {"GR": "EL"}


def vat_number_problem(call: Call, country: str, number: str) -> str | None:
    """Why a contact can't have a VAT number, None if it can.

    Dinero was seen to refuse 12345678, whose check digit is wrong. Documents silent on spaces and on a "DK" before the
    digits: refused, so that no client gets used to them.

    :param country: the contact's CountryKey
    :param number: as it was written
    """
    if country == "DK":
        digits = [int(digit) for digit in number] if re.fullmatch(r"[0-9]{8}", number) else []
        if not digits or sum(digit * weight for digit, weight in zip(digits, WEIGHTS, strict=True)) % 11:
            return f"{number} is not a valid CVR number."
    elif call.settings.foreign_vat_numbers == "checked" and vat_region(country) == "EU":
        prefix = PREFIXES.get(country, country)
        if not re.fullmatch(f"{prefix}[0-9A-Z+*]{{2,12}}", number):
            return f"{number} is not a valid VAT number of {country}."
    return None
