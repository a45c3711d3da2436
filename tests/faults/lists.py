"""Two workers work through lists of orders that overlap, are killed with -9 at random, and begin again.

    PYTHONPATH=scripts python -m tests.faults.lists [share of the rounds, default 1] [seed, default 0]

They are processes with a client, with locks in files and in Redis, or tasks of a real Airflow. They share a sandbox and
a state store. Between tries a person books and mails drafts. At the end each order has one invoice, booked, paid and
mailed once. Waits are a fortieth of what they are elsewhere. The controls do without keys and look-ups.
"""

import math
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.api.errors import DineroRefused
from airflow_provider_dinero.sandbox.server import Sandbox, running
from tests.faults.list_workers import (
    KILLED,
    LEASE_SECONDS,
    Processes,
    Workers,
    airflow_tasks,
    client_of,
    shorten_leases,
    without,
)
from tests.faults.orders import CUSTOMERS, LISTS, ORDERS
from tests.faults.world import Report, places, share

ROUNDS = 50
CONTROLS = 6
TRIES = 6
NO_END = "it doesn't come to its end"


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


def once(box: Sandbox, workers: Workers, seed: str, longest: float, lease: float = 0.0) -> tuple[str, int]:
    """Do a round, and return what is wrong, or nothing, and how many tries were killed.

    :param longest: seconds within which a first try is killed
    :param lease: seconds that a later one may wait for the lock of one that was killed
    """
    chance, killed = random.Random(seed), 0
    box.reset()
    contacts = box.state()["contacts"]  # that a fresh sandbox has
    with tempfile.TemporaryDirectory() as place:
        beside = client_of(box.url, f"{place}/locks")
        left = dict.fromkeys(range(len(LISTS)), 0)
        while left:
            kills = {
                at: math.inf if tries == TRIES else chance.uniform(0, longest + (lease if tries else 0))
                for at, tries in left.items()
            }
            for at, how in workers.attempt(Path(place), f"{seed}/", kills).items():
                killed += how == KILLED
                left[at] += 1
                if not how:
                    del left[at]
                elif left[at] > TRIES:
                    return f"{NO_END}: {how}", killed
            person(beside, chance)
        wrong = wrong_in(box, beside, f"{seed}/", contacts)
        beside.close()
        return wrong, killed


def wrong_in(box: Sandbox, beside: DineroClient, prefix: str, contacts: int) -> str:
    """Return what is wrong in the books, or nothing."""
    rows = list(beside.invoices.list(fields=["ExternalReference", "Status", "TotalInclVat", "Number"]))
    mails = Counter(int(each["number"]) for each in box.outbox())
    found = {
        "invoices": sorted(row["ExternalReference"] for row in rows) == [f"{prefix}order-{each}" for each in ORDERS],
        "paid once": all(row["Status"] == "Paid" for row in rows),
        "payments": box.state()["payments"] == len(ORDERS),
        "mailed once": mails == dict.fromkeys(range(1, len(ORDERS) + 1), 1),
        "totals": sum(row["TotalInclVat"] for row in rows) == sum(100 * (1 + number) for number in ORDERS),
        "contacts": box.state()["contacts"] == CUSTOMERS + contacts,
    }
    return ", ".join(name for name, right in found.items() if not right)


def prove(box: Sandbox, workers: Workers, name: str, report: Report, lease: float = 0.0) -> float:
    """Do the rounds of one kind of workers, and return within which time a first try is killed.

    :param lease: as `once` takes it
    """
    seed, rounds = sys.argv[2] if len(sys.argv) > 2 else "0", max(1, round(ROUNDS * share()))
    began = time.monotonic()
    undisturbed, _ = once(box, workers, "undisturbed", math.inf)
    took = time.monotonic() - began
    longest = took / 2  # so that most are killed before their end, however fast the machine is
    report.line(f"{name}, undisturbed", f"{took:.1f} s", not undisturbed)
    began, killed, wrongs = time.monotonic(), 0, Counter[str]()
    for number in range(rounds):
        wrong, kills = once(box, workers, f"{seed}-{number}", longest, lease)
        killed += kills
        wrongs[wrong] += bool(wrong)
        if wrong:
            print(f"      round {number}: {wrong}", flush=True)
    told = f"{rounds} rounds, {killed} tries killed, {time.monotonic() - began:.0f} s, wrong: {dict(+wrongs)}"
    report.line(name, told, not +wrongs and killed > 0)
    return longest


def control(box: Sandbox, workers: Workers, name: str, report: Report, longest: float, lease: float) -> None:
    """Do rounds without keys and look-ups until one is wrong."""
    found = (once(box, workers, f"control-{number}", longest, lease)[0] for number in range(CONTROLS))
    wrong = next((each for each in found if each and not each.startswith(NO_END)), "nothing")
    report.line(f"{name}, without keys and look-ups (control)", f"wrong: {wrong}", wrong != "nothing")


def main() -> None:
    """Do all rounds, and the controls."""
    report = Report()
    shorten_leases()
    with running(requests_per_minute=1_000_000) as box, places() as where, tempfile.TemporaryDirectory() as home:
        for name, place, lease in (
            ("client, locks in files", "", 0.0),
            ("client, locks in Redis", where["redis"], LEASE_SECONDS),
        ):
            workers = Processes(box.url, place)
            longest = prove(box, workers, name, report, lease)
            with without():
                control(box, workers, name, report, longest, lease)
        name = "Airflow tasks, locks in Redis"
        with airflow_tasks(box.url, where["redis"], Path(home)) as tasks:
            once(box, tasks, "first", math.inf)  # it takes longer than the others, as in crash.py
            longest = prove(box, tasks, name, report, LEASE_SECONDS)
            tasks.control = True
            control(box, tasks, name, report, longest, LEASE_SECONDS)
    report.end()


if __name__ == "__main__":
    main()
