"""A few countries with the VAT region that Danish rules give them."""

from __future__ import annotations

_EU = {
    "AT": ("Østrig", "Austria"),
    "BE": ("Belgien", "Belgium"),
    "BG": ("Bulgarien", "Bulgaria"),
    "CY": ("Cypern", "Cyprus"),
    "CZ": ("Tjekkiet", "Czechia"),
    "DE": ("Tyskland", "Germany"),
    "EE": ("Estland", "Estonia"),
    "ES": ("Spanien", "Spain"),
    "FI": ("Finland", "Finland"),
    "FR": ("Frankrig", "France"),
    "GR": ("Grækenland", "Greece"),
    "HR": ("Kroatien", "Croatia"),
    "HU": ("Ungarn", "Hungary"),
    "IE": ("Irland", "Ireland"),
    "IT": ("Italien", "Italy"),
    "LT": ("Litauen", "Lithuania"),
    "LU": ("Luxembourg", "Luxembourg"),
    "LV": ("Letland", "Latvia"),
    "MT": ("Malta", "Malta"),
    "NL": ("Holland", "Netherlands"),
    "PL": ("Polen", "Poland"),
    "PT": ("Portugal", "Portugal"),
    "RO": ("Rumænien", "Romania"),
    "SE": ("Sverige", "Sweden"),
    "SI": ("Slovenien", "Slovenia"),
    "SK": ("Slovakiet", "Slovakia"),
}

COUNTRIES = {
    "DK": ("Danmark", "Denmark"),
    **_EU,
    "CH": ("Schweiz", "Switzerland"),
    "FO": ("Færøerne", "Faroe Islands"),
    "GB": ("Storbritannien", "United Kingdom"),
    "GL": ("Grønland", "Greenland"),
    "IS": ("Island", "Iceland"),
    "NO": ("Norge", "Norway"),
    "US": ("USA", "United States"),
}


def vat_region(country: str) -> str:
    """DK, EU or World."""
    if country == "DK":
        return "DK"
    return "EU" if country in _EU else "World"
