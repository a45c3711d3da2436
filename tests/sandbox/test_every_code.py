"""Walks the table of codes in docs/sandbox-codes.md: a function of the named module causes each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest
import requests

from .conftest import Caller

TABLE = Path(__file__).parents[2] / "docs" / "sandbox-codes.md"
ROW = re.compile(r"\| (\d\d) \| [^|]+ \| (\d{3}) \| ([^|]+) \|")
IMPOSSIBLE = "can't be caused through the API"

Cause = Callable[[Caller], requests.Response]


def rows() -> dict[int, tuple[int, str]]:
    """Status and cause by code."""
    found = ROW.findall(TABLE.read_text(encoding="utf-8"))
    return {int(code): (int(status), cause) for code, status, cause in found}


def causes() -> Iterator[tuple[int, Cause]]:
    """All functions of all modules; a code may have several."""
    for path in sorted(Path(__file__).parent.glob("causes_*.py")):
        yield from import_module(f".{path.stem}", __package__).CAUSES.items()


def test_table_is_complete() -> None:
    assert list(rows()) == list(range(40, 91))


def test_what_can_be_caused_is_what_has_a_cause() -> None:
    possible = {code for code, (_, cause) in rows().items() if cause != IMPOSSIBLE}
    assert {code for code, _ in causes()} == possible


@pytest.mark.parametrize(
    ("code", "cause"), list(causes()), ids=lambda value: str(value) if isinstance(value, int) else ""
)
def test_cause(call: Caller, code: int, cause: Cause) -> None:
    response = cause(call)
    assert (response.status_code, response.json()["code"]) == (rows()[code][0], code), response.text
