"""The request allowance, given out in dated slots to everyone who shares it."""

import logging
import multiprocessing
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dinero.api.ports import WINDOW_SECONDS
from airflow_provider_dinero.coordination.factory import coordination
from airflow_provider_dinero.coordination.files import FileBudget

processes = multiprocessing.get_context("spawn")


def reserve(url: str, times: int, found: Any) -> None:
    _, budget = coordination(url)
    found.put([budget.reserve("client/1", 20, 1000).at for _ in range(times)])


def test_no_minute_holds_more_than_the_allowance(url: str) -> None:
    """Four processes take 100 slots of 20 a minute: the last lie four minutes ahead."""
    found = processes.Queue()
    work = [processes.Process(target=reserve, args=(url, 25, found)) for _ in range(4)]
    for each in work:
        each.start()
    slots = sorted(at for _ in work for at in found.get(timeout=60))
    for each in work:
        each.join()
    # A Redis uses its own clock, which reaches us late on a busy machine; Dinero's minute has 60 seconds.
    assert all(later - earlier > 60 for earlier, later in zip(slots, slots[20:], strict=False))
    assert slots[-1] - slots[0] < 4 * WINDOW_SECONDS + 5


def test_who_comes_first_is_served_first(url: str) -> None:
    _, budget = coordination(url)
    slots = [budget.reserve("k", 2, 1000).at for _ in range(7)]
    # A Redis uses its own clock, which reaches us within some milliseconds.
    late = 0.1 if url.startswith("redis") else 0
    assert all(later >= earlier - late for earlier, later in pairwise(slots))


def test_a_slot_that_is_too_far_away_is_not_taken(url: str) -> None:
    _, budget = coordination(url)
    assert budget.reserve("k", 1, 0).at <= time.time()
    assert [round(budget.reserve("k", 1, 30).at - time.time()) for _ in range(3)] == [61] * 3
    assert [round(budget.reserve("k", 1, 500).at - time.time()) for _ in range(3)] == [61, 122, 183]


def test_looking_takes_nothing(url: str) -> None:
    _, budget = coordination(url)
    assert [budget.reserve("k", 3, 60).left for _ in range(2)] == [2, 1]
    assert [budget.reserve("k", 3, -1).left for _ in range(3)] == [1, 1, 1]


def test_each_organization_has_its_own(url: str) -> None:
    _, budget = coordination(url)
    assert all(budget.reserve(f"client/{number}", 1, 0).at <= time.time() for number in range(5))


def test_slots_go_with_a_clock_that_is_set_back(tmp_path: Path) -> None:
    now = [10_000.0]
    budget = FileBudget(tmp_path, clock=lambda: now[0])
    budget.reserve("k", 1, 0)
    now[0] = 5_000.0
    assert budget.reserve("k", 1, -1).at == pytest.approx(5_000.0 + WINDOW_SECONDS)


def test_who_is_cut_off_keeps_to_a_tenth_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    _, budget = coordination("redis://127.0.0.1:1/7")
    slots = [budget.reserve("k", 100, 1000).at for _ in range(25)]
    assert all(later - earlier >= WINDOW_SECONDS for earlier, later in zip(slots, slots[10:], strict=False))
    (told,) = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert "127.0.0.1:1" in told
    assert "10 requests per minute" in told
