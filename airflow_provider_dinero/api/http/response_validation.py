"""Whether a response is complete: all of it arrived, it can be decoded, and it has the shape of the operation.

Complete means: the headers end with a blank line (`connection.py`); the body has its Content-Length or its last chunk,
or it ends with the connection and is complete JSON. And the JSON has the shape that `shapes.py` gives for the
operation. An incomplete response counts as lost: a read is retried, and for a write `retry.py` decides as if the
connection had broken.

The limits: 64 MiB, both as sent and decompressed (1 MiB for a refusal); values nested 64 deep; numbers of 60 digits, up
to 1E+60 and down to 1E-60; pages of at most 1000 rows.
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
# As exact as Decimal(text), and faster. Anything beyond the limits is an error.
_DECIMAL = Context(DIGITS, Emin=-DIGITS, Emax=DIGITS, traps=[InvalidOperation, Overflow, Inexact, Subnormal])


class Flaw(Exception):
    """Why a response isn't complete.

    :param told: str, completes the sentence "it was answered with ..."
    :param cut: bool, whether some of it is missing, so that a retry may succeed; default False
    :param too_large: bool, whether it is too large, so that a retry would be as well; default False
    """

    def __init__(self, told: str, *, cut: bool = False, too_large: bool = False) -> None:
        super().__init__(told)
        self.cut = cut
        self.too_large = too_large


def content_of(raw: "urllib3.HTTPResponse", limit: int) -> bytes:
    """Return the decompressed body of a response.

    :param raw: urllib3.HTTPResponse, of which nothing was read
    :param limit: int, bytes
    :raises Flaw: it is larger, or can't be decompressed
    """
    content = b"".join(limited(raw.stream(PIECE, decode_content=False), limit))
    packing = raw.headers.get("Content-Encoding", "identity").strip().lower()
    if packing == "identity" or not content:
        return content
    if packing not in {"gzip", "x-gzip"}:
        raise Flaw("content in an encoding that was not requested")
    return b"".join(limited(_unpacked(content), limit))


def limited(pieces: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """Yield pieces, up to this many bytes in total.

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
                raise Flaw("truncated compressed content", cut=True)
            yield piece
    except zlib.error:
        raise Flaw("compressed content that can't be decompressed") from None
    if gzip.unused_data:
        raise Flaw("compressed content followed by something else")


def file_of(raw: "urllib3.HTTPResponse", answer: Response) -> Iterator[bytes]:
    """Yield the pieces of a file. Only the framing shows whether it is complete.

    :param raw: urllib3.HTTPResponse, of which nothing was read
    :param answer: Response, without content so far
    :raises Flaw: it isn't complete, or isn't a file
    """
    if "html" in answer.headers.get("Content-Type", ""):
        raise Flaw("an HTML page instead of a file")
    if not is_framed(raw) or answer.status == PARTIAL:
        raise Flaw("a file without a length", cut=True)
    if answer.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise Flaw("a compressed file")
    empty = True
    for piece in limited(raw.stream(PIECE, decode_content=False), LARGEST):
        if empty and piece[:100].lstrip().lower().startswith((b"<!doctype", b"<html")):
            raise Flaw("an HTML page instead of a file")
        empty = False
        yield piece
    if empty:
        raise Flaw("a file without content", cut=True)


def is_framed(raw: "urllib3.HTTPResponse") -> bool:
    """Tell whether a response says where it ends; otherwise it ends with the connection.

    :param raw: urllib3.HTTPResponse, of which nothing was read
    """
    return raw.chunked or raw.length_remaining is not None


PARTIAL = 206


def value_of(operation: "Operation", answer: Response, *, framed: bool) -> Any:
    """Return the JSON of a success, with amounts as Decimal; None if there is none, and none is required.

    :param operation: Operation
    :param answer: Response, with its content
    :param framed: bool, from `is_framed`
    :raises Flaw: it isn't complete
    """
    kind, naming = operation.shape
    if answer.status == PARTIAL:
        raise Flaw("only a part of the content", cut=True)
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
    """Return the JSON of a response, with amounts as Decimal.

    :param answer: Response, with its content
    :param framed: bool, from `is_framed`; default True
    :raises Flaw: it isn't JSON, or is beyond the limits
    """
    import msgspec

    try:
        value = msgspec.json.Decoder(float_hook=_DECIMAL.create_decimal).decode(answer.content)
        if b"0" * (DIGITS + 1) in answer.content.translate(_AS_ZEROS):  # rare, and it may be in a text
            _require_short(value, DEEPEST)
        rows = value.get("Collection") if isinstance(value, dict) else value
        _exact_rows(rows, answer.content) if isinstance(rows, list) else _exact(value, DEEPEST)
    except msgspec.DecodeError as error:
        told = "an HTML page" if answer.is_page else f"something that is not JSON: {error}"
        raise Flaw(told, cut=not answer.is_page and (not framed or "truncated" in str(error))) from None
    except UnicodeDecodeError:
        raise Flaw("text that is not UTF-8") from None
    except RecursionError:
        raise Flaw(f"values nested more than {DEEPEST} deep") from None
    except (ArithmeticError, ValueError):
        raise Flaw(f"a number of more than {DIGITS} digits, or beyond 1E±{DIGITS}") from None
    return value


def _require_short(value: Any, left: int) -> None:
    """Check that no whole number is beyond the limit: Python can't even print one of 5000 digits."""
    if not left:
        raise RecursionError
    if type(value) is int and abs(value) >= 10**DIGITS:
        raise ValueError("a number with too many digits")
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _require_short(inner, left - 1)


def _exact(value: Any, left: int) -> None:
    """Convert whole amounts to Decimal too: Dinero writes 100 just like 100.5."""
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
    """Do the same for a list, quickly if its rows are flat and have the same properties."""
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
    """Check that a value has the shape of the operation's responses."""
    found = "object" if isinstance(value, dict) else "array" if isinstance(value, list) else "single value"
    if found not in kind:
        raise Flaw(f"an {found} instead of an {kind}".replace("an single", "a single"))
    rows = value if isinstance(value, list) else [value]
    if not all(isinstance(each, str if kind == "array of strings" else dict) for each in rows):
        raise Flaw("an array of something else")
    if naming and not all(naming in row for row in rows):
        raise Flaw(f"an object without {naming}")
    if naming.endswith(("Guid", "Id")) and not all(isinstance(row[naming], str | int) for row in rows):
        raise Flaw(f"an object whose {naming} is not an id")


def _require_page(page: Any) -> None:
    """Check that a page of a list has rows and valid counts."""
    if not isinstance(page, dict):  # a bare array would look like an empty page
        raise Flaw("an array or a single value instead of a page")
    _require_shape(page.get("Collection"), "array", "")
    pagination = page.get("Pagination") or {}
    if not isinstance(pagination, dict):
        raise Flaw("a page whose Pagination is not an object")
    for name, most in (("PageSize", LARGEST_PAGE), ("ResultWithoutFilter", 2**63)):
        number = pagination.get(name) or 0
        if type(number) is not int or not 0 <= number <= most:
            raise Flaw(f"a page whose {name} is not valid")
