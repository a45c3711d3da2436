"""The countries of ISO 3166-1, with their names from Unicode's CLDR and their VAT region by Danish rules.

Undocumented: which countries Dinero has, and their English names.
"""

import csv
from importlib.resources import files

# fmt: off
_EU = {
    "AT", "BE", "BG", "CY", "CZ", "DE", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
    "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
}
# fmt: on

_TABLE = files("airflow_provider_dinero").joinpath("sandbox/countries.csv").read_text(encoding="utf-8")
# By key: Danish name, English name.
COUNTRIES = {row["key"]: (row["danish_name"], row["english_name"]) for row in csv.DictReader(_TABLE.splitlines())}


def vat_region(country: str) -> str:
    """Return DK, EU or World."""
    if country == "DK":
        return "DK"
    return "EU" if country in _EU else "World"
