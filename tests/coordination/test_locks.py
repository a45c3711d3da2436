"""One at a time, among threads and processes, even if some die."""

import multiprocessing
import os
import signal
import stat
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dinero.adapters.settings import coordination_url
from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroUnavailable
from airflow_provider_dinero.api.ports import Lock, ProcessLock
from airflow_provider_dinero.coordination.factory import coordination
from airflow_provider_dinero.coordination.redis import LEASE_SECONDS

# Each process begins on its own, as Airflow's workers on two hosts do.
processes = multiprocessing.get_context("spawn")


def add(url: str, counter: str, times: int) -> None:
    lock, _ = coordination(url)
    for _ in range(times):
        with lock.hold("counter"):
            value = int(Path(counter).read_text())
            time.sleep(0.001)
            Path(counter).write_text(str(value + 1))


def hold(url: str, name: str, held: Any) -> None:
    with coordination(url)[0].hold(name) as lock:
        lock.leave("from the dead")
        held.set()
        time.sleep(600)


def holder(url: str, name: str = "x") -> Any:
    """A process that holds a lock until it is killed."""
    held = processes.Event()
    process = processes.Process(target=hold, args=(url, name, held))
    process.start()
    assert held.wait(30)
    return process


def test_processes_and_threads_exclude_each_other(url: str, tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    work: list[Any] = [processes.Process(target=add, args=(url, str(counter), 50)) for _ in range(3)]
    work += [threading.Thread(target=add, args=(url, str(counter), 50)) for _ in range(3)]
    for each in work:
        each.start()
    for each in work:
        each.join()
    assert counter.read_text() == "300"


def test_a_lock_that_another_one_holds_is_not_waited_for(url: str) -> None:
    lock, _ = coordination(url)
    process = holder(url)
    began = time.monotonic()
    with lock.try_hold("x") as held:
        assert held is None
    assert time.monotonic() - began < 1
    process.kill()
    process.join()
    with lock.hold("x") as outer, lock.try_hold("x") as inner:  # which waits until the lease of the dead one ends
        assert inner is outer
    with lock.try_hold("x") as held:
        assert held is not None
        assert held.note == "from the dead"
        assert in_a_thread(lock) is None
    assert in_a_thread(lock) is not None


def test_a_lock_among_threads_is_not_waited_for() -> None:
    lock = ProcessLock()
    with lock.try_hold("x") as held, lock.try_hold("x") as again:
        assert again is held
        assert in_a_thread(lock) is None
    assert in_a_thread(lock) is not None


def in_a_thread(lock: Lock) -> Any:
    """What another thread gets when it tries to hold the lock."""
    found: list[Any] = []

    def try_hold() -> None:
        with lock.try_hold("x") as held:
            found.append(held)

    thread = threading.Thread(target=try_hold)
    thread.start()
    thread.join()
    return found[0]


def test_other_names_are_not_waited_for(url: str) -> None:
    process = holder(url)
    begin = time.monotonic()
    with coordination(url)[0].hold("y"):
        assert time.monotonic() - begin < 1
    process.kill()
    process.join()


def test_the_thread_that_holds_it_gets_it_again(url: str) -> None:
    lock, _ = coordination(url)
    with lock.hold("x") as outer:
        with lock.hold("x") as inner:
            assert inner is outer
        assert outer.is_held()


def test_a_killed_holder_frees_it_and_its_note_stays(url: str) -> None:
    process = holder(url)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    begin = time.monotonic()
    with coordination(url)[0].hold("x") as held:
        took = time.monotonic() - begin
        assert held.note == "from the dead"
        held.leave("")
    assert took < (0.5 if url.startswith("file") else LEASE_SECONDS + 1)
    with coordination(url)[0].hold("x") as held:
        assert held.note == ""


def test_a_holder_that_lost_its_lease_knows(redis_url: str) -> None:
    process = holder(redis_url, "paused")
    os.kill(process.pid, signal.SIGSTOP)
    with coordination(redis_url)[0].hold("paused") as held:
        assert held.is_held()
        os.kill(process.pid, signal.SIGCONT)
        time.sleep(2.5)  # it would keep its lease alive now
        assert held.is_held()
    process.kill()
    process.join()


def test_a_lease_is_kept_alive_as_long_as_it_takes(redis_url: str) -> None:
    lock, _ = coordination(redis_url)
    with lock.hold("long") as held:
        time.sleep(LEASE_SECONDS + 1)
        assert held.is_held()


def test_the_folder_is_for_its_owner_and_keeps_no_files_of_locks(tmp_path: Path) -> None:
    lock, budget = coordination(f"{tmp_path}/made/here")
    with lock.hold("x"):
        budget.reserve("k", 100, 60)
    assert stat.S_IMODE((tmp_path / "made/here").stat().st_mode) == 0o700
    assert sorted(each.suffix for each in (tmp_path / "made/here").iterdir()) == ["", ".slots"]


def test_two_folders_are_two_places(tmp_path: Path, redis_url: str) -> None:
    places = []
    for url in (f"{tmp_path}/one", f"file://{tmp_path}/two", f"{tmp_path}/one", redis_url):
        with coordination(url)[0].hold("x") as held:
            places.append(held.place)
    assert places[0] == places[2] != places[1]
    assert places[3] == "everywhere"


@pytest.mark.parametrize("url", ["/proc/nowhere", "redis://user:s3cret@127.0.0.1:1/0"])
def test_what_cannot_be_reached_is_named(url: str) -> None:
    lock, _ = coordination(url)
    with pytest.raises(DineroUnavailable, match="can't be used") as raised, lock.hold("x"):
        pass
    assert "s3cret" not in str(raised.value)
    assert ("127.0.0.1:1" if url.startswith("redis") else url) in str(raised.value)


WRONG = [
    "ftp://host/x", "relative/folder", ".", "redis://host:port", "redis://:s3[cret@host/1", "redis://:s3%0D%0Acret@host/1",
    "file://", "file://mnt/dinero", ":s3cret@host:6379/1", "s3cret@host",
    "redis://host?foo=1", "redis://host?password=s3cret", "redis://host?socket_timeout=86400", "redis://host?retry=", "redis://host?ssl_ca_certs=x",
    "rediss://host?ssl_cert_reqs=x",
    "redis://a..b", f"rediss://{'a' * 64}.example",
]  # fmt: skip


@pytest.mark.parametrize("url", WRONG)
def test_a_wrong_url_is_an_error(url: str) -> None:
    with pytest.raises(DineroConfigurationError, match="coordination_url") as raised:
        coordination(url)
    assert "s3" not in str(raised.value)


@pytest.mark.parametrize(
    ("given", "meant"),
    [("  ", f"{os.environ['AIRFLOW_HOME']}/dinero"), ("/mnt/dinero ", "/mnt/dinero")],
    ids=["blanks", "blank after a folder"],  # AIRFLOW_HOME differs between the test processes
)
def test_blanks_around_a_url_mean_nothing(given: str, meant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert coordination_url({"coordination_url": given}) == meant
    monkeypatch.setenv("AIRFLOW__DINERO__COORDINATION_URL", given)
    assert coordination_url({}) == meant
