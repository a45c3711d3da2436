"""Long lists by `client.batches`, from a file: the memory that they take, and bad orders among good ones.

    python benchmarks/lists_large.py [orders of the memory's run] [orders, of which 30 are bad] [customers of the first]

The defaults are 20000, 3000 and 50; 0 leaves a part out. Memory is the peak of a process of its own, over that of one
that has a tenth of the orders.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from lists import PER_MINUTE, asked, work

from airflow_provider_dinero.api.errors import DineroItemsFailed
from airflow_provider_dinero.sandbox.server import Sandbox, running

BAD = 30
MOST = 1.1
Row = dict[str, Any]


def orders(count: int, customers: int = 50) -> list[Row]:
    """Return orders of some customers."""
    line = {"Description": "Bell", "BaseAmountValue": "80", "Quantity": 1, "Unit": "parts", "AccountNumber": 1000}
    names = [f"customer-{number % customers}" for number in range(count)]
    return [
        {
            "idempotency_key": f"order-{number}",
            "contact": {"ExternalReference": name, "Name": name, "CountryKey": "DK", "IsPerson": True},
            "invoice": {"Date": "2026-11-02", "ExternalReference": f"order-{number}", "ProductLines": [line]},
        }
        for number, name in enumerate(names)
    ]


def write(file: Path, items: Iterable[Any]) -> None:
    """Write a file of newline-delimited JSON; a text is written as it is."""
    with file.open("w") as stream:
        stream.writelines(f"{each if isinstance(each, str) else json.dumps(each)}\n" for each in items)


def measured(url: str, folder: Path) -> None:
    """Make drafts of the orders in a folder, and print the peak memory of this process, in KB."""
    with (folder / "orders.ndjson").open("rb") as lines:
        work(url, folder, iter(lines), book=False, send=None)
    # Not by getrusage: its peak includes that of the process that started this one, which has a sandbox in it.
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(line.split()[1])


def peaks(url: str, count: int, customers: int) -> list[int]:
    """Return the peak memory, in KB, of a first run that makes so many drafts, and of a second one."""
    command = [sys.executable, __file__, "--measured", url]
    with tempfile.TemporaryDirectory() as place:
        write(Path(place, "orders.ndjson"), orders(count, customers))
        runs = [subprocess.run([*command, place], check=True, capture_output=True, text=True) for _ in range(2)]
    return [int(each.stdout.split()[-1]) for each in runs]


# What is wrong with a bad order. The last two are only found when it is worked on: by us, and by Dinero.
WAYS: list[Callable[[Row], Any]] = [
    lambda each: each | {"invoice": each["invoice"] | {"ProductLines": []}},
    lambda each: each | {"invoice": each["invoice"] | {"Curency": "DKK"}},
    lambda each: json.dumps(each)[:-9],
    lambda each: each | {"expected_total": "99.99"},
    lambda each: each | {"invoice": each["invoice"] | {"Date": "1999-01-01"}},
]


def spoilt(listed: list[Row]) -> list[Any]:
    """Return the orders, some of them bad."""
    bad = bad_of(len(listed))
    return [WAYS[bad.index(number) % len(WAYS)](each) if number in bad else each for number, each in enumerate(listed)]


def bad_of(count: int) -> list[int]:
    """Return which orders are bad, the first and the last among them."""
    return [at * (count - 1) // (BAD - 1) for at in range(BAD)]


def run(url: str, folder: Path) -> list[Row]:
    """Book the orders of a folder's file, and return the report."""
    report: list[Row] = []
    with (folder / "orders.ndjson").open("rb") as lines:
        try:
            work(url, folder, iter(lines), send=None, report=report.append)
        except DineroItemsFailed as error:
            print(f"    {str(error)[:120]}…", flush=True)
    return report


def bad_orders(box: Sandbox, count: int) -> None:
    """Work through orders of which some are bad; then mend these, and work through all again."""
    listed, bad, last = orders(count), bad_of(count), 0
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for items, failed, made in (
            (spoilt(listed), bad, [each for each in range(count) if each not in bad]),
            (listed, [], bad),
        ):
            write(folder / "orders.ndjson", items)
            before, began = len(box.requests()), time.monotonic()
            report = run(box.url, folder)
            done = [row for row in report if row["Change"] in {"created", "updated"}]  # a draft is booked: updated
            bad_rows = [row for row in report if row["Change"] == "failed"]
            right = (
                [row["Item"] for row in report] == list(range(1, count + 1))
                and [row["Item"] - 1 for row in done] == made
                and [row["Number"] for row in done] == list(range(last + 1, last + 1 + len(made)))
                and [row["Item"] - 1 for row in bad_rows if row["Error"] and row["Message"]] == failed
            )
            last += len(made)
            sent, seconds = asked(box, before), time.monotonic() - began
            told = f"{len(done)} booked in the order of the list, {len(bad_rows)} failed"
            print(f"{count} orders: {told}; {sent} requests, {seconds:.0f} s", flush=True)
            if not right:
                sys.exit(f"WRONG: {bad_rows[:3]}, {done[:3]}")


def main(size: int = 20_000, count: int = 3_000, customers: int = 50) -> None:
    """Do both, and fail where something is wrong."""
    over = False
    with running(requests_per_minute=PER_MINUTE) as box:
        if count:
            bad_orders(box, count)
        if size:
            few = peaks(box.url, size // 10, customers)
            box.reset()
            for name, large, small in zip(("first run", "again"), peaks(box.url, size, customers), few, strict=True):
                over |= large / small > MOST
                print(f"peak memory of {size} orders over {size // 10}, {name}: {large / small:.3f} (at most {MOST})")
    sys.exit(over)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measured"]:
        measured(sys.argv[2], Path(sys.argv[3]))
    else:
        main(*map(int, sys.argv[1:]))
