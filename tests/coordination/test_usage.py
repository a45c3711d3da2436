"""What people see of an allowance: requests sent, delayed and put off in the last hour, and who waits now."""

import time
from pathlib import Path

import pytest
from redis import Redis

from airflow_provider_dinero.api.ports import Budget, ProcessBudget
from airflow_provider_dinero.api.usage import MOST_WAITING, Usage
from airflow_provider_dinero.coordination.factory import coordination
from airflow_provider_dinero.coordination.files import FileBudget


@pytest.fixture(params=["folder", "redis", "process"])
def budget(request: pytest.FixtureRequest, tmp_path: Path) -> Budget:
    if request.param == "process":
        return ProcessBudget()
    if request.param == "folder":
        return coordination(f"file://{tmp_path}")[1]
    url = request.getfixturevalue("redis_url")
    with Redis.from_url(url) as client:
        client.flushall()
    return coordination(url)[1]


def reserve(budget: Budget) -> None:
    """Two at once, two that wait for a minute, one that is put off, and two that only look."""
    for who in ("a/first", "a/second", "b/third", "b/fourth"):
        budget.reserve("k", 2, 100, who)
    budget.reserve("k", 2, 100, "c/fifth")
    for _ in range(2):
        budget.reserve("k", 2, -1, "d/looks")


def test_an_hour_by_minutes(budget: Budget) -> None:
    reserve(budget)
    usage, now = budget.usage("k"), time.time()
    hour = usage.hour(now + 2 * 61)  # by then, all have had their turn
    assert len(hour) == 60
    assert [sum(each) for each in zip(*hour, strict=True)] == [4, 2, 1]
    assert max(used for used, _, _ in hour) == 2
    assert usage.hour(now + 65 * 60) == [(0, 0, 0)] * 60
    assert budget.usage("another").hour(now) == [(0, 0, 0)] * 60


def test_who_waits_and_until_when(budget: Budget) -> None:
    reserve(budget)
    usage, now = budget.usage("k"), time.time()
    waiting = usage.still_waiting(now)
    assert list(waiting) == ["b/third", "b/fourth"]
    assert [round(end - now) for end in waiting.values()] == [61, 61]
    assert usage.still_waiting(now + 62) == {}


def test_an_hour_later_nothing_is_left(tmp_path: Path) -> None:
    now = [1_000_000.0]
    budget = FileBudget(tmp_path, clock=lambda: now[0])
    for _ in range(300):  # five hours, so that what is stored doesn't grow
        reserve(budget)
        now[0] += 61
    (file,) = tmp_path.glob("*.slots")
    assert file.stat().st_size < 16 + 8 * 8 + 16 * 70 + 200
    assert sum(used for used, _, _ in budget.usage("k").hour(now[0])) <= 120
    now[0] += 3600
    assert budget.usage("k").hour(now[0]) == [(0, 0, 0)] * 60


def test_many_who_wait_are_not_all_named(tmp_path: Path) -> None:
    budget = FileBudget(tmp_path)
    for number in range(MOST_WAITING + 20):
        budget.reserve("k", 1, 10_000, f"dag/{number}")
    assert len(budget.usage("k").still_waiting(time.time())) <= MOST_WAITING


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"use1",
        b"use0" + bytes(8),
        b"use1\xff\xff\xff\xff\x00\x00\x00\x00",
        b"use1\x01\x00\x00\x00\x00\x00\x00\x00" + bytes(4),
        b"use1\x00\x00\x00\x00\x02\x00\x00\x00[]",
        b'use1\x00\x00\x00\x00\x08\x00\x00\x00{"a":{}}',
        Usage(waiting={"a/b": 1.0}).pack()[:-1],
    ],
)
def test_what_is_damaged_tells_nothing(damaged: bytes) -> None:
    assert Usage.unpack(damaged) == Usage()


def test_what_is_packed_is_found(tmp_path: Path) -> None:
    usage = Usage()
    usage.note(1000.0, 1030.0, 60, "dag/tæsk")
    assert Usage.unpack(usage.pack() + b"older, longer content") == usage
    assert usage.hour(1050.0)[-1] == (1, 1, 0)


def test_minutes_that_can_not_be_are_forgotten() -> None:
    usage = Usage()
    usage.note(9e8, 9e8, 0, "")  # by a clock that was set back since
    usage.note(1000.0, 1000.0, 0, "")
    assert sum(used for used, _, _ in usage.hour(1000.0)) == 1
    assert len(usage.counts) == 4


def test_a_redis_that_was_used_otherwise_loses_no_slot(redis_url: str) -> None:
    from airflow_provider_dinero.coordination.redis import RedisBudget

    with Redis.from_url(redis_url) as client:
        client.flushall()
        client.set("dinero:{k}:minutes", "text")
        client.set("dinero:{k}:waiting", "text")
    budget = RedisBudget(redis_url)
    assert budget.reserve("k", 1, 100, "a/b").left == 0
    budget.reserve("k", 1, 100, "a/b")
    assert list(budget.usage("k").still_waiting(time.time())) == ["a/b"]
