"""What Dinero's answers say, and the error bodies, read leniently."""

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

# Characters of what somebody else says, reasons of a validation, and the codes that there can be.
LONGEST_MESSAGE = 300
MOST_REASONS = 20
LARGEST_CODE = 9999
# How Dinero's own 429 begins, by its documents.
QUOTA = b"API calls quota exceeded"


class Response(NamedTuple):
    """An answer, read as far as it could be.

    :param status: int, the HTTP status
    :param headers: mapping that ignores case
    :param content: bytes, the body; empty when it went into a file
    :param host: str, who answered
    :param value: the JSON of a success: dicts and lists, amounts as Decimal; None where there is none
    :param flaw: str, what keeps it from being whole, for a sentence; default empty: it is whole
    :param cut: bool, some of it is missing
    :param too_large: bool, it is larger than is read
    """

    status: int
    headers: Mapping[str, str]
    content: bytes
    host: str
    value: Any = None
    flaw: str = ""
    cut: bool = False
    too_large: bool = False

    @property
    def is_page(self) -> bool:
        """Whether it is a page for people. JSON is told by parsing it, whatever its type says."""
        begin = self.content[:100].lstrip()
        return begin.startswith(b"<") or ("html" in self.headers.get("Content-Type", "") and begin[:1] not in b"{[")

    @property
    def is_foreign(self) -> bool:
        """Whether it is not Dinero's own word on what it was asked: somebody between Dinero and us says this.

        A redirect; an HTML page; a 429 that doesn't begin as Dinero's does. Whoever says so may have passed the request
        on before. Errors 5xx needn't be told apart: a write that ends with one may have been done, whoever says it.
        """
        if self.status == 429:
            return QUOTA not in self.content[:LONGEST_MESSAGE]
        return not 200 <= self.status < 300 and (self.status < 400 or self.is_page)


def refused(operation: str, answer: Response) -> DineroError:
    """Return the error for an answer of 4xx, whatever form its body has.

    :param operation: str, method and path
    :param answer: Response
    """
    body = _lenient(answer)
    if not isinstance(body, dict):
        body = {"message": str(body or "")}
    said = clean(body.get("message") or body.get("title") or body.get("error") or "")
    if answer.status == 401:
        return DineroUnauthorized(
            f"Dinero did not accept a new token for {operation} (HTTP 401).",
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
    """Return the error for an answer that is neither a success nor a refusal, such as a redirect."""
    there = ""
    with suppress(ValueError):  # it may be no address at all
        there = clean(urlsplit(answer.headers.get("Location", "")).netloc)
    return DineroUnexpectedAnswer(
        f"{answer.host} answered {operation} with HTTP {answer.status}"
        + (f", to {there}; a token is not sent to another host." if there else "."),
        "Check the host of the connection.",
    )


def flawed(operation: str, answer: Response, told: str) -> DineroError:
    """Return the error for a success that never came whole.

    :param operation: str, method and path
    :param answer: Response
    :param told: str, what came, and how often it was tried
    """
    if answer.cut:
        return DineroUnavailable(f"{answer.host} answered {operation} with {told}.", "Try later.")
    advice = "Ask for less." if answer.too_large else "Check that the host of the connection is Dinero's API."
    return DineroUnexpectedAnswer(f"{answer.host} answered {operation} with {told}.", advice)


def clean(text: object) -> str:
    """Return what somebody else says as a message can hold it: one line, without control characters, not long.

    :param text: str, or whatever was given instead
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
            return "the answer is an HTML page"
        return answer.content[:LONGEST_MESSAGE].decode(errors="replace") or None
