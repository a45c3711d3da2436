"""Programs that the demo starts get the time that they need, and a failure says what to do."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import local
import pytest
import requests


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as running:
        yield running
        running.kill()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that each wait moves by a minute; `then` is called after each."""
    moved = SimpleNamespace(seconds=0, then=lambda: None)

    def sleep(seconds: float) -> None:
        moved.seconds += 60
        moved.then()

    monkeypatch.setattr(local, "time", SimpleNamespace(monotonic=lambda: moved.seconds, sleep=sleep))
    return moved


def after(clock: SimpleNamespace, seconds: int) -> Callable[[], bool]:
    def ready() -> bool:
        if clock.seconds < seconds:
            raise requests.ReadTimeout  # the server is slow
        return True

    return ready


@pytest.mark.parametrize(
    ("writes", "seconds", "told"),
    [
        (True, 540, None),
        (True, 900, "python wasn't ready after 660 s of waiting for a healthy scheduler."),
        (False, 540, "python wasn't ready after 300 s of waiting for a healthy scheduler."),
    ],
)
def test_it_waits_as_long_as_there_is_news(
    process: subprocess.Popen[bytes],
    clock: SimpleNamespace,
    tmp_path: Path,
    writes: bool,
    seconds: int,
    told: str | None,
) -> None:
    process.args = ["/somewhere/python"]
    log = tmp_path / "airflow.log"
    log.write_text("begun\n")

    def write() -> None:
        with log.open("a") as opened:
            opened.write(f"{clock.seconds} s\n")

    clock.then = write if writes else lambda: None
    if told is None:
        local.wait_for(after(clock, seconds), process, log, "a healthy scheduler")
        return
    with pytest.raises(SystemExit) as failed:
        local.wait_for(after(clock, seconds), process, log, "a healthy scheduler")
    first, second, *_ = str(failed.value).splitlines()
    assert first == f"{told} If the machine is busy, run the command again when it is less so."
    assert second == f"Its log is {log}. The end of it:"
    assert str(failed.value).endswith(log.read_text())


def test_one_that_ended_says_so(process: subprocess.Popen[bytes], clock: SimpleNamespace, tmp_path: Path) -> None:
    process.communicate(b"")
    with pytest.raises(SystemExit, match=r"python\S* ended with code 1 after 0 s, before it was ready\."):
        local.wait_for(lambda: True, process, tmp_path / "no.log")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"X": "y"}, {"X": "y", "no_proxy": ",127.0.0.1,localhost"}),
        ({"AIRFLOW_CONN_DINERO_DEFAULT": "https://real", "AIRFLOW__CORE__FERNET_KEY": "x", "PYTHONPATH": "x"}, {}),
        (
            dict.fromkeys(("no_proxy", "NO_PROXY"), "x"),
            dict.fromkeys(("no_proxy", "NO_PROXY"), "x,127.0.0.1,localhost"),
        ),
        ({"NO_PROXY": "x"}, dict.fromkeys(("no_proxy", "NO_PROXY"), "x,127.0.0.1,localhost")),
    ],
)
def test_make_passes_on_what_concerns_it(given: dict[str, str], told: dict[str, str]) -> None:
    environment = {name: value for name, value in os.environ.items() if name.lower() != "no_proxy"}
    command = ["make", "--eval=told: ; @env", "told"]
    lines = subprocess.run(
        command, cwd=local.ROOT, env={**environment, **given}, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert {f"{name}={value}" for name, value in told.items()} <= set(lines)
    assert [line for line in lines if line.startswith(("AIRFLOW_", "PYTHONPATH"))] == []


def test_make_installs_into_its_own_environments() -> None:
    targets = re.findall(r"^([.\w]+/\.installed[-\w]*):", (local.ROOT / "Makefile").read_text(), re.MULTILINE)
    command = ["make", "--always-make", "--dry-run", *targets, ".lowest/.installed", ".newest/.installed"]
    environment = {**os.environ, "PIP_INDEX_URL": "https://index.example"}  # otherwise make asks pip each time
    told = subprocess.run(command, cwd=local.ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    installs = [line for line in told.splitlines() if "/uv " in line]
    assert len(installs) > len(targets)
    assert [line for line in installs if " --python ." not in line] == []


def test_what_is_started_in_the_background_ends_at_once_too(tmp_path: Path) -> None:
    log = tmp_path / "log"
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        command = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
        with local.started(command, log, {}) as running:
            local.wait_for(lambda: "up" in log.read_text(), running, log)
    finally:
        signal.signal(signal.SIGINT, before)
    assert running.returncode == -signal.SIGINT  # else it is killed after 30 seconds
