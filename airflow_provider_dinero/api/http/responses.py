"""Dinero's responses and error bodies, read leniently."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from airflow_provider_dinero.api.codes import refusal
from airflow_provider_dinero.api.errors import (
    DineroError,
    DineroUnauthorized,
    DineroUnavailable,
    DineroUnexpectedAnswer,
)

# Limits on text from elsewhere: characters, reasons of a validation, and the range of codes.
LONGEST_MESSAGE = 300
MOST_REASONS = 20
LARGEST_CODE = 9999
# The start of Dinero's own 429, according to the documents.
QUOTA = b"API calls quota exceeded"


class Response(NamedTuple):
    """A response, decoded as far as possible.

    :param status: int, the HTTP status
    :param headers: mapping that ignores case
    :param content: bytes, the body; empty if it went into a file
    :param host: str, the host that responded
    :param value: the JSON of a success: dicts and lists, amounts as Decimal; None if there is none
    :param flaw: str, why it is not complete, for use in a sentence; default empty: it is complete
    :param cut: bool, whether some of it is missing
    :param too_large: bool, whether it exceeds the limit
    :param seconds: float, from sending the request to the end of the response
    """

    status: int
    headers: Mapping[str, str]
    content: bytes
    host: str
    value: Any = None
    flaw: str = ""
    cut: bool = False
    too_large: bool = False
    seconds: float = 0.0

    @property
    def is_page(self) -> bool:
        """Whether it is a page for people. JSON is recognized by parsing it, whatever its content type."""
        begin = self.content[:100].lstrip()
        return begin.startswith(b"<") or ("html" in self.headers.get("Content-Type", "") and begin[:1] not in b"{[")

    @property
    def is_foreign(self) -> bool:
        """Whether it isn't Dinero's own response, but comes from something between Dinero and us.

        A redirect; an HTML page; a 429 that doesn't start as Dinero's does. The sender may have passed on the request
        before. For errors 5xx the distinction doesn't matter: whoever sends one, a write may have been done.
        """
        if self.status == 429:
            return QUOTA not in self.content[:LONGEST_MESSAGE]
        return not 200 <= self.status < 300 and (self.status < 400 or self.is_page)


def refused(operation: str, answer: Response) -> DineroError:
    """Return the error for a 4xx response, whatever the form of its body.

    :param operation: str, method and path
    :param answer: Response
    """
    body = _lenient(answer)
    if not isinstance(body, dict):
        body = {"message": str(body or "")}
    said = clean(body.get("message") or body.get("title") or body.get("error") or "")
    if answer.status == 401:
        return DineroUnauthorized(
            f"Dinero rejected a new token for {operation} (HTTP 401).",
            "Check that the connection's credentials belong to this host.",
            status=401,
            said=said,
        )
    code = body.get("code")
    validation = body.get("validationErrors")
    if not isinstance(validation, dict):
        listed = body.get("errorMessageList")
        members = [member for member in listed if isinstance(member, dict)] if isinstance(listed, list) else []
        validation = {str(member.get("Code")): member.get("Message") for member in members}
    reasons = {clean(name): clean(reason) for name, reason in list(validation.items())[:MOST_REASONS]}
    known = isinstance(code, int) and 0 < code <= LARGEST_CODE
    return refusal(operation, answer.status, code if known else None, said, reasons)


def unexpected(operation: str, answer: Response) -> DineroError:
    """Return the error for a response that is neither a success nor a refusal, such as a redirect."""
    there = ""
    with suppress(ValueError):  # it may not be an address
        there = clean(urlsplit(answer.headers.get("Location", "")).netloc)
    return DineroUnexpectedAnswer(
        f"{answer.host} answered {operation} with HTTP {answer.status}"
        + (f", to {there}; a token is never sent to another host." if there else "."),
        "Check the host of the connection.",
    )


def flawed(operation: str, answer: Response, told: str) -> DineroError:
    """Return the error for a success that never arrived complete.

    :param operation: str, method and path
    :param answer: Response
    :param told: str, what arrived, and how many attempts there were
    """
    if answer.cut:
        return DineroUnavailable(f"{answer.host} answered {operation} with {told}.", "Try again later.")
    advice = "Request less data." if answer.too_large else "Check that the host of the connection is Dinero's API."
    return DineroUnexpectedAnswer(f"{answer.host} answered {operation} with {told}.", advice)


def clean(text: object) -> str:
    """Return text from elsewhere in a form that fits a message: one short line without control characters.

    :param text: str, or any other value
    """
    said = text if isinstance(text, str) else str(text)
    said = "".join(each if each.isprintable() else " " for each in said[: 2 * LONGEST_MESSAGE])
    return said[:LONGEST_MESSAGE].strip()


def _lenient(answer: Response) -> Any:
    """Return the body as JSON, else as a short text, else None: 404 routes, 429 and 5xx may be HTML or plain text."""
    import msgspec

    try:
        return msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        if answer.is_page:
            return "the response is an HTML page"
        return answer.content[:LONGEST_MESSAGE].decode(errors="replace") or None
