"""The currencies of the European Central Bank's list, and the value of one unit of each in Danish kroner.

Dinero uses "the day's exchange rate". The sandbox has one rate for every day, so that a test can compute with it: round
figures for EUR, GBP, NOK, SEK and USD, and the ECB's rates of 2 January 2026, to four digits, for the others.
"""

import csv
from decimal import Decimal
from importlib.resources import files

from airflow_provider_dinero.sandbox.errors import ApiError, invalid

_TABLE = files("airflow_provider_dinero").joinpath("sandbox/rates.csv").read_text(encoding="utf-8")
DKK_RATES = {row["currency"]: Decimal(row["dkk"]) for row in csv.DictReader(_TABLE.splitlines())}


def unknown_currency(path: str, code: str) -> ApiError:
    """Return the error for a currency without a rate.

    :param path: the property
    :param code: the code as it was written
    """
    return invalid(path, f"Unknown currency {code}.")
