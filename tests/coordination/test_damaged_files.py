"""The folder of locks and slots while its disk is full, and while a process has forked."""

import os
import resource
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_provider_dinero.api.errors import DineroUnavailable
from airflow_provider_dinero.coordination.choice import coordination
from airflow_provider_dinero.coordination.files import FileBudget, FileLock


@pytest.fixture
def small_files() -> Iterator[None]:
    """A disk on which a file ends in the middle of a write."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (460, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_on_a_full_disk_a_process_paces_itself(tmp_path: Path, small_files: None) -> None:
    budget = FileBudget(tmp_path)
    for _ in range(55):
        budget.reserve("k", 100, 60)
    with pytest.raises(DineroUnavailable, match="can't be used"):
        budget.reserve("k", 100, 60)
    _, careful = coordination(str(tmp_path))
    slots = [careful.reserve("k", 100, 1000).at for _ in range(11)]
    assert slots[-1] - slots[0] > 60


def test_what_a_full_disk_has_left_is_read(tmp_path: Path) -> None:
    budget = FileBudget(tmp_path)
    for _ in range(60):
        budget.reserve("k", 100, 60)
    (slots,) = tmp_path.glob("*.slots")
    for length in (460, 17, 16, 7):
        os.truncate(slots, length)
        assert budget.reserve("k", 100, 60).left == 99 - (length // 8 - 2 if length >= 16 else 0)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_fork_does_not_keep_a_lock(tmp_path: Path) -> None:
    """What a process forks while one of its threads holds a lock has the file open too, and lives on."""
    lock = FileLock(tmp_path)
    with lock.hold("x") as held:
        held.leave("this file stays")
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.read(reader, 1)
            os._exit(0)
    try:
        began = time.monotonic()
        got = threading.Thread(target=lambda: lock.hold("x").__enter__(), daemon=True)
        got.start()
        got.join(5)
        assert time.monotonic() - began < 1
    finally:
        os.write(writer, b"x")
        os.waitpid(child, 0)
