"""What Dinero's answers say: JSON with amounts as Decimal, and the error bodies, read leniently."""

from collections.abc import Mapping
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from airflow_provider_dinero.api.amounts import AMOUNTS
from airflow_provider_dinero.api.codes import refusal
from airflow_provider_dinero.api.errors import DineroError, DineroUnauthorized, DineroUnexpectedAnswer

if TYPE_CHECKING:
    from airflow_provider_dinero.api.operations import Operation

LONGEST_MESSAGE = 300
# As exact as Decimal(text), and faster: it takes its argument without ado.
_DECIMAL = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN).create_decimal


class Answer(NamedTuple):
    """An answer, read to its end.

    :param status: int, the HTTP status
    :param headers: mapping that ignores case
    :param content: bytes, the body; empty when it went into a file
    :param host: str, who answered
    """

    status: int
    headers: Mapping[str, str]
    content: bytes
    host: str

    @property
    def is_html(self) -> bool:
        """Whether it is a page for people."""
        return "html" in self.headers.get("Content-Type", "")


def decode(operation: "Operation", answer: Answer) -> Any:
    """Return the JSON of an answer, with amounts as Decimal; None when it is empty.

    :param operation: Operation, named in the error
    :param answer: Answer
    :raises DineroUnexpectedAnswer: when it isn't JSON
    """
    import msgspec

    if not answer.content:
        return None
    try:
        content = msgspec.json.Decoder(float_hook=_DECIMAL).decode(answer.content)
    except msgspec.DecodeError as error:
        raise DineroUnexpectedAnswer(
            f"{answer.host} answered {operation} with something that is not JSON: {error}.",
            "Check that the host of the connection is Dinero's API.",
        ) from error
    _exact_rows(content) if operation.paginated else _exact(content)
    return content


def _exact(value: Any) -> None:
    """Make whole amounts Decimal too: Dinero writes 100 as it writes 100.5."""
    if isinstance(value, list):
        for each in value:
            _exact(each)
    elif isinstance(value, dict):
        for name, inner in value.items():
            kind = inner.__class__
            if kind is int:
                if name in AMOUNTS:
                    value[name] = Decimal(inner)
            elif kind is list or kind is dict:
                _exact(inner)


def _exact_rows(page: Any) -> None:
    """Do the same to a page of a list, fast: its rows are flat, and have the same properties."""
    rows = page.get("Collection") if isinstance(page, dict) else page
    if not rows or not isinstance(rows, list) or not isinstance(rows[0], dict):
        return
    try:
        for name in AMOUNTS.intersection(rows[0]):
            for row in rows:
                if row[name].__class__ is int:
                    row[name] = Decimal(row[name])
    except KeyError:  # not the same properties after all
        _exact(rows)


def refused(operation: str, answer: Answer) -> DineroError:
    """Return the error for an answer of 4xx, whatever form its body has.

    :param operation: str, method and path
    :param answer: Answer
    """
    body = _lenient(answer)
    if not isinstance(body, dict):
        body = {"message": str(body or "")}
    said = str(body.get("message") or body.get("title") or body.get("error") or "")[:LONGEST_MESSAGE]
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
    return refusal(operation, answer.status, code if isinstance(code, int) else None, said, validation)


def unexpected(operation: str, answer: Answer) -> DineroError:
    """Return the error for an answer that is neither a success nor a refusal, such as a redirect."""
    there = urlsplit(answer.headers.get("Location", "")).netloc
    return DineroUnexpectedAnswer(
        f"{answer.host} answered {operation} with HTTP {answer.status}"
        + (f", to {there}; a token is not sent to another host." if there else "."),
        "Check the host of the connection.",
    )


def _lenient(answer: Answer) -> Any:
    """Return the body as JSON, else as a short text, else None: 404 routes, 429 and 5xx may be HTML or plain text."""
    import msgspec

    try:
        return msgspec.json.decode(answer.content)
    except msgspec.DecodeError:
        if answer.is_html:
            return "the answer is an HTML page"
        return answer.content.decode(errors="replace")[:LONGEST_MESSAGE] or None
