"""Faults on order: which request is to go wrong, and how."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Annotated, Any, Literal

import msgspec

Effect = Literal[
    "status",
    "html",
    "redirect",
    "expired-token",
    "reset",
    "reset-after",
    "late",
    "delay",
    "drip",
    "truncate",
    "garbage",
]
LONGEST_PATH = 500
ONE, ANY = "*", "**"
BODILESS, REDIRECTS = (204, 205, 304), (301, 302, 303, 307, 308)


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What goes wrong, with which requests; ``docs/sandbox.md`` explains each effect.

    :param effect: what happens
    :param method: HTTP method, None for every one
    :param path: pattern of the path: ``*`` or ``{name}`` is one segment, ``**`` any number of them; at most 500
        characters
    :param times: how often, None for always
    :param probability: of the requests that match, this part
    :param seed: of the probability, so that a run can be repeated
    :param status: HTTP status of ``status``, ``html`` and ``redirect``
    :param body: of ``status``: text, or anything else as JSON
    :param retry_after: header of ``status``, as it is
    :param seconds: of ``delay``, ``drip`` and ``late``
    :param gone: how the client of ``late`` goes: the connection is ``reset``, or the client gives up at its ``timeout``
    :param location: of ``redirect``
    """

    effect: Effect
    method: str | None = None
    path: str = "/**"
    times: Annotated[int, msgspec.Meta(ge=1)] | None = None
    probability: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1.0
    seed: int = 0
    status: Annotated[int, msgspec.Meta(ge=200, le=599)] | None = None
    body: Any = None
    retry_after: str | None = None
    seconds: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 1.0
    gone: Literal["reset", "timeout"] = "reset"
    location: str = "https://elsewhere.example/"

    def __post_init__(self) -> None:
        """Refuse what could never be sent, or never match."""
        self.method = self.method and self.method.upper()
        if not self.path.startswith("/"):
            raise ValueError("path must begin with /")
        if len(self.path) > LONGEST_PATH:
            raise ValueError(f"path must have at most {LONGEST_PATH} characters")
        for segment in self.path.split("/"):
            if "*" in segment and segment not in (ONE, ANY):
                raise ValueError("in path, * and ** must be whole segments")
        for name, header in (("retry_after", self.retry_after), ("location", self.location)):
            if header is not None and not re.fullmatch(r"[ -~\xa0-\xff]*", header):
                raise ValueError(f"{name} must be of printable latin-1 characters, as headers are")
        if self.status in BODILESS and (self.effect == "html" or self.body not in (None, "")):
            raise ValueError(f"status {self.status} has no body")
        if self.effect == "redirect" and self.status is not None and self.status not in REDIRECTS:
            raise ValueError(f"status of a redirect must be of {', '.join(str(status) for status in REDIRECTS)}")


@dataclass
class _Order:
    fault: Fault
    matches: Callable[[str], bool]
    random: Random
    struck: int = field(default=0)

    def strikes(self, method: str, path: str) -> bool:
        fault = self.fault
        if fault.times is not None and self.struck >= fault.times:
            return False
        # The sandbox takes a path with a slash at its end too.
        path = path.rstrip("/") or "/"
        if fault.method not in (None, method) or not self.matches(path):
            return False
        if self.random.random() >= fault.probability:
            return False
        self.struck += 1
        return True


class Faults:
    """The faults on order, oldest first. They are kept in memory only.

    ``era`` changes with a reset: what struck before must not reach what comes after.
    """

    def __init__(self) -> None:
        self.era = 0
        self._orders: list[_Order] = []

    def order(self, fault: Fault) -> None:
        """Let it happen from now on."""
        self._orders.append(_Order(fault, _pattern(fault.path), Random(fault.seed)))

    def clear(self) -> None:
        """Nothing goes wrong from now on."""
        self._orders.clear()

    def reset(self) -> None:
        """The same, and what waits for its time is never handled."""
        self.clear()
        self.era += 1

    def all(self) -> list[dict[str, Any]]:
        """What is on order, and how often each has struck."""
        return [{**msgspec.to_builtins(order.fault), "struck": order.struck} for order in self._orders]

    def strike(self, method: str, path: str) -> Fault | None:
        """The first fault that strikes this request, if there is one."""
        return next((order.fault for order in self._orders if order.strikes(method, path)), None)


def _segments(path: str) -> list[str]:
    path = path.rstrip("/").lower()  # Dinero's routes ignore case
    return path.split("/")[1:]


def _pattern(path: str) -> Callable[[str], bool]:
    """What tells whether a path fits; in a time that grows with both, and no faster, whatever the pattern."""
    pattern = [ONE if re.fullmatch(r"\{[^{}]*\}", each) else each for each in _segments(path)]

    def fits(path: str) -> bool:
        given, at, last, again = _segments(path), 0, -1, 0
        done = 0
        while done < len(given):
            if at < len(pattern) and pattern[at] == ANY:
                last, again, at = at, done, at + 1
            elif at < len(pattern) and given[done] and pattern[at] in (ONE, given[done]):
                done, at = done + 1, at + 1
            elif last >= 0:  # the last ** takes one segment more
                again, at = again + 1, last + 1
                done = again
            else:
                return False
        return all(each == ANY for each in pattern[at:])

    return fits
