"""A process is killed with -9 when its write is done but not yet answered; the next one continues from there."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from local import ROOT

from airflow_provider_dinero.api import errors
from airflow_provider_dinero.coordination.files import FileLock
from tests.conftest import CONTACT, line
from tests.faulty import Faults, before
from tests.steps import GUID

WRITES = ["POST /contacts", "POST /invoices", "POST /book", "POST /email", "POST /files"]


@pytest.fixture
def faults(sandbox: Any) -> Iterator[Faults]:
    with before(sandbox.url) as proxy:
        yield proxy


def run(faults: Faults, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tests.steps", faults.url, *arguments], cwd=ROOT)


def kill_after(faults: Faults, write: str, *arguments: str) -> None:
    """Start the work, and kill it when Dinero has done this write and the answer is still under way."""
    faults.delay[write] = 0.5
    process = run(faults, *arguments)
    end = time.monotonic() + 20
    method, path = write.split()
    while not any(place.startswith(method) and place.endswith(path) for place in faults.done):
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < end
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    faults.delay.clear()


def counts(client: Any, sandbox: Any) -> dict[str, int]:
    invoices = list(client.invoices.list())
    return {
        "contacts": len(list(client.contacts.list())),
        "invoices": len(invoices),
        "booked": sum(each["Status"] == "Booked" for each in invoices),
        "mails": len(sandbox.outbox()),
        "files": len(list(client.files.list())),
    }


@pytest.mark.parametrize("write", WRITES)
def test_each_step_is_done_once(faults: Faults, client: Any, sandbox: Any, write: str) -> None:
    kill_after(faults, write)
    assert run(faults).wait(30) == 0
    assert counts(client, sandbox) == {"contacts": 1, "invoices": 1, "booked": 1, "mails": 1, "files": 1}


def test_without_the_safeguards_it_is_not(faults: Faults, client: Any, sandbox: Any) -> None:
    """The control."""
    kill_after(faults, "POST /files", "careless")
    assert run(faults, "careless").wait(30) == 0
    assert counts(client, sandbox) == {"contacts": 2, "invoices": 2, "booked": 2, "mails": 2, "files": 2}


def test_another_task_waits_for_what_a_killed_one_has_under_way(
    make_client: Any, sandbox: Any, client: Any, tmp_path: Any
) -> None:
    """Its request arrives after the other task's lookup; the note in the lock shows it."""
    guid = client.contacts.create({**CONTACT, "Email": "bjorn@example.no"})["ContactGuid"]
    client.invoices.create({"Guid": GUID, "ContactGuid": guid, "ProductLines": [line()]})
    client.invoices.book(GUID)
    sandbox.fault("late", method="POST", path="/**/email", seconds=0.6, times=1)
    lost = make_client(lock=FileLock(tmp_path), look_again=())
    with pytest.raises(errors.DineroOutcomeUnknown):
        lost.invoices.email_once(GUID)
    assert sandbox.outbox() == []
    other = make_client(lock=FileLock(tmp_path), look_again=(0.5, 1.0))
    assert other.invoices.email_once(GUID)["Change"] == "unchanged"
    assert len(sandbox.outbox()) == 1
    assert make_client(lock=FileLock(tmp_path)).invoices.email_once(GUID)["Change"] == "unchanged"
    assert not list(tmp_path.glob("*.lock"))
