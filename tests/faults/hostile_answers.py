"""Hostile responses: each kind changes the right response at random, from a seed.

None of them harms its reader: they are too long, too deep, too large or wrong, and ordinary guards refuse them.
"""

import gzip
import json
import random
import uuid
from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any, NamedTuple

from tests.contract import GUID

MEGABYTE = 1024 * 1024
DEEP = 3000  # beyond Python's own limit of 1000, and far from any stack's
UNPACKED = ENDLESS = 256  # megabytes: far beyond what is documented, and no harm to the machine


class Right(NamedTuple):
    """The right answer.

    :param content: bytes, empty where the operation answers with nothing
    :param value: what the content is as JSON; None for a file, and for nothing
    """

    content: bytes
    value: Any


Answer = Iterator[bytes]


def head(status: str, *lines: str, length: int | None = None, type_: str = "application/json") -> bytes:
    """Return a status line and headers."""
    named = [f"Content-Type: {type_}"] * bool(type_) + ([] if length is None else [f"Content-Length: {length}"])
    return "\r\n".join([f"HTTP/1.1 {status}", *named, *lines, "", ""]).encode("latin-1")


def whole(content: bytes, *lines: str, status: str = "200 OK", type_: str = "application/json") -> Answer:
    """Yield a complete response."""
    yield head(status, *lines, length=len(content), type_=type_) + content


def as_json(value: Any) -> Answer:
    """Yield a whole answer of JSON."""
    return whole(json.dumps(value).encode())


def leaves(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return JSON with each of its leaves changed."""
    if isinstance(value, dict):
        return {name: leaves(inner, change) for name, inner in value.items()}
    if isinstance(value, list):
        return [leaves(each, change) for each in value]
    return change(value)


def is_number(value: Any) -> bool:
    """Tell whether JSON has it as a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def with_numbers(right: Right, texts: list[str]) -> Answer:
    """Yield the right answer with other numbers; an answer without numbers is one."""
    value = right.value if right.value is not None else 0
    left = iter(texts)
    marked = json.dumps(leaves(value, lambda each: "\x01" if is_number(each) else each))
    parts = marked.split('"\\u0001"')
    text = "".join(f"{part}{next(left, texts[-1])}" for part in parts[:-1]) + parts[-1]
    return whole(text.encode())


def endless(first: bytes, piece: bytes) -> Answer:
    """Yield an answer that doesn't end before whoever reads it should have given up."""
    yield first
    yield from repeat(piece, ENDLESS * MEGABYTE // len(piece))


def cut(chance: random.Random, right: Right, where: str) -> Answer:
    """Yield a part of an answer."""
    first = head("200 OK", length=max(20, len(right.content)))
    if where == "status line":
        yield first[: chance.randrange(1, 15)]
    elif where == "headers":
        yield first[: chance.randrange(15, len(first) - 2)]
    elif where == "body":
        yield first + right.content[: chance.randrange(max(1, min(20, len(right.content))))]
    else:
        yield head("200 OK", "Transfer-Encoding: chunked") + b"%x\r\n%s\r\n" % (
            len(right.content),
            right.content,
        ) * bool(right.content)


def swapped(right: Right) -> Answer:
    """Yield an array for an object, and the reverse."""
    if isinstance(right.value, list):
        return as_json(right.value[0] if right.value and isinstance(right.value[0], dict) else {"Collection": 1})
    return as_json([right.value])


def deep(chance: random.Random) -> Answer:
    """Yield what is nested deeply, in arrays or objects."""
    if chance.random() < 0.5:
        return whole(b"[" * DEEP + b"]" * DEEP)
    return whole(b'{"Collection":' * DEEP + b"1" + b"}" * DEEP)


def pages(chance: random.Random, right: Right) -> Answer:
    """Yield a list that counts its pages absurdly; what is no list has negative numbers."""
    if not isinstance(right.value, dict) or "Pagination" not in right.value:
        return with_numbers(right, ["-1"])
    odd = [-1, 0, 10**9, 10**30, -(10**9), "many", None, 1.5, [], {}]
    pagination = {name: chance.choice(odd) for name in right.value["Pagination"]}
    return as_json({**right.value, "Pagination": pagination})


def unpacks(chance: random.Random) -> Answer:
    """Yield what is small on the wire, and is not when it is unpacked."""
    packed = gzip.compress(b" " * MEGABYTE, 9)
    yield head("200 OK", "Content-Encoding: gzip", length=UNPACKED * len(packed))
    yield from repeat(packed, UNPACKED)


def mixed(chance: random.Random) -> Callable[[Any], Any]:
    """Return what gives a leaf of another kind."""
    return lambda value: chance.choice(["x", "", -1, 1.5, True, None, [], {}, [None], {"a": 1}, "2026-13-45"])


def fewer(chance: random.Random, value: Any) -> Any:
    """Return JSON that lacks some of its properties, but none that names something."""
    if isinstance(value, list):
        return [fewer(chance, each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: fewer(chance, inner)
        for name, inner in value.items()
        if name.endswith(("Guid", "Id", "Collection")) or chance.random() < 0.7
    }


def named(chance: random.Random, value: Any) -> Any:
    """Return JSON with some things of other kinds inside, but for what names something."""
    if isinstance(value, list):
        return [named(chance, each) for each in value]
    if not isinstance(value, dict):
        return value
    found = {}
    for name, inner in value.items():
        kept = name.endswith(("Guid", "Id", "Collection"))
        other = not kept and chance.random() < 0.2
        found[name] = (
            mixed(chance)(inner) if other else inner if kept and name != "Collection" else named(chance, inner)
        )
    return found


def long_texts(value: Any) -> Any:
    """Return JSON with long texts, full of orders to a terminal, but for what names something."""
    if isinstance(value, list):
        return [long_texts(each) for each in value]
    if not isinstance(value, dict):
        return "\x1b[2J\r\n" * 10_000
    return {name: inner if name.endswith(("Guid", "Id")) else long_texts(inner) for name, inner in value.items()}


REFUSALS: list[Any] = [
    {"code": 1e300, "message": {"a": [1]}, "validationErrors": [1, None], "errorMessageList": {"a": 1}},
    {"code": "58", "message": 17, "validationErrors": {"a": {"b": ["c"]}}, "errorMessageList": [None, 5, {"Code": {}}]},
    {"code": True, "message": None, "languageSpecificMessages": 5, "title": ["x"], "error": {"a": None}},
    {"code": 58.0, "message": "x" * 100_000, "validationErrors": {"y" * 100_000: "z" * 100_000}},
    {"code": -1, "message": "\x1b[2J\r\nSet-Cookie: a=b\u2028\u202e\x00"},
    {"validationErrors": {"\x1b]0;title\x07\r\n": "\x1b[31m\n" * 1000}},
    {"errorMessageList": [{"Code": "\n" * 1000, "Message": [1] * 1000}] * 1000},
    [], {}, None, "text", 17, [[]],
]  # fmt: skip
EXPONENTS = ["1E+400", "-1e99999", "1E-400", "1e9999999999"]
LONG = ["9" * 400, "1" * 5000, "0." + "3" * 400]
NOTHING = [b"{}", b"[]", b"[{}]", b"[null]", b"[[]]", b'{"":{}}']
LOCATIONS = ["http://[", "//", "http://a:99999999/", "\xff\xfe", "http://[::1", "javascript:1", "/\x7f" * 100, ""]
ADVICE = ["-5", "nan", "1e309", "Thu, 99 Foo", "9" * 400, "0x10", "Fri, 31 Dec 9999 23:59:59 -2359", "\xb2", "1_0"]
DATES = ["Fri, 31 Dec 9999 23:59:59 -2359", "Thu, 01 Jan 0000 00:00:00 GMT", "nonsense", "\xff", "9" * 400]
STATUSES = ["HTTP/1.1 999 x", "HTTP/9.9 200 OK", "ICY 200 OK", "HTTP/1.1 abc OK", "HTTP/1.1 -200 OK", "HTTP/1.1 199 x"]

# By name: what makes it, of a chance and the right answer.
KINDS: dict[str, Callable[[random.Random, Right], Answer]] = {
    "empty": lambda chance, right: whole(b""),
    "no content": lambda chance, right: iter([b"HTTP/1.1 204 No Content\r\n\r\n"]),
    "cut in the status line": lambda chance, right: cut(chance, right, "status line"),
    "cut in the headers": lambda chance, right: cut(chance, right, "headers"),
    "cut in the body": lambda chance, right: cut(chance, right, "body"),
    "cut before the last chunk": lambda chance, right: cut(chance, right, "chunks"),
    "HTML": lambda chance, right: whole(b"<!doctype html><p>Wait.", type_="text/html"),
    "HTML as JSON": lambda chance, right: whole(b"<!doctype html><p>Wait."),
    "array for object": lambda chance, right: swapped(right),
    "no array, no object": lambda chance, right: whole(chance.choice([b"17", b'"text"', b"true", b"null", b"-0"])),
    "deep": lambda chance, right: deep(chance),
    "bad UTF-8": lambda chance, right: whole(b'{"Guid": "\xff\xfe\xed\xa0\x80", "Collection": ["\xc0"]}'),
    "UTF-16": lambda chance, right: whole((right.content or b"[]").decode("latin-1").encode("utf-16")),
    "half a surrogate": lambda chance, right: whole(b'["\\ud800"]'),
    "exponents": lambda chance, right: with_numbers(right, chance.choices(EXPONENTS, k=9)),
    "long numbers": lambda chance, right: with_numbers(right, chance.choices(LONG, k=9)),
    "pages": pages,
    "unpacks": lambda chance, right: unpacks(chance),
    "endless chunks": lambda chance, right: endless(
        head("200 OK", "Transfer-Encoding: chunked") + b"1\r\n[\r\n", b"10000\r\n" + b" " * 65536 + b"\r\n"
    ),
    "endless": lambda chance, right: endless(head("200 OK", "Connection: close") + b"[", b" " * 65536),
    "endless headers": lambda chance, right: endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 1000),
    "a long header": lambda chance, right: whole(right.content, f"X: {'y' * 100_000}"),
    "another type": lambda chance, right: whole(
        right.content, type_=chance.choice(["image/png", "text/plain", "", "application/json; charset=utf-7", "x"])
    ),
    "foreign Guids": lambda chance, right: whole(
        right.content.replace(GUID.encode(), str(uuid.UUID(int=chance.getrandbits(128), version=4)).encode())
    ),
    "nulls": lambda chance, right: as_json(leaves(right.value, lambda value: None)),
    "nothing in it": lambda chance, right: whole(chance.choice(NOTHING)),
    "other types": lambda chance, right: as_json(leaves(right.value, mixed(chance))),
    "other types within": lambda chance, right: as_json(named(chance, right.value)),
    "properties missing": lambda chance, right: as_json(fewer(chance, right.value)),
    "long texts": lambda chance, right: as_json(long_texts(right.value)),
    "not packed": lambda chance, right: whole(
        right.content or b"{}", f"Content-Encoding: {chance.choice(['gzip', 'deflate'])}"
    ),
    "packed unknown": lambda chance, right: whole(
        right.content, f"Content-Encoding: {chance.choice(['br', 'x', 'gzip, x'])}"
    ),
    "redirect": lambda chance, right: whole(
        b"", f"Location: {chance.choice(LOCATIONS)}", status=chance.choice(["301 x", "302 x", "307 x", "308 x"])
    ),
    "odd length": lambda chance, right: iter(
        [head("200 OK", f"Content-Length: {chance.choice(['-1', 'abc', '1e3', '5, 6', '9' * 30])}") + right.content]
    ),
    "odd chunks": lambda chance, right: iter(
        [head("200 OK", "Transfer-Encoding: chunked") + chance.choice([b"zz\r\n", b"-1\r\n", b"\r\n", b"f" * 70000])]
    ),
    "odd status": lambda chance, right: iter([f"{chance.choice(STATUSES)}\r\n\r\n".encode()]),
    "refusal": lambda chance, right: whole(
        json.dumps(chance.choice(REFUSALS)).encode(), status=chance.choice(["400 x", "403 x", "404 x", "409 x"])
    ),
    "deep refusal": lambda chance, right: whole(b'{"message":' * DEEP + b"1" + b"}" * DEEP, status="400 x"),
    "long refusal": lambda chance, right: whole(b"\x1b[2J\xff\n" * MEGABYTE, status="400 x", type_="text/plain"),
    "unauthorized": lambda chance, right: whole(json.dumps(chance.choice(REFUSALS)).encode(), status="401 x"),
    "throttled": lambda chance, right: whole(b"{}", f"Retry-After: {chance.choice(ADVICE)}", status="429 x"),
    "server error": lambda chance, right: whole(
        b"<html>" * 1000, f"Retry-After: {chance.choice(ADVICE)}", status=chance.choice(["500 x", "503 x", "408 x"])
    ),
    "odd date": lambda chance, right: whole(right.content, f"Date: {chance.choice(DATES)}"),
}  # fmt: skip
# What a file can't be.
NO_FILE = {
    "empty", "no content", "cut in the status line", "cut in the headers", "cut in the body",
    "cut before the last chunk", "HTML", "HTML as JSON", "unpacks", "endless chunks", "endless", "endless headers",
    "not packed", "packed unknown", "redirect", "odd length", "odd chunks", "odd status",
}  # fmt: skip
# What can't be a valid response of any operation that has content.
UNREADABLE = NO_FILE | {
    "array for object", "no array, no object", "deep", "bad UTF-8", "UTF-16", "exponents", "long numbers"
}  # fmt: skip
