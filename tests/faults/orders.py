"""The orders of `lists.py`: two lists that overlap."""

from typing import Any

ORDERS = range(9)
LISTS = (list(ORDERS[:6]), list(ORDERS[:2:-1]))  # three of each are the other's too, in another order
CUSTOMERS = 3
PAYMENT = {"DepositAccountNumber": 55000, "Description": "Card"}


def listed(at: int, prefix: str) -> list[dict[str, Any]]:
    """Return the orders of a list.

    :param at: int, which one
    :param prefix: str, for the keys
    """
    return [order(number, prefix) for number in LISTS[at]]


def order(number: int, prefix: str) -> dict[str, Any]:
    """Return an order of one of three customers."""
    customer = f"{prefix}customer-{number % CUSTOMERS}"
    return {
        "idempotency_key": f"{prefix}order-{number}",
        "contact": {
            "ExternalReference": customer, "Name": customer, "CountryKey": "DK", "IsPerson": True,
            "Email": f"customer-{number % CUSTOMERS}@example.dk",
        },
        "invoice": {
            "ExternalReference": f"{prefix}order-{number}",
            "ProductLines": [
                {
                    "Description": "Bell", "Quantity": 1 + number, "BaseAmountValue": "80", "Unit": "parts",
                    "AccountNumber": 1000,
                }
            ],
        },
        "expected_total": f"{100 * (1 + number)}.00",
    }  # fmt: skip
