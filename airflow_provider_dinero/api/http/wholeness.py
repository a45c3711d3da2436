"""Whether an answer is whole: all of it came, it can be read, and it is what the operation answers with.

Whole means: the headers end with a blank line (`connection.py`); the body has its Content-Length, or its last chunk, or
it ends with the connection and is complete JSON. And the JSON has the shape that `shapes.py` gives for the operation.
An answer that isn't whole is lost: a read is sent again, and for a write `retry.py` decides as if the connection had
broken.

The limits of what is read: 64 MiB, as it is sent and unpacked (1 MiB of a refusal); values inside 64 others; numbers of
60 digits, up to 1E+60 and down to 1E-60; pages of at most 1000 rows.
"""

import zlib
from collections.abc import Iterable, Iterator
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow, Subnormal
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.api.bodies.amounts import AMOUNTS
from airflow_provider_dinero.api.http.responses import Response

if TYPE_CHECKING:
    import urllib3

    from airflow_provider_dinero.api.operations import Operation

LARGEST, LARGEST_REFUSAL = 64 * 2**20, 2**20
DEEPEST = 64
DIGITS = 60
LARGEST_PAGE = 1000
PIECE = 2**20
_AS_ZEROS = bytes(ord("0" if chr(each).isdecimal() else " ") for each in range(256))
# As exact as Decimal(text), and faster: it takes its argument without ado. What is beyond the limits is an error.
_DECIMAL = Context(DIGITS, Emin=-DIGITS, Emax=DIGITS, traps=[InvalidOperation, Overflow, Inexact, Subnormal])


class Flaw(Exception):
    """What keeps an answer from being whole.

    :param told: str, for a sentence: it was answered with ...
    :param cut: bool, some of it is missing, so that the same request may be answered well; default False
    :param too_large: bool, the same request would be answered with as much; default False
    """

    def __init__(self, told: str, *, cut: bool = False, too_large: bool = False) -> None:
        super().__init__(told)
        self.cut = cut
        self.too_large = too_large


def content_of(raw: "urllib3.HTTPResponse", limit: int) -> bytes:
    """Return the body of an answer, unpacked.

    :param raw: urllib3.HTTPResponse, of which nothing was read
    :param limit: int, bytes
    :raises Flaw: it is larger, or was packed wrongly
    """
    content = b"".join(limited(raw.stream(PIECE, decode_content=False), limit))
    packing = raw.headers.get("Content-Encoding", "identity").strip().lower()
    if packing == "identity" or not content:
        return content
    if packing not in {"gzip", "x-gzip"}:
        raise Flaw("content that is packed in a way that nobody asked for")
    return b"".join(limited(_unpacked(content), limit))


def limited(pieces: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """Yield pieces, no more than so many bytes in all.

    :param pieces: iterable of bytes
    :param limit: int
    :raises Flaw: there are more
    """
    left = limit
    for piece in pieces:
        left -= len(piece)
        if left < 0:
            raise Flaw(f"more than {limit // 2**20} MiB", too_large=True)
        yield piece


def _unpacked(content: bytes) -> Iterator[bytes]:
    gzip = zlib.decompressobj(zlib.MAX_WBITS + 16)
    try:
        while not gzip.eof:
            piece = gzip.decompress(content, PIECE)
            content = gzip.unconsumed_tail
            if not piece and not content and not gzip.eof:
                raise Flaw("packed content that is cut", cut=True)
            yield piece
    except zlib.error:
        raise Flaw("packed content that can't be unpacked") from None
    if gzip.unused_data:
        raise Flaw("packed content with something behind it")


def file_of(raw: "urllib3.HTTPResponse", answer: Response) -> Iterator[bytes]:
    """Yield the pieces of a file. Nothing but the framing tells whether it is whole.

    :param raw: urllib3.HTTPResponse, of which nothing was read
    :param answer: Response, as yet without content
    :raises Flaw: it isn't whole, or isn't a file
    """
    if "html" in answer.headers.get("Content-Type", ""):
        raise Flaw("an HTML page instead of a file")
    if not is_framed(raw) or answer.status == PARTIAL:
        raise Flaw("a file that doesn't tell its end", cut=True)
    if answer.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise Flaw("a file that is packed")
    empty = True
    for piece in limited(raw.stream(PIECE, decode_content=False), LARGEST):
        if empty and piece[:100].lstrip().lower().startswith((b"<!doctype", b"<html")):
            raise Flaw("an HTML page instead of a file")
        empty = False
        yield piece
    if empty:
        raise Flaw("a file without content", cut=True)


def is_framed(raw: "urllib3.HTTPResponse") -> bool:
    """Tell whether an answer says where it ends; else it ends with the connection.

    :param raw: urllib3.HTTPResponse, of which nothing was read
    """
    return raw.chunked or raw.length_remaining is not None


PARTIAL = 206


def value_of(operation: "Operation", answer: Response, *, framed: bool) -> Any:
    """Return the JSON of a success, with amounts as Decimal; None where there is none, and need be none.

    :param operation: Operation
    :param answer: Response, with its content
    :param framed: bool, as `is_framed` tells it
    :raises Flaw: it isn't whole
    """
    kind, naming = operation.shape
    if answer.status == PARTIAL:
        raise Flaw("a part of the content", cut=True)
    if not answer.content:
        if kind == "nothing":
            return None
        raise Flaw("no content", cut=True)
    value = decode(answer, framed=framed)
    if kind == "page":
        _require_page(value)
    elif kind != "nothing":
        _require_shape(value, kind, naming)
    return value


def decode(answer: Response, *, framed: bool = True) -> Any:
    """Return the JSON of an answer, with amounts as Decimal.

    :param answer: Response, with its content
    :param framed: bool, as `is_framed` tells it; default True
    :raises Flaw: it isn't JSON, or beyond the limits
    """
    import msgspec

    try:
        value = msgspec.json.Decoder(float_hook=_DECIMAL.create_decimal).decode(answer.content)
        if b"0" * (DIGITS + 1) in answer.content.translate(_AS_ZEROS):  # seldom, and it may be in a text
            _require_short(value, DEEPEST)
        rows = value.get("Collection") if isinstance(value, dict) else value
        _exact_rows(rows, answer.content) if isinstance(rows, list) else _exact(value, DEEPEST)
    except msgspec.DecodeError as error:
        told = "an HTML page" if answer.is_page else f"something that is not JSON: {error}"
        raise Flaw(told, cut=not answer.is_page and (not framed or "truncated" in str(error))) from None
    except UnicodeDecodeError:
        raise Flaw("text that is not UTF-8") from None
    except RecursionError:
        raise Flaw(f"values inside more than {DEEPEST} others") from None
    except (ArithmeticError, ValueError):
        raise Flaw(f"a number of more than {DIGITS} digits, or beyond 1E±{DIGITS}") from None
    return value


def _require_short(value: Any, left: int) -> None:
    """Make sure that no whole number is beyond the limit: one of 5000 digits can't even be written out."""
    if not left:
        raise RecursionError
    if type(value) is int and abs(value) >= 10**DIGITS:
        raise ValueError("a number of too many digits")
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _require_short(inner, left - 1)


def _exact(value: Any, left: int) -> None:
    """Make whole amounts Decimal too: Dinero writes 100 as it writes 100.5."""
    if not left:
        raise RecursionError
    if isinstance(value, list):
        for each in value:
            _exact(each, left - 1)
    elif isinstance(value, dict):
        for name, inner in value.items():
            kind = inner.__class__
            if kind is int:
                if name in AMOUNTS:
                    value[name] = Decimal(inner)
            elif kind is list or kind is dict:
                _exact(inner, left - 1)


def _exact_rows(rows: list[Any], content: bytes) -> None:
    """Do the same to a list, fast where its rows are flat and have the same properties."""
    flat = content.count(b"{") + content.count(b"[") < len(rows) + DEEPEST
    if not flat or not rows or not isinstance(rows[0], dict):
        _exact(rows, DEEPEST)
        return
    try:
        for name in AMOUNTS.intersection(rows[0]):
            for row in rows:
                if row[name].__class__ is int:
                    row[name] = Decimal(row[name])
    except (KeyError, TypeError):  # not the same properties after all
        _exact(rows, DEEPEST)


def _require_shape(value: Any, kind: str, naming: str) -> None:
    """Make sure that a value is what an operation answers with."""
    found = "object" if isinstance(value, dict) else "array" if isinstance(value, list) else "single value"
    if found not in kind:
        raise Flaw(f"an {found} instead of an {kind}".replace("an single", "a single"))
    rows = value if isinstance(value, list) else [value]
    if not all(isinstance(each, str if kind == "array of texts" else dict) for each in rows):
        raise Flaw("an array of something else")
    if naming and not all(naming in row for row in rows):
        raise Flaw(f"an object without {naming}")
    if naming.endswith(("Guid", "Id")) and not all(isinstance(row[naming], str | int) for row in rows):
        raise Flaw(f"an object whose {naming} names nothing")


def _require_page(page: Any) -> None:
    """Make sure that a page of a list has rows, and counts that can be."""
    if not isinstance(page, dict):  # a bare array, taken for a page, would say that there is nothing
        raise Flaw("an array or a single value instead of a page")
    _require_shape(page.get("Collection"), "array", "")
    pagination = page.get("Pagination") or {}
    if not isinstance(pagination, dict):
        raise Flaw("a page whose Pagination is not an object")
    for name, most in (("PageSize", LARGEST_PAGE), ("ResultWithoutFilter", 2**63)):
        number = pagination.get(name) or 0
        if type(number) is not int or not 0 <= number <= most:
            raise Flaw(f"a page whose {name} can't be")
