"""The values in a path, checked: organization numbers, Guids and a few others."""

import re
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from urllib.parse import quote
from uuid import UUID

from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroInvalidBody

# The form of path values that aren't Guids, and their description.
ID = "[0-9A-Za-z-]{1,64}"
_ID = (re.compile(ID), "an id")
_OTHERS = {
    "fileGuid": _ID,
    "id": _ID,
    "timestamp": (re.compile(r"[0-9A-Za-z+/=]{1,64}"), "a Timestamp"),
    "accountingYear": (re.compile(r"\w(?:[\w/ .-]{0,30}\w)?", re.ASCII), "the Name of an accounting year"),
    "documentType": (re.compile(r"[A-Za-z]{1,64}"), "a type of document, such as Invoice"),
    "fileName": (re.compile(r"(?!\.\.?$)[^/\\\x00-\x1f\x7f\ud800-\udfff]{1,255}"), "a file name without path"),
}


def organization_number(given: int | str | None, allowed: Collection[int]) -> int:
    """Return the number of an organization.

    :param given: int, or digits as str
    :param allowed: collection of int; empty allows all
    :raises DineroConfigurationError: it is missing, not a number, or not allowed
    """
    if given is None or given == "":
        raise DineroConfigurationError(
            "No organization was given.",
            "Set organization_id in the connection, or in the operator, sensor, hook or client.",
            settings=("organization_id",),
        )
    text = str(given).strip()
    if not re.fullmatch(r"0*[1-9][0-9]{0,17}", text):
        raise DineroConfigurationError(
            f"{text[:80]!r} is not an organization id.",
            "It is a number: see the bottom left of Dinero, or the address of its pages.",
        )
    number = int(text)
    if allowed and number not in allowed:
        raise DineroConfigurationError(
            f"The connection does not allow organization {number}.",
            "See allowed_organizations in the connection.",
            settings=("allowed_organizations",),
        )
    return number


def fill(path: str, values: Mapping[str, object | Callable[[], object]]) -> str:
    """Return an operation's path with its values filled in.

    :param path: str, as in the documents
    :param values: mapping of name to value, or to a callable for a value that is only computed if needed
    :raises DineroInvalidBody: a value isn't a Guid
    """

    def value(match: re.Match[str]) -> str:
        name = match[1]
        given = values[name]
        if name == "organizationId" and callable(given):
            return str(given())
        form, what = _OTHERS.get(name, (None, "an id"))
        if form and form.fullmatch(str(given)):
            return quote(str(given), safe="")
        if not form:
            with suppress(ValueError):
                return str(UUID(str(given)))
        raise DineroInvalidBody(
            f"{name}: {str(given)[:80]!r} is not {what}.",
            "The template rendered to nothing: does its task run before this one, and return a value?"
            if given in (None, "", "None")
            else "Nothing was sent."
            if form
            else "Pass the Guid, not the Number; nothing was sent.",
        )

    return re.sub(r"\{(\w+)\}", value, path)
