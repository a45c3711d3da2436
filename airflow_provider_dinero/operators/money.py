"""Amounts of money in logs."""

from decimal import Decimal
from typing import Any

from airflow_provider_dinero.api.bodies.numbers import written


def money(amount: Any, currency: str = "DKK") -> str:
    """Return an amount as in the docs and XComs, with its currency: 1543.13 DKK.

    :param amount: Decimal, int, or text
    :param currency: str; default DKK
    """
    return f"{written(Decimal(str(amount)), '.2f')} {currency}"
