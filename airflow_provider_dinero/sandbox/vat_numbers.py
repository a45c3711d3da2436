"""VAT numbers of companies: Danish ones are checked, foreign ones only if a switch says so."""

from __future__ import annotations

import re

from airflow_provider_dinero.sandbox.calls import Call
from airflow_provider_dinero.sandbox.countries import vat_region

WEIGHTS = (2, 7, 6, 5, 4, 3, 2, 1)
# VIES starts a number with the country's key, except for Greece.
PREFIXES = {"GR": "EL"}


def vat_number_problem(call: Call, country: str, number: str) -> str | None:
    """Return why a contact can't have a VAT number, None if it can.

    Dinero refuses 12345678, whose check digit is wrong (measured). The documents don't mention spaces or a "DK" before
    the digits: they are refused, so that no client comes to rely on them.

    :param country: the contact's CountryKey
    :param number: the number as it was written
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
