"""The folder of locks and slots while its disk is full, and while a process has forked."""

import multiprocessing
import os
import resource
import struct
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dinero.api.errors import DineroUnavailable
from airflow_provider_dinero.coordination.factory import coordination
from airflow_provider_dinero.coordination.files import FileBudget, FileLock


def fill(folder: str, told: Any) -> None:
    """Take slots on a disk on which a file ends in the middle of a write."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (460, 460))
    budget = FileBudget(Path(folder))
    for _ in range(55):
        budget.reserve("k", 100, 60)
    try:
        budget.reserve("k", 100, 60)
    except DineroUnavailable as error:
        told.send(str(error))
    _, careful = coordination(folder)
    told.send([careful.reserve("k", 100, 1000).at for _ in range(11)])


def test_on_a_full_disk_a_process_paces_itself(tmp_path: Path) -> None:
    ours, its = multiprocessing.Pipe()
    # A separate process: the limit applies to everything that it writes, including its output.
    process = multiprocessing.get_context("spawn").Process(target=fill, args=(str(tmp_path), its))
    process.start()
    assert "can't be used" in ours.recv()
    slots = ours.recv()
    process.join()
    assert slots[-1] - slots[0] > 60


def test_what_a_full_disk_has_left_is_read(tmp_path: Path) -> None:
    budget = FileBudget(tmp_path)
    for _ in range(60):
        budget.reserve("k", 100, 60)
    (slots,) = tmp_path.glob("*.slots")
    for length in (460, 17, 16, 7):
        os.truncate(slots, length)
        assert budget.reserve("k", 100, 60).left == 99 - (length // 8 - 2 if length >= 16 else 0)


def test_a_full_disk_is_not_littered(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with pytest.raises(DineroUnavailable, match="can't be used"), FileLock(tmp_path).hold("x"):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


def test_a_note_that_is_damaged_keeps_nobody_from_the_lock(tmp_path: Path) -> None:
    with FileLock(tmp_path).hold("x") as held:
        held.leave("note")
    (note,) = tmp_path.glob("*.lock")
    note.write_bytes(b"\xff\xfe")
    with FileLock(tmp_path).hold("x") as held:
        assert held.note not in {"", "note"}


NOW = 1_800_000_000.0
DAMAGED = {
    "a count below nothing": struct.pack("<dq3d", NOW, -5, NOW, NOW, NOW),
    "a count beyond all": struct.pack("<dq3d", NOW, 2**62, NOW - 1, NOW - 1, NOW - 1),
    "no numbers": struct.pack("<dq3d", float("nan"), 3, float("nan"), float("inf"), float("-inf")),
    "out of order": struct.pack("<dq3d", NOW, 3, NOW - 1, NOW - 3, NOW - 2),
    "the far future": struct.pack("<dq3d", NOW, 3, 1e300, NOW + 10**9, NOW + 4000),
    "written in no time": struct.pack("<dq3d", float("inf"), 3, NOW, NOW, NOW),
    "another program's": b"\xff" * 1000,
    "text": b"a text, by somebody who thought so" * 100,
}


@pytest.mark.parametrize("name", DAMAGED)
def test_slots_that_are_damaged_keep_nobody_waiting(tmp_path: Path, name: str) -> None:
    budget = FileBudget(tmp_path, clock=lambda: NOW)
    budget.reserve("k", 100, 60)
    (slots,) = tmp_path.glob("*.slots")
    slots.write_bytes(DAMAGED[name])
    first = budget.reserve("k", 100, 60)
    assert (first.at, first.left >= 96) == (NOW, True)
    assert [budget.reserve("k", 100, 60).left for _ in range(3)] == [first.left - each for each in (1, 2, 3)]


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    budget, lock = FileBudget(tmp_path), FileLock(tmp_path)
    with lock.hold("x") as held:
        held.leave("a note keeps the file")
    budget.reserve("k", 100, 60)
    for path in (*tmp_path.glob("*.slots"), *tmp_path.glob("*.lock")):
        path.unlink()
        os.mkfifo(path)
    with pytest.raises(DineroUnavailable, match="can't be used"):
        budget.reserve("k", 100, 60)
    with pytest.raises(DineroUnavailable, match="can't be used"), lock.hold("x"):
        pass


@pytest.mark.parametrize("content", [b"\xff\xfe\x80", b"", b"\x1b[2J\nhost" * 100_000])
def test_a_place_that_is_damaged_is_a_place_all_the_same(tmp_path: Path, content: bytes) -> None:
    with FileLock(tmp_path).hold("x"):
        pass
    (tmp_path / "place").write_bytes(content)
    places = []
    for _ in range(2):
        with FileLock(tmp_path).hold("x") as held:
            places.append(held.place)
    assert places[0] == places[1]
    assert places[0].isprintable()
    assert 0 < len(places[0]) <= 200


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
