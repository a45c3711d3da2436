"""What the client needs from its environment: tokens, locks, intents, and a share of the request allowance.

Each is a protocol with an in-process default, which is right for a script or a notebook. A deployment with many workers
provides its own.
"""

import threading
import time
from bisect import bisect_right
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple, Protocol

from airflow_provider_dinero.api.masking import remember
from airflow_provider_dinero.api.usage import Usage

# Dinero's minute plus a margin: a request that was sent late must not meet one that was sent a minute after it.
WINDOW_SECONDS = 61.0
# No slot further away than this is kept.
FARTHEST_SECONDS = 3600.0
# The place of a Lock that covers all processes on all hosts.
EVERYWHERE = "everywhere"


@dataclass(frozen=True)
class Token:
    """An access token, what renews it, and what is known about it.

    :param access_token: str, the bearer token; empty if there is none yet
    :param expires_at: float, seconds since the epoch
    :param refresh_token: str or None, what renews it (Visma Connect only)
    :param renewed_at: float, seconds since the epoch; default 0, unknown
    :param place: str, the Lock under which it was renewed; default empty, unknown
    :param one_time: bool or None, whether each renewal uses up the refresh token; default None, unknown
    :param refused: bool, whether the refresh token was rejected: only a new consent helps; default False
    :param scope: str, its scope according to the endpoint; default empty
    :param begun_at: float, when its renewal was started, in seconds since the epoch; default 0
    :param rejections: int, how many new tokens in a row Dinero rejected before this one; default 0
    :param bound_to: str, a fingerprint of the client secret that got the access token and of its API: it is used with
        no other; default empty, with none
    :param secret_as_is: bool, whether the endpoint only accepted the client's credentials unencoded; default False
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

    def __repr__(self) -> str:  # a token must not reach a log through a repr
        return f"Token(expires_at={self.expires_at:.0f})"

    def as_dict(self) -> dict[str, Any]:
        """Return the token as plain JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "Token":
        """Return the token from the dict that `as_dict` returned, perhaps in another release.

        :param stored: dict
        :raises KeyError, TypeError, ValueError: the dict isn't a token
        """
        known = {each.name: stored[each.name] for each in fields(cls) if each.name in stored}
        for name in ("expires_at", "renewed_at", "begun_at"):
            if name in known:
                known[name] = _seconds(known[name])
        texts = [known.get(name, "") for name in ("place", "scope", "bound_to")] + [known.get("refresh_token") or ""]
        if not all(isinstance(each, str) for each in texts):
            raise TypeError("a value that should be text but isn't")
        # A lone surrogate can't be sent: this raises a ValueError.
        "".join([*texts, str(known.get("access_token"))]).encode()
        known["rejections"] = int(known.get("rejections", 0))
        return cls(str(known.pop("access_token")), known.pop("expires_at"), **known)


def _seconds(number: Any) -> float:
    try:
        return float(number)
    except OverflowError:  # a whole number with hundreds of digits
        return float("inf")


class TokenStore(Protocol):
    """Stores tokens for several clients."""

    def load(self, key: str) -> Token | None:
        """Return the stored token, or None."""

    def save(self, key: str, token: Token) -> None:
        """Store a token; when this returns, others can read it.

        :raises DineroUnavailable: it could not be stored; this process may still find it, and it is pending
        """

    def is_pending(self, key: str) -> bool:
        """Tell whether this process has a token that it could not store."""


class Held(Protocol):
    """A lock while it is held."""

    # The scope of the exclusion: processes with different places don't exclude each other.
    place: str
    # A note from an earlier holder; empty if there is none.
    note: str

    def leave(self, note: str) -> None:
        """Leave a note for the next holders; an empty one removes it."""

    def is_held(self) -> bool:
        """Tell whether the lock is still held: one that must be kept alive may have been lost."""


class Lock(Protocol):
    """Ensures that only one process at a time does a named thing."""

    def hold(self, name: str) -> AbstractContextManager[Held]:
        """Wait for the lock of this name, and hold it inside the `with` block. It is reentrant for its thread.

        :raises DineroUnavailable: the shared place can't be reached, or another process holds the lock for too long
        """

    def try_hold(self, name: str) -> AbstractContextManager[Held | None]:
        """Hold the lock of this name inside the `with` block, or yield None at once if somebody else holds it.

        :raises DineroUnavailable: whatever it is shared by can't be reached
        """


class Slot(NamedTuple):
    """A place in the request allowance.

    :param at: float, when the request may be sent, in seconds since the epoch
    :param left: int, how many more requests can be sent at once after it
    """

    at: float
    left: int


class Budget(Protocol):
    """Hands out the request allowance in dated slots, first come, first served."""

    def reserve(self, key: str, per_minute: int, within: float, who: str = "") -> Slot:
        """Return the next slot, and reserve it if it is within this many seconds.

        A negative `within` reserves nothing, and only looks. `who` is shown to people while it waits.
        """

    def usage(self, key: str) -> Usage:
        """Return the use of this allowance in the last hour, and who waits for it."""


class Meter(Protocol):
    """Counts what can be monitored: requests, waits, 429 responses, renewals, the remaining allowance."""

    def count(self, name: str) -> None:
        """Count one more."""

    def measure(self, name: str, value: float) -> None:
        """Record a current value."""


class Intents(Protocol):
    """Records that a bare write was started, in a place that outlives the process."""

    def begun(self, name: str) -> bool:
        """Tell whether this write was started, and not ended."""

    def begin(self, name: str) -> None:
        """Record the start of this write."""

    def end(self, name: str) -> None:
        """Record that the outcome of this write is known."""

    def remember(self, name: str, made: str) -> None:
        """Store what this write created, for writes whose result no list of Dinero shows."""

    def recall(self, name: str) -> str | None:
        """Return what this write created, or None if it wasn't stored."""


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
    """A Meter that does nothing."""

    def count(self, name: str) -> None:
        """Do nothing."""

    def measure(self, name: str, value: float) -> None:
        """Do nothing."""


class ProcessHeld:
    """A held lock among the threads of this process."""

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
        """Wait for the lock of this name, and hold it inside the `with` block."""
        held = self._locks.setdefault(name, ProcessHeld())
        with held.threads:
            yield held

    @contextmanager
    def try_hold(self, name: str) -> Generator[Held | None]:
        """Hold the lock of this name inside the `with`, or give None where another thread holds it."""
        held = self._locks.setdefault(name, ProcessHeld())
        if not held.threads.acquire(blocking=False):
            yield None
            return
        try:
            yield held
        finally:
            held.threads.release()


class ProcessIntents:
    """Bare writes that this process started."""

    def __init__(self) -> None:
        self._begun: set[str] = set()
        self._left: dict[str, str] = {}

    def begun(self, name: str) -> bool:
        """Tell whether this write was started, and not ended."""
        return name in self._begun

    def begin(self, name: str) -> None:
        """Record the start of this write."""
        self._begun.add(name)

    def end(self, name: str) -> None:
        """Record that the outcome of this write is known."""
        self._begun.discard(name)

    def remember(self, name: str, made: str) -> None:
        """Store what this write created."""
        self._left[name] = made

    def recall(self, name: str) -> str | None:
        """Return what this write created, or None if it wasn't stored."""
        return self._left.get(name)


class ProcessBudget:
    """The allowance of this process."""

    def __init__(self) -> None:
        self._slots: dict[str, list[float]] = {}
        self._usage: dict[str, Usage] = {}
        self._lock = threading.Lock()

    def reserve(self, key: str, per_minute: int, within: float, who: str = "") -> Slot:
        """Return the next slot, and reserve it if it is within this many seconds."""
        with self._lock:
            slots, now = self._slots.setdefault(key, []), time.time()
            found = next_slot(slots, now, per_minute, within)
            self._usage.setdefault(key, Usage()).note(now, found.at, within, who)
            return found

    def usage(self, key: str) -> Usage:
        """Return the use of this allowance in the last hour, and who waits for it."""
        return self._usage.get(key, Usage())


def next_slot(slots: list[float], now: float, per_minute: int, within: float) -> Slot:
    """Find the next slot, and add it to the taken ones if it is within this many seconds.

    :param slots: list of float, the taken slots, in order; past ones are removed
    :param now: float
    :param per_minute: int, how many requests any minute may contain
    :param within: float, seconds
    :return: Slot
    """
    del slots[: bisect_right(slots, now - WINDOW_SECONDS)]
    at = max(now, slots[-per_minute] + WINDOW_SECONDS) if len(slots) >= per_minute else now
    at = max(at, slots[-1]) if slots else at  # first come, first served
    if at - now <= within:
        slots.append(at)
    return Slot(at, max(0, per_minute - len(slots)))


# Shared by all clients of a process that have none of their own.
TOKENS = MemoryTokenStore()
LOCK = ProcessLock()
BUDGET = ProcessBudget()
STATES = MemoryStateStore()
NO_METER = NoMeter()
