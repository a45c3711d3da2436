"""Two processes work through lists of orders that overlap, are killed with -9 at random, and begin again.

    PYTHONPATH=scripts python -m tests.faults.lists [share of the rounds, default 1] [seed, default 0]

They share a sandbox, a folder of locks and a state store. Between tries a person books and mails drafts. At
the end each order has one invoice, booked, paid and mailed once. Waits are a fortieth of what they are elsewhere. The
control does without keys and look-ups.
"""

import json
import math
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from airflow_provider_dinero.api import DineroClient, PersonalIntegration
from airflow_provider_dinero.api.errors import DineroError, DineroRefused
from airflow_provider_dinero.api.ports import MemoryTokenStore, ProcessBudget
from airflow_provider_dinero.coordination.factory import coordination
from airflow_provider_dinero.sandbox.server import Sandbox, running
from tests.faults.crash import FASTER, careless
from tests.faults.world import Report, share

ROUNDS = 200
FEWEST = 4
CONTROLS = 6
ORDERS = range(9)
LISTS = (list(ORDERS[:6]), list(ORDERS[:2:-1]))  # three of each are the other's too, in another order
TRIES = 12
PAYMENT = {"DepositAccountNumber": 55000, "Description": "Card"}


class Folder:
    """A state store in a folder: a file for each value, replaced as a whole.

    :param path: Path
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.mkdir(exist_ok=True)

    def get(self, key: str) -> Any:
        """Return the stored value, or None."""
        try:
            return json.loads((self._path / key).read_text())
        except FileNotFoundError:
            return None

    def set(self, key: str, value: Any) -> None:
        """Store a value."""
        beside = self._path / f"{key}.{os.getpid()}"
        beside.write_text(json.dumps(value))
        beside.replace(self._path / key)


def client_of(url: str, folder: Path) -> DineroClient:
    """A client as a new process has it."""
    return DineroClient(
        100001,
        PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", url),
        base_url=url,
        requests_per_minute=1_000_000,
        token_store=MemoryTokenStore(),
        budget=ProcessBudget(),
        lock=coordination(str(folder / "locks"))[0],
        sleep=lambda seconds: time.sleep(seconds / FASTER),
    )


def order(number: int) -> dict[str, Any]:
    """An order of one of three customers."""
    return {
        "idempotency_key": f"order-{number}",
        "contact": {
            "ExternalReference": f"customer-{number % 3}", "Name": f"Customer {number % 3}", "CountryKey": "DK",
            "IsPerson": True, "Email": f"customer-{number % 3}@example.dk",
        },
        "invoice": {
            "ExternalReference": f"order-{number}",
            "ProductLines": [
                {
                    "Description": "Bell", "Quantity": 1 + number, "BaseAmountValue": "80", "Unit": "parts",
                    "AccountNumber": 1000,
                }
            ],
        },
        "expected_total": f"{100 * (1 + number)}.00",
    }  # fmt: skip


def begin(url: str, folder: Path, numbers: list[int]) -> int:
    """Let a process work through a list, and return its id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        client_of(url, folder).batches(Folder(folder / "store")).invoices(
            [order(number) for number in numbers], book=True, send="email", payment=PAYMENT
        )
    except DineroError as error:
        (folder / f"error-{os.getpid()}").write_text(f"{type(error).__name__}: {error}")
        os._exit(1)
    os._exit(0)


def person(beside: DineroClient, chance: random.Random) -> None:
    """Book and mail one of the drafts that are left, as a person may."""
    drafts = list(beside.invoices.list(status=["Draft"], fields=["Guid"]))
    if drafts and chance.random() < 0.5:
        guid = chance.choice(drafts)["Guid"]
        try:
            beside.invoices.book(guid)
            beside.invoices.email(guid)
        except DineroRefused as error:
            print(f"      the person was refused: {error}", flush=True)


def once(box: Sandbox, seed: str, longest: float) -> tuple[str, int]:
    """Do a round, and return what is wrong, or nothing, and how many tries were killed.

    :param longest: seconds within which a try is killed
    """
    chance, killed = random.Random(seed), 0
    box.reset()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        beside = client_of(box.url, folder)
        left = dict.fromkeys(range(len(LISTS)), 0)
        while left:
            pids = {begin(box.url, folder, LISTS[at]): at for at in left}
            ends = {pid: time.monotonic() + chance.uniform(0, longest) for pid in pids}
            for pid, at in pids.items():
                last = left[at] == TRIES  # it may come to its end
                while (status := os.waitpid(pid, os.WNOHANG))[0] == 0:
                    if not last and time.monotonic() > ends[pid]:
                        os.kill(pid, signal.SIGKILL)
                        status = os.waitpid(pid, 0)
                        break
                    time.sleep(0.005)
                code = os.waitstatus_to_exitcode(status[1])
                killed += code == -signal.SIGKILL
                left[at] += 1
                if code == 0:
                    del left[at]
                elif last:
                    told = "; ".join(each.read_text() for each in folder.glob("error-*"))
                    return f"it doesn't come to its end: {told}", killed
            person(beside, chance)
        wrong = wrong_in(box, beside)
        beside.close()
        return wrong, killed


def wrong_in(box: Sandbox, beside: DineroClient) -> str:
    """Return what is wrong in the books, or nothing."""
    rows = list(beside.invoices.list(fields=["ExternalReference", "Status", "TotalInclVat", "Number"]))
    mails = Counter(int(each["number"]) for each in box.outbox())
    found = {
        "invoices": sorted(row["ExternalReference"] for row in rows) == [f"order-{number}" for number in ORDERS],
        "paid once": all(row["Status"] == "Paid" for row in rows),
        "payments": box.state()["payments"] == len(ORDERS),
        "mailed once": mails == dict.fromkeys(range(1, len(ORDERS) + 1), 1),
        "totals": sum(row["TotalInclVat"] for row in rows) == sum(100 * (1 + number) for number in ORDERS),
        "contacts": box.state()["contacts"] == 3 + len(SEEDED),
    }
    return ", ".join(name for name, right in found.items() if not right)


SEEDED: list[str] = []  # contacts that a fresh sandbox has


@contextmanager
def without() -> Generator[None]:
    """Do without keys and look-ups: the control."""
    from airflow_provider_dinero.api.batches import notes

    kept = notes.Notes.load
    with careless():
        notes.Notes.load = lambda self, guids: None  # type: ignore[method-assign]
        try:
            yield
        finally:
            notes.Notes.load = kept  # type: ignore[method-assign]


def main() -> None:
    """Do all rounds, and the control."""
    report, rounds = Report(), max(FEWEST, round(ROUNDS * share()))
    seed = sys.argv[2] if len(sys.argv) > 2 else "0"
    with running(requests_per_minute=1_000_000) as box:
        SEEDED[:] = ["seeded"] * box.state()["contacts"]
        began = time.monotonic()
        undisturbed, _ = once(box, "undisturbed", math.inf)
        took = time.monotonic() - began
        report.line("two lists that overlap, undisturbed", f"{took:.1f} s", not undisturbed)
        longest = took / 2  # so that most are killed before their end, however fast the machine is
        began, killed, wrongs = time.monotonic(), 0, Counter[str]()
        for number in range(rounds):
            wrong, kills = once(box, f"{seed}/{number}", longest)
            killed += kills
            wrongs[wrong] += bool(wrong)
            if wrong:
                print(f"      round {number}: {wrong}", flush=True)
        told = f"{rounds} rounds, {killed} tries killed, {time.monotonic() - began:.0f} s, wrong: {dict(+wrongs)}"
        report.line("two lists that overlap", told, not +wrongs and killed > 0)
        with without():
            bad = sum(bool(once(box, f"control/{number}", longest)[0]) for number in range(CONTROLS))
        report.line("without keys and look-ups (control)", f"{bad} of {CONTROLS} rounds are wrong", bad > 0)
    report.end()


if __name__ == "__main__":
    main()
