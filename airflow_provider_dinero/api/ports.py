"""What the client asks of its surroundings: tokens, locks, intents, and a share of the request allowance.

Each is a protocol with an in-process default, which is right for a script or a notebook. A deployment of many
workers gives its own.
"""

import threading
import time
from collections import deque
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import Any, Protocol

WINDOW_SECONDS = 60.0


@dataclass(frozen=True)
class Token:
    """An access token and what renews it.

    :param access_token: str, the bearer
    :param expires_at: float, seconds since the epoch
    :param refresh_token: str or None, what renews it (Visma Connect only)
    """

    access_token: str
    expires_at: float
    refresh_token: str | None = None

    def __repr__(self) -> str:  # a token must not reach a log by way of a repr
        return f"Token(expires_at={self.expires_at:.0f})"

    def as_dict(self) -> dict[str, Any]:
        """Return the token as plain JSON."""
        return asdict(self)


class TokenStore(Protocol):
    """Keeps a token between clients."""

    def load(self, key: str) -> Token | None:
        """Return the stored token, or None."""

    def save(self, key: str, token: Token) -> None:
        """Store a token; it must be readable by the others when this returns."""


class Lock(Protocol):
    """Makes sure that one at a time does a named thing."""

    def hold(self, name: str) -> AbstractContextManager[Any]:
        """Wait for the lock of this name, and hold it inside the `with`."""


class Budget(Protocol):
    """Hands out the request allowance in dated slots, first come first served."""

    def reserve(self, key: str, per_minute: int, within: float) -> float:
        """Return the time of the next slot, in seconds since the epoch; it is reserved if it lies within so many."""


class Intents(Protocol):
    """Remembers that a bare write was begun, longer than the process that began it."""

    def begun(self, name: str) -> bool:
        """Tell whether this write was begun, and not ended."""

    def begin(self, name: str) -> None:
        """Note that this write begins."""

    def end(self, name: str) -> None:
        """Note that it is known how this write went."""


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


class ProcessLock:
    """Locks among the threads of this process."""

    def __init__(self) -> None:
        self._locks: dict[str, threading.RLock] = {}

    def hold(self, name: str) -> AbstractContextManager[Any]:
        """Wait for the lock of this name, and hold it inside the `with`."""
        return self._locks.setdefault(name, threading.RLock())


class ProcessIntents:
    """Bare writes that this process began."""

    def __init__(self) -> None:
        self._begun: set[str] = set()

    def begun(self, name: str) -> bool:
        """Tell whether this write was begun, and not ended."""
        return name in self._begun

    def begin(self, name: str) -> None:
        """Note that this write begins."""
        self._begun.add(name)

    def end(self, name: str) -> None:
        """Note that it is known how this write went."""
        self._begun.discard(name)


class ProcessBudget:
    """The allowance of this process: at most `per_minute` slots in any 60 seconds."""

    def __init__(self) -> None:
        self._slots: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def reserve(self, key: str, per_minute: int, within: float) -> float:
        """Return the time of the next slot, in seconds since the epoch; it is reserved if it lies within so many."""
        with self._lock:
            slots = self._slots.setdefault(key, deque())
            slot = now = time.time()
            if len(slots) >= per_minute:
                slot = max(slot, slots[-per_minute] + WINDOW_SECONDS)
            if slot - now > within:
                return slot
            slots.append(slot)
            while len(slots) > per_minute:
                slots.popleft()
            return slot


# Shared by all clients of a process that bring nothing of their own.
TOKENS = MemoryTokenStore()
LOCK = ProcessLock()
BUDGET = ProcessBudget()
