"""Faults on demand: which requests go wrong, and how."""

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
    """One fault and the requests that it strikes; ``docs/sandbox.md`` explains each effect.

    :param effect: what happens
    :param method: HTTP method, None for all
    :param path: pattern of the path: ``*`` or ``{name}`` is one segment, ``**`` any number of them; at most 500
        characters
    :param times: how many times it strikes, None for no limit
    :param probability: share of the matching requests, 0 to 1
    :param seed: seed of the probability, so that a run can be repeated
    :param status: HTTP status of ``status``, ``html`` and ``redirect``
    :param body: body of ``status``: text, or anything else as JSON
    :param retry_after: ``Retry-After`` header of ``status``, sent unchanged
    :param seconds: duration of ``delay``, ``drip`` and ``late``
    :param gone: how the client of ``late`` goes: by a ``reset`` of the connection, or at the client's ``timeout``
    :param location: target of ``redirect``
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
        """Reject a fault that could never be sent, or never match."""
        self.method = self.method and self.method.upper()
        if not self.path.startswith("/"):
            raise ValueError("path must start with /")
        if len(self.path) > LONGEST_PATH:
            raise ValueError(f"path must have at most {LONGEST_PATH} characters")
        for segment in self.path.split("/"):
            if "*" in segment and segment not in (ONE, ANY):
                raise ValueError("in path, * and ** must be whole segments")
        for name, header in (("retry_after", self.retry_after), ("location", self.location)):
            if header is not None and not re.fullmatch(r"[ -~\xa0-\xff]*", header):
                raise ValueError(f"{name} must consist of printable Latin-1 characters, like any header")
        if self.status in BODILESS and (self.effect == "html" or self.body not in (None, "")):
            raise ValueError(f"a response with status {self.status} can't have a body")
        if self.effect == "redirect" and self.status is not None and self.status not in REDIRECTS:
            raise ValueError(f"status of a redirect must be one of {', '.join(str(status) for status in REDIRECTS)}")


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
        # The sandbox also accepts a path that ends in a slash.
        path = path.rstrip("/") or "/"
        if fault.method not in (None, method) or not self.matches(path):
            return False
        if self.random.random() >= fault.probability:
            return False
        self.struck += 1
        return True


class Faults:
    """The faults on order, oldest first, in memory only.

    ``era`` changes with a reset: a fault from before it must not affect what comes after.
    """

    def __init__(self) -> None:
        self.era = 0
        self._orders: list[_Order] = []

    def order(self, fault: Fault) -> None:
        """Add a fault."""
        self._orders.append(_Order(fault, _pattern(fault.path), Random(fault.seed)))

    def clear(self) -> None:
        """Remove all faults."""
        self._orders.clear()

    def reset(self) -> None:
        """Remove all faults, and drop the requests that are still waiting."""
        self.clear()
        self.era += 1

    def all(self) -> list[dict[str, Any]]:
        """Return the faults, and how often each has struck."""
        return [{**msgspec.to_builtins(order.fault), "struck": order.struck} for order in self._orders]

    def strike(self, method: str, path: str) -> Fault | None:
        """Return the first fault that strikes this request, if any."""
        return next((order.fault for order in self._orders if order.strikes(method, path)), None)


def _segments(path: str) -> list[str]:
    path = path.rstrip("/").lower()  # Dinero's routes ignore case
    return path.split("/")[1:]


def _pattern(path: str) -> Callable[[str], bool]:
    """Return a function that tells whether a path matches, in time proportional to both lengths at most."""
    pattern = [ONE if re.fullmatch(r"\{[^{}]*\}", each) else each for each in _segments(path)]

    def fits(path: str) -> bool:
        given, at, last, again = _segments(path), 0, -1, 0
        done = 0
        while done < len(given):
            if at < len(pattern) and pattern[at] == ANY:
                last, again, at = at, done, at + 1
            elif at < len(pattern) and given[done] and pattern[at] in (ONE, given[done]):
                done, at = done + 1, at + 1
            elif last >= 0:  # the last ** takes one more segment
                again, at = again + 1, last + 1
                done = again
            else:
                return False
        return all(each == ANY for each in pattern[at:])

    return fits
