"""The due date of an invoice: by the terms in its body, else of the contact, else of the settings (Netto, 8 days)."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

from airflow_provider_dinero.sandbox.answers import JsonObject
from airflow_provider_dinero.sandbox.errors import invalid

SETTINGS_TYPE, SETTINGS_DAYS = "Netto", 8
WITHOUT_DAYS = ("NettoCash", "Paid")


def terms(body: JsonObject, contact: JsonObject | None) -> tuple[str, int]:
    """Return the payment condition type and its days, 0 for types without days.

    :param body: the invoice
    :param contact: its contact
    """
    kind, days = body["PaymentConditionType"], body["PaymentConditionNumberOfDays"]
    if kind is None and days is None and contact:
        kind, days = contact["PaymentConditionType"], contact["PaymentConditionNumberOfDays"]
    kind = kind or SETTINGS_TYPE
    if kind in WITHOUT_DAYS:
        if days is not None:
            raise invalid("PaymentConditionNumberOfDays", f"Must be null with {kind}.")
        return kind, 0
    if days is not None and days < 0:
        raise invalid("PaymentConditionNumberOfDays", "Must not be negative.")
    return kind, SETTINGS_DAYS if days is None else days


def due(day: date, kind: str, days: int) -> date:
    """Return the last day to pay. The documents only name the types; this is their usual meaning in Denmark.

    :param day: the invoice's date
    :param kind: ``Netto``, ``CurrentMonthOut``, ``NettoCash`` or ``Paid``
    :param days: days after the date, or after the end of the month
    """
    if kind in WITHOUT_DAYS:
        return day
    start = day.replace(day=monthrange(day.year, day.month)[1]) if kind == "CurrentMonthOut" else day
    try:
        return start + timedelta(days=days)
    except OverflowError:
        raise invalid("PaymentConditionNumberOfDays", "The due date is out of range.") from None
