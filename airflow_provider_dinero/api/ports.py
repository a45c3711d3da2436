"""What the client asks of its surroundings: tokens, locks, intents, and a share of the request allowance.

Each is a protocol with an in-process default, which is right for a script or a notebook. A deployment of many
workers gives its own.
"""

import threading
import time
from bisect import bisect_right
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple, Protocol

from airflow_provider_dinero.api.masking import remember

# Dinero's minute, and a little: a request that was sent late must not meet the one that was sent a minute after it.
WINDOW_SECONDS = 61.0
# A slot further away than this is kept for nobody.
FARTHEST_SECONDS = 3600.0
# The place of a Lock that excludes all processes of all hosts.
EVERYWHERE = "everywhere"


@dataclass(frozen=True)
class Token:
    """An access token, what renews it, and what is known of it.

    :param access_token: str, the bearer; empty where there is none yet
    :param expires_at: float, seconds since the epoch
    :param refresh_token: str or None, what renews it (Visma Connect only)
    :param renewed_at: float, seconds since the epoch; default 0, unknown
    :param place: str, the Lock under which it was renewed; default empty, unknown
    :param one_time: bool or None, whether each renewal spends the refresh token; default None, unknown
    :param refused: bool, whether the refresh token was refused: only a person's consent helps; default False
    :param scope: str, what the endpoint said that it covers; default empty
    :param begun_at: float, when its renewal was begun, in seconds since the epoch; default 0
    :param rejections: int, how many new tokens in a row Dinero did not accept before this one; default 0
    :param bound_to: str, the fingerprint of the client secret that got the access token and of the API that it is for:
        it is used with no other; default empty, with none
    :param secret_as_is: bool, whether the endpoint took the client's credentials only unencoded; default False
    """

    access_token: str
    expires_at: float
    refresh_token: str | None = None
    renewed_at: float = 0.0
    place: str = ""
    one_time: bool | None = None
    refused: bool = False
    scope: str = ""
    begun_at: float = 0.0
    rejections: int = 0
    bound_to: str = ""
    secret_as_is: bool = False

    def __post_init__(self) -> None:
        remember(self.access_token, self.refresh_token)

    def __repr__(self) -> str:  # a token must not reach a log by way of a repr
        return f"Token(expires_at={self.expires_at:.0f})"

    def as_dict(self) -> dict[str, Any]:
        """Return the token as plain JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "Token":
        """Return the token that `as_dict` gave, perhaps in another release.

        :param stored: dict
        :raises KeyError, TypeError, ValueError: it is none
        """
        known = {each.name: stored[each.name] for each in fields(cls) if each.name in stored}
        for name in ("expires_at", "renewed_at", "begun_at"):
            if name in known:
                known[name] = _seconds(known[name])
        texts = [known.get(name, "") for name in ("place", "scope", "bound_to")]
        if not all(isinstance(each, str) for each in (*texts, known.get("refresh_token") or "")):
            raise TypeError("a text that is none")
        known["rejections"] = int(known.get("rejections", 0))
        return cls(str(known.pop("access_token")), known.pop("expires_at"), **known)


def _seconds(number: Any) -> float:
    try:
        return float(number)
    except OverflowError:  # a whole number of hundreds of digits
        return float("inf")


class TokenStore(Protocol):
    """Keeps a token between clients."""

    def load(self, key: str) -> Token | None:
        """Return the stored token, or None."""

    def save(self, key: str, token: Token) -> None:
        """Store a token; it is readable by the others when this returns.

        :raises DineroUnavailable: it could not be stored; this process may find it all the same, and it is pending
        """

    def is_pending(self, key: str) -> bool:
        """Tell whether this process has a token that it could not store."""


class Held(Protocol):
    """A lock that is held."""

    # Who excludes each other: two processes whose places differ don't.
    place: str
    # What an earlier holder left for the next ones; empty for nothing.
    note: str

    def leave(self, note: str) -> None:
        """Leave a note for the next holders, or take it away with an empty one."""

    def is_held(self) -> bool:
        """Tell whether the lock is still held: one that has to be kept alive may have been lost."""


class Lock(Protocol):
    """Makes sure that one at a time does a named thing."""

    def hold(self, name: str) -> AbstractContextManager[Held]:
        """Wait for the lock of this name, and hold it inside the `with`. The thread that holds it gets it again.

        :raises DineroUnavailable: whatever it is shared by can't be reached, or somebody holds it for too long
        """


class Slot(NamedTuple):
    """A place in the request allowance.

    :param at: float, when the request may be sent, in seconds since the epoch
    :param left: int, how many requests may be sent at once after this one
    """

    at: float
    left: int


class Budget(Protocol):
    """Hands out the request allowance in dated slots, first come first served."""

    def reserve(self, key: str, per_minute: int, within: float) -> Slot:
        """Return the next slot; it is reserved if it lies within so many seconds.

        Nothing is reserved where `within` is negative: that only looks.
        """


class Meter(Protocol):
    """Counts what is seen from outside: requests, waits, answers of 429, renewals, what remains of the allowance."""

    def count(self, name: str) -> None:
        """Count one more of this."""

    def measure(self, name: str, value: float) -> None:
        """Note how much there is of this now."""


class Intents(Protocol):
    """Remembers that a bare write was begun, longer than the process that began it."""

    def begun(self, name: str) -> bool:
        """Tell whether this write was begun, and not ended."""

    def begin(self, name: str) -> None:
        """Note that this write begins."""

    def end(self, name: str) -> None:
        """Note that it is known how this write went."""

    def remember(self, name: str, made: str) -> None:
        """Keep what this write made, where Dinero has no list that would show it."""

    def recall(self, name: str) -> str | None:
        """Return what this write made, or None where it wasn't kept."""


class StateStore(Protocol):
    """Keeps small values between runs, each JSON of at most 64 KB: Airflow's state store of an asset is one."""

    def get(self, key: str) -> Any:
        """Return the stored value, or None."""

    def set(self, key: str, value: Any) -> None:
        """Store a value: plain JSON."""


class MemoryStateStore:
    """Values of this process."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        """Return the stored value, or None."""
        return self._values.get(key)

    def set(self, key: str, value: Any) -> None:
        """Store a value."""
        self._values[key] = value


class MemoryTokenStore:
    """Tokens of this process."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}

    def load(self, key: str) -> Token | None:
        """Return the stored token, or None."""
        return self._tokens.get(key)

    def save(self, key: str, token: Token) -> None:
        """Store a token for this process."""
        self._tokens[key] = token

    def is_pending(self, key: str) -> bool:
        """Tell whether this process has a token that it could not store: never."""
        return False


class NoMeter:
    """A Meter that nobody reads."""

    def count(self, name: str) -> None:
        """Count nothing."""

    def measure(self, name: str, value: float) -> None:
        """Note nothing."""


class ProcessHeld:
    """A lock among the threads of this process, held."""

    place = ""

    def __init__(self) -> None:
        self.threads = threading.RLock()
        self.note = ""

    def leave(self, note: str) -> None:
        """Leave a note for the next holders."""
        self.note = note

    def is_held(self) -> bool:
        """Tell whether the lock is still held: always."""
        return True


class ProcessLock:
    """Locks among the threads of this process."""

    def __init__(self) -> None:
        self._locks: dict[str, ProcessHeld] = {}

    @contextmanager
    def hold(self, name: str) -> Generator[Held]:
        """Wait for the lock of this name, and hold it inside the `with`."""
        held = self._locks.setdefault(name, ProcessHeld())
        with held.threads:
            yield held


class ProcessIntents:
    """Bare writes that this process began."""

    def __init__(self) -> None:
        self._begun: set[str] = set()
        self._left: dict[str, str] = {}

    def begun(self, name: str) -> bool:
        """Tell whether this write was begun, and not ended."""
        return name in self._begun

    def begin(self, name: str) -> None:
        """Note that this write begins."""
        self._begun.add(name)

    def end(self, name: str) -> None:
        """Note that it is known how this write went."""
        self._begun.discard(name)

    def remember(self, name: str, made: str) -> None:
        """Keep what this write made."""
        self._left[name] = made

    def recall(self, name: str) -> str | None:
        """Return what this write made, or None where it wasn't kept."""
        return self._left.get(name)


class ProcessBudget:
    """The allowance of this process."""

    def __init__(self) -> None:
        self._slots: dict[str, list[float]] = {}
        self._lock = threading.Lock()

    def reserve(self, key: str, per_minute: int, within: float) -> Slot:
        """Return the next slot; it is reserved if it lies within so many seconds."""
        with self._lock:
            slots = self._slots.setdefault(key, [])
            return next_slot(slots, time.time(), per_minute, within)


def next_slot(slots: list[float], now: float, per_minute: int, within: float) -> Slot:
    """Find the next slot, and add it to those that are taken if it lies within so many seconds.

    :param slots: list of float, the slots taken, in order; those that are over are taken out
    :param now: float
    :param per_minute: int, how many requests any minute may hold
    :param within: float, seconds
    :return: Slot
    """
    del slots[: bisect_right(slots, now - WINDOW_SECONDS)]
    at = max(now, slots[-per_minute] + WINDOW_SECONDS) if len(slots) >= per_minute else now
    at = max(at, slots[-1]) if slots else at  # first come, first served
    if at - now <= within:
        slots.append(at)
    return Slot(at, max(0, per_minute - len(slots)))


# Shared by all clients of a process that bring nothing of their own.
TOKENS = MemoryTokenStore()
LOCK = ProcessLock()
BUDGET = ProcessBudget()
STATES = MemoryStateStore()
NO_METER = NoMeter()
