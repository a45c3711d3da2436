"""Amounts of money in logs and XComs."""

from decimal import Decimal
from typing import Any


def amount(value: Any) -> str:
    """Return an amount as text with two decimals, as in the docs and XComs: 1543.13.

    :param value: Decimal, int, or text
    """
    from airflow_provider_dinero.api.bodies.numbers import written

    return written(Decimal(str(value)), ".2f")


def money(value: Any, currency: str = "DKK") -> str:
    """Return an amount with its currency: 1543.13 DKK.

    :param value: Decimal, int, or text
    :param currency: str; default DKK
    """
    return f"{amount(value)} {currency}"
