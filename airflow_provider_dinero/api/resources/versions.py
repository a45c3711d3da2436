"""What versions of a document have to do with: their Timestamps, and what a refusal of one says."""

from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_dinero.api.bodies.validation import CheckedBody, check
from airflow_provider_dinero.api.errors import DineroNotFound, DineroRefused, DineroStaleTimestamp
from airflow_provider_dinero.api.resources.base import Row

DELETED_CODE = 65  # error code: the document was deleted
NO_YEAR_CODE = 47  # error code: the date is in no accounting year


def check_stamped(model: str, body: Mapping[str, Any], timestamp: str | None = None) -> CheckedBody:
    """Return a checked body with a Timestamp.

    :param model: str
    :param body: mapping; its own Timestamp is left out
    :param timestamp: str or None; default none, not known yet
    """
    stamp = {"Timestamp": timestamp or "the latest"}
    if isinstance(body, CheckedBody) and body.model == model:
        return body | stamp
    checked: CheckedBody = check(
        model, {**{name: value for name, value in body.items() if name not in ("Timestamp", "TimeStamp")}, **stamp}
    )
    return checked


def both_versions(error: DineroStaleTimestamp, known: str, there: str) -> DineroStaleTimestamp:
    """Return the error with both versions, the one that you know and the present one.

    :param error: DineroStaleTimestamp, from Dinero's response
    :param known: str, the Timestamp that was sent
    :param there: str, the latest
    """
    told = f"Dinero refused the version {known}: somebody has changed the document, it now has version {there}."
    return DineroStaleTimestamp(
        told, error.advice, status=error.status, code=error.code, validation=error.validation, said=error.said
    )


def without_year(error: DineroNotFound, read: Callable[[], Mapping[str, Any]]) -> DineroNotFound:
    """Return the error of a date in a closed or missing year, with the date and the year.

    :param error: DineroNotFound
    :param read: callable that returns what has the date, as Date, VoucherDate or PaymentDate
    """
    if error.code != NO_YEAR_CODE:
        return error
    found = read()
    day = next((str(found[name])[:10] for name in ("Date", "VoucherDate", "PaymentDate") if found.get(name)), None)
    if day is None:
        return error
    why = f"the accounting year {day[:4]} is closed, or doesn't exist (code {error.code}: {error.said})"
    return DineroNotFound(
        f"Dinero refused the date {day}: {why}.",
        "Use a date in an open year, or create the year in Dinero, and run it again.",
        status=error.status,
        code=error.code,
        validation=error.validation,
        said=error.said,
    )


def gone(read: Callable[[], Row]) -> bool | None:
    """Tell whether a document is gone: True, or None while it exists.

    :param read: callable that reads it
    """
    try:
        return bool(read().get("DeletedAt")) or None
    except DineroRefused as error:
        if isinstance(error, DineroNotFound) or error.code == DELETED_CODE:
            return True
        raise
