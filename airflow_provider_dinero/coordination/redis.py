"""Locks and request allowance of all processes that share a Redis server, on many hosts."""

import logging
import ssl
import threading
import time
import uuid
from array import array
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroUnavailable
from airflow_provider_dinero.api.ports import EVERYWHERE, FARTHEST_SECONDS, WINDOW_SECONDS, Held, Slot
from airflow_provider_dinero.api.usage import LONGEST_WHO, MOST_WAITING, Usage
from airflow_provider_dinero.coordination.locks import SharedLock

if TYPE_CHECKING:
    import redis
    from redis.exceptions import RedisError

log = logging.getLogger(__name__)

PREFIX = "dinero:"
# The options that a URL may have after its `?`, besides those of TLS.
OPTIONS = {"client_name", "db", "health_check_interval", "protocol", "socket_keepalive"}
# The first words of errors from a node of a cluster.
OF_A_CLUSTER = {"MOVED", "ASK", "CLUSTERDOWN", "CROSSSLOT"}
# The holder of a lock keeps renewing it: a dead process loses it within the shortest useful grace period of a one-time
# refresh token, and a slow token request keeps it.
LEASE_SECONDS = 10.0
RENEW_SECONDS = 2.0
SETTING = ("coordination_url",)
TIMEOUT = 3.0
MOST_OF_A_NOTE = 65536
# In a cluster of two, one node in a million has this many keys.
OTHER_KEYS = 20
# The same as ports.next_slot, by the clock of the Redis; the slots are the scores of a sorted set. Beside them is what
# Usage keeps: a hash of two hours' minutes, and a sorted set of who waits, whose scores are the ends of that.
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
if within >= 0 then
  for number, kind in ipairs({'hash', 'zset'}) do
    local found = redis.call('TYPE', KEYS[number + 1]).ok
    if found ~= kind and found ~= 'none' then redis.call('DEL', KEYS[number + 1]) end
  end
  local given, waits = at - now <= within, at > now
  local minute = math.floor((given and at or now) / 60)
  local place = tostring(minute % 128)
  local counts = redis.call('HGET', KEYS[2], place) or ''
  local of, used, waited, off = string.match(counts, '^(%d+) (%d+) (%d+) (%d+)$')
  if tonumber(of) ~= minute then used, waited, off = 0, 0, 0 end
  if given then used = used + 1 else off = off + 1 end
  if given and waits then waited = waited + 1 end
  redis.call('HSET', KEYS[2], place, string.format('%d %d %d %d', minute, used, waited, off))
  redis.call('EXPIRE', KEYS[2], 7200)
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', string.format('%.6f', now))
  if given and waits and ARGV[6] ~= '' then
    redis.call('ZADD', KEYS[3], string.format('%.6f', at), ARGV[6])
    redis.call('EXPIRE', KEYS[3], 7200)
  end
end
return {string.format('%.6f', at - now), math.max(0, per_minute - taken)}
"""


def connect(url: str) -> "redis.Redis":
    """Return a client for a Redis server; this sends nothing.

    :param url: str, redis:// or rediss://
    :raises DineroConfigurationError: the extra is missing, or the URL is wrong, or has options that change what this
        relies on: the timeouts, or that responses are text
    """
    try:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError:
        raise DineroConfigurationError(
            "Redis is configured, but its client is not installed.",
            "Install airflow-provider-dinero[redis] wherever Airflow runs.",
        ) from None
    try:
        parts = urlsplit(url)
        (parts.hostname or "").encode("idna")  # fails for a name that can't be looked up
        options = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
        if unknown := {name for name in options - OPTIONS if not name.startswith("ssl_")}:
            raise DineroConfigurationError(
                f"coordination_url has the unsupported option {', '.join(sorted(unknown))}.",
                f"Use {', '.join(sorted(OPTIONS))} or an option of ssl_…; a password goes before the host.",
                settings=SETTING,
            )
        client = redis.Redis.from_url(
            url,
            socket_timeout=TIMEOUT,
            socket_connect_timeout=TIMEOUT,
            decode_responses=True,
            encoding_errors="replace",  # for values that others have put there
            retry=Retry(NoBackoff(), 1),  # a persistent connection may be closed by now
        )
        client.connection_pool.make_connection()  # not used: it detects an invalid option
    except (ValueError, TypeError, redis.RedisError):
        raise DineroConfigurationError(
            "coordination_url is not the URL of a Redis server.", "Correct it.", settings=SETTING
        ) from None
    return client


@contextmanager
def redis_errors(url: str) -> Generator[None]:
    """Turn errors of the Redis inside the `with` block into our own.

    :param url: str; the error names its host and port
    """
    from redis.exceptions import RedisError

    try:
        yield
    except RedisError as error:
        raise _lost(url, error) from None


def _lost(url: str, error: "RedisError", step: str = "") -> DineroUnavailable:
    from redis.exceptions import AskError, ClusterCrossSlotError, ClusterDownError, MovedError

    of_a_cluster = (MovedError, AskError, ClusterDownError, ClusterCrossSlotError)
    # redis-py creates these errors from the first word only since 5.1.
    if isinstance(error, of_a_cluster) or str(error).partition(" ")[0] in OF_A_CLUSTER:
        return _of_a_cluster(url)
    told = type(error).__name__
    inner: BaseException | None = error
    while inner:
        if isinstance(inner, ssl.SSLCertVerificationError):
            told = f"its certificate was rejected: {inner.verify_message}"
        inner = inner.__cause__ or inner.__context__
    return DineroUnavailable(
        f"{_named(url)}, which holds the locks of all workers, can't be used{step}: {told}.",
        "Check it, and [dinero] coordination_url.",
        settings=SETTING,
    )


def _named(url: str) -> str:
    parts = urlsplit(url)
    where = parts.path if parts.scheme == "unix" else f"{parts.hostname or 'localhost'}:{parts.port or 6379}"
    return f"The Redis at {where}"


def _of_a_cluster(url: str) -> DineroUnavailable:
    return DineroUnavailable(
        f"{_named(url)} is a node of a Redis Cluster: it only has a part of the keys, so most locks would fail.",
        "Set [dinero] coordination_url to one Redis that has all keys, not in cluster mode.",
        settings=SETTING,
    )


def try_out(url: str) -> None:
    """Try once everything that locks and allowance need of a Redis server, or of what responds in its place.

    :param url: str, redis:// or rediss://
    :raises DineroUnavailable: a part of it doesn't work; a proxy may take a lock and never release it
    """
    from redis.exceptions import RedisError

    client: Any = connect(url)
    key = f"{PREFIX}{{try/{uuid.uuid4().hex}}}"
    lock = client.lock(f"{key}:lock", timeout=LEASE_SECONDS, thread_local=False)
    slots = [1, -1, WINDOW_SECONDS, "try", FARTHEST_SECONDS, ""]
    steps: dict[str, Callable[[], Any]] = {
        "acquiring a lock": lambda: lock.acquire(blocking=False),
        "renewing it": lock.reacquire,
        "checking its owner": lock.owned,
        "writing a note": lambda: client.set(f"{key}:note", "a note", px=1000),
        "reading it": lambda: client.getrange(f"{key}:note", 0, MOST_OF_A_NOTE - 1),
        "releasing the lock": lock.release,
        "computing the allowance": lambda: client.register_script(SCRIPT)(keys=_keys(key), args=slots),
        "reading other keys": lambda: [client.get(f"{PREFIX}{{{number}}}:note") for number in range(OTHER_KEYS)],
    }
    with client:
        for step, take in steps.items():
            try:
                take()
            except RedisError as error:
                raise _lost(url, error, f" (while {step})") from None
        with suppress(RedisError):  # without permission for this, the other keys have shown it
            if client.info("cluster").get("cluster_enabled"):
                raise _of_a_cluster(url)


class RedisHeld:
    """A held lock of a Redis server, kept alive by a thread.

    :param lock: redis.lock.Lock, acquired
    :param client: redis.Redis
    :param name: str, the key of the note; any other content there counts as a note too
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
        """Leave a note for the next holders; an empty one removes it."""
        if note == self.note:
            return
        try:
            with redis_errors(self._url):
                _ = self._client.set(self._name, note) if note else self._client.delete(self._name)
            self.note = note
        except DineroUnavailable as error:
            log.error("%s", error)

    def is_held(self) -> bool:
        """Tell whether the lock is still held: not if the lease has ended, or if that can't be found out."""
        try:
            with redis_errors(self._url):
                return bool(self._lock.owned())
        except DineroUnavailable:
            return False

    def release(self) -> None:
        """Release the lock."""
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


class RedisLock(SharedLock):
    """A Lock for all processes that share a Redis server.

    :param url: str, redis:// or rediss://
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self._client = connect(url)

    @contextmanager
    def _taken(self, name: str, longest: float) -> Generator[Held | None]:
        key = f"{PREFIX}{{{name}}}"
        lock = self._client.lock(
            f"{key}:lock", timeout=LEASE_SECONDS, sleep=0.05, blocking_timeout=longest, thread_local=False
        )
        with redis_errors(self._url):
            is_ours = lock.acquire()
        if not is_ours:
            yield None
            return
        held = RedisHeld(lock, self._client, f"{key}:note", self._url)
        try:
            yield held
        finally:
            held.release()


def _keys(key: str) -> list[str]:
    """Return the keys of an allowance, as SCRIPT takes them."""
    return [f"{key}:{each}" for each in ("slots", "minutes", "waiting")]


class RedisBudget:
    """A Budget for all processes that share a Redis server, by its clock.

    :param url: str, redis:// or rediss://
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: Any = connect(url)
        self._script = self._client.register_script(SCRIPT)

    def reserve(self, key: str, per_minute: int, within: float, who: str = "") -> Slot:
        """Return the next slot, and reserve it if it is within this many seconds.

        :param key: str, identifies the allowance
        :param per_minute: int
        :param within: float, seconds
        :param who: str, who is named while it waits; default nobody
        :raises DineroUnavailable: the Redis can't be reached
        """
        with redis_errors(self._url):
            # Its clock is not ours: it returns seconds from now.
            seconds, left = self._script(
                keys=_keys(f"{PREFIX}{{{key}}}"),
                args=[per_minute, within, WINDOW_SECONDS, uuid.uuid4().hex, FARTHEST_SECONDS, who[:LONGEST_WHO]],
            )
        return Slot(time.time() + float(seconds), int(left))

    def usage(self, key: str) -> Usage:
        """Return the use of this allowance in the last hour, and who waits for it.

        :param key: str, whose allowance it is
        :raises DineroUnavailable: the Redis can't be reached
        """
        _, minutes, waiting = _keys(f"{PREFIX}{{{key}}}")
        with redis_errors(self._url):
            told = self._client.hvals(minutes)
            there = self._client.zrange(waiting, 0, MOST_WAITING - 1, withscores=True)
        rows = [[int(number) for number in each.split()] for each in told]
        return Usage(array("I", [number for row in sorted(rows) for number in row]), dict(there))
