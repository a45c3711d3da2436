"""Locks and request allowance of all processes that share a Redis: those of many hosts."""

import logging
import threading
import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroUnavailable
from airflow_provider_dinero.api.ports import EVERYWHERE, FARTHEST_SECONDS, WINDOW_SECONDS, Held, Slot

if TYPE_CHECKING:
    import redis

log = logging.getLogger(__name__)

PREFIX = "dinero:"
# Whoever holds a lock says so again and again: one that dies leaves it within the shortest useful grace period of a
# one-time refresh token, and a slow token request keeps it.
LEASE_SECONDS = 10.0
RENEW_SECONDS = 2.0
LONGEST_HOLD = 600.0
TIMEOUT = 3.0
MOST_OF_A_NOTE = 65536
# The same as ports.next_slot, by the clock of the Redis; the slots are the scores of a sorted set.
SCRIPT = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local per_minute, within, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.6f', now - window))
redis.call('ZREMRANGEBYSCORE', KEYS[1], string.format('(%.6f', now + tonumber(ARGV[5])), '+inf')
local taken = redis.call('ZCARD', KEYS[1])
local at = now
if taken > 0 then
  at = math.max(at, tonumber(redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]))
end
if taken >= per_minute then
  local freed = redis.call('ZRANGE', KEYS[1], -per_minute, -per_minute, 'WITHSCORES')[2]
  at = math.max(at, tonumber(freed) + window)
end
if at - now <= within then
  redis.call('ZADD', KEYS[1], string.format('%.6f', at), ARGV[4])
  redis.call('PEXPIRE', KEYS[1], math.ceil((at - now + window) * 1000))
  taken = taken + 1
end
return {string.format('%.6f', at - now), math.max(0, per_minute - taken)}
"""


def connect(url: str) -> "redis.Redis":
    """Return a client for a Redis; nothing is sent.

    :param url: str, redis:// or rediss://
    :raises DineroConfigurationError: the extra is missing, or the URL is wrong
    """
    try:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError:
        raise DineroConfigurationError(
            "A Redis is configured, and its client is not installed.",
            "Install airflow-provider-dinero[redis] wherever Airflow runs.",
        ) from None
    try:
        return redis.Redis.from_url(
            url,
            socket_timeout=TIMEOUT,
            socket_connect_timeout=TIMEOUT,
            decode_responses=True,
            encoding_errors="replace",  # whatever others have put there
            retry=Retry(NoBackoff(), 1),  # a kept connection may be closed by now
        )
    except ValueError:
        raise DineroConfigurationError("coordination_url is not the URL of a Redis.", "Correct it.") from None


@contextmanager
def redis_errors(url: str) -> Generator[None]:
    """Turn what goes wrong with the Redis inside the `with` into our own error.

    :param url: str, of which host and port are named
    """
    from redis.exceptions import RedisError

    try:
        yield
    except RedisError as error:
        parts = urlsplit(url)
        where = parts.path if parts.scheme == "unix" else f"{parts.hostname or 'localhost'}:{parts.port or 6379}"
        raise DineroUnavailable(
            f"The Redis at {where}, by which workers keep out of each other's way, "
            f"can't be used: {type(error).__name__}.",
            "Check it, and [dinero] coordination_url.",
        ) from None


class RedisHeld:
    """A lock of a Redis, held, and kept alive by a thread.

    :param lock: redis.lock.Lock, acquired
    :param client: redis.Redis
    :param name: str, the key of the note; whatever is there, and is no text of ours, is a note too
    :param url: str
    """

    place = EVERYWHERE

    def __init__(self, lock: Any, client: "redis.Redis", name: str, url: str) -> None:
        self._lock = lock
        self._client: Any = client
        self._name = name
        self._url = url
        self._over = threading.Event()
        with redis_errors(url):
            self.note = self._read()
        threading.Thread(target=self._keep_alive, name="dinero-lock", daemon=True).start()

    def _read(self) -> str:
        from redis.exceptions import ResponseError

        try:
            return str(self._client.getrange(self._name, 0, MOST_OF_A_NOTE - 1))
        except ResponseError:
            return "of another type"

    def leave(self, note: str) -> None:
        """Leave a note for the next holders, or take it away with an empty one."""
        if note == self.note:
            return
        try:
            with redis_errors(self._url):
                _ = self._client.set(self._name, note) if note else self._client.delete(self._name)
            self.note = note
        except DineroUnavailable as error:
            log.error("%s", error)

    def is_held(self) -> bool:
        """Tell whether the lock is still held: not where the lease ended, or where nobody knows."""
        try:
            with redis_errors(self._url):
                return bool(self._lock.owned())
        except DineroUnavailable:
            return False

    def release(self) -> None:
        """Let the next one hold it."""
        from redis.exceptions import RedisError

        self._over.set()
        try:
            self._lock.release()
        except RedisError as error:  # it ends with its lease
            log.debug("a lock was not released: %s", type(error).__name__)

    def _keep_alive(self) -> None:
        from redis.exceptions import RedisError

        ends = time.monotonic() + LEASE_SECONDS
        while not self._over.wait(RENEW_SECONDS) and time.monotonic() < ends:
            try:
                self._lock.reacquire()
                ends = time.monotonic() + LEASE_SECONDS
            except RedisError as error:
                log.debug("a lock was not kept alive: %s", type(error).__name__)


class RedisLock:
    """A Lock for all processes that share a Redis.

    :param url: str, redis:// or rediss://
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = connect(url)
        self._mine = threading.local()

    @contextmanager
    def hold(self, name: str) -> Generator[Held]:
        """Wait for the lock of this name, and hold it inside the `with`. The thread that holds it gets it again.

        :param name: str
        :raises DineroUnavailable: the Redis can't be reached, or somebody holds it for ten minutes
        """
        mine: dict[str, Held] = self._mine.__dict__
        if name in mine:
            yield mine[name]
            return
        key = f"{PREFIX}{{{name}}}"
        lock = self._client.lock(
            f"{key}:lock", timeout=LEASE_SECONDS, sleep=0.05, blocking_timeout=LONGEST_HOLD, thread_local=False
        )
        with redis_errors(self._url):
            if not lock.acquire():
                raise DineroUnavailable(f"Another process holds the lock {name} for too long.", "Is it stopped?")
        held = RedisHeld(lock, self._client, f"{key}:note", self._url)
        mine[name] = held
        try:
            yield held
        finally:
            del mine[name]
            held.release()


class RedisBudget:
    """A Budget for all processes that share a Redis, by its clock.

    :param url: str, redis:// or rediss://
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._script: Any = connect(url).register_script(SCRIPT)

    def reserve(self, key: str, per_minute: int, within: float) -> Slot:
        """Return the next slot; it is reserved if it lies within so many seconds.

        :param key: str, whose allowance it is
        :param per_minute: int
        :param within: float, seconds
        :raises DineroUnavailable: the Redis can't be reached
        """
        with redis_errors(self._url):
            # Its clock is not ours: what it says is so many seconds from now.
            seconds, left = self._script(
                keys=[f"{PREFIX}{{{key}}}:slots"],
                args=[per_minute, within, WINDOW_SECONDS, uuid.uuid4().hex, FARTHEST_SECONDS],
            )
        return Slot(time.time() + float(seconds), int(left))
