"""What somebody else, or an accident, left in the Redis under our names."""

import time
from typing import Any

import pytest
from redis import Redis

from airflow_provider_dinero.api.errors import DineroUnavailable
from airflow_provider_dinero.coordination.redis import RedisBudget, RedisLock


@pytest.fixture
def there(redis_url: str) -> Any:
    with Redis.from_url(redis_url) as client:
        client.flushall()
        yield client


def put(there: Any, key: str, kind: str) -> None:
    if kind == "list":
        there.rpush(key, "a")
    else:
        there.set(key, {"bytes": b"\xff\xfe\x80", "long": b"n" * 10_000_000}[kind])


@pytest.mark.parametrize("kind", ["bytes", "list", "long"])
def test_an_odd_note_is_a_note(there: Any, redis_url: str, kind: str) -> None:
    put(there, "dinero:{x}:note", kind)
    with RedisLock(redis_url).hold("x") as held:
        assert 0 < len(held.note) < 100_000
        held.leave("mine")
    with RedisLock(redis_url).hold("x") as held:
        assert held.note == "mine"
        held.leave("")
    assert there.keys() == []


@pytest.mark.parametrize("kind", ["bytes", "list"])
def test_a_lock_that_became_odd_is_not_held(there: Any, redis_url: str, kind: str) -> None:
    with RedisLock(redis_url).hold("x") as held:
        there.delete("dinero:{x}:lock")
        put(there, "dinero:{x}:lock", kind)
        assert held.is_held() is False


@pytest.mark.parametrize("score", ["inf", "1e300", "-inf"])
def test_slots_that_cannot_be_keep_nobody_waiting(there: Any, redis_url: str, score: str) -> None:
    for number in range(200):
        there.zadd("dinero:{k}:slots", {f"odd{number}": float(score)})
    slots = [RedisBudget(redis_url).reserve("k", 100, 60) for _ in range(3)]
    assert all(abs(each.at - time.time()) < 5 for each in slots)
    assert [each.left for each in slots] == [99, 98, 97]


def test_slots_of_another_type_are_told(there: Any, redis_url: str) -> None:
    put(there, "dinero:{k}:slots", "bytes")
    with pytest.raises(DineroUnavailable, match="can't be used: ResponseError"):
        RedisBudget(redis_url).reserve("k", 100, 60)
