"""16 processes share 100 requests a minute: nobody is refused, and almost all of the allowance is used.

    PYTHONPATH=scripts python -m tests.faults.budget [share of the requests, default 1]

All of it takes 7 minutes with files and 7 with a Redis.
"""

import math
import tempfile
import time
from pathlib import Path

from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.coordination.factory import coordination
from airflow_provider_dinero.sandbox.server import running
from tests.faults.world import FileStore, Report, crew, grant, places, request, share, tally, token_requests

PROCESSES = 16
EACH = 50
PER_MINUTE = 100


def read(url: str, folder: Path, place: str, count: int) -> None:
    """Send this many requests, each in its slot."""
    lock, budget = coordination(place)
    client = DineroClient(100001, grant(url), base_url=url, token_store=FileStore(folder), lock=lock, budget=budget)
    for _ in range(count):
        list(client.contacts.list())


def main() -> None:
    """Share the allowance by files, and then by a Redis."""
    report, each = Report(), max(7, round(EACH * share()))  # 7 make more than a minute holds
    total = PROCESSES * each
    # The first minute's share goes out at once.
    longest = (math.ceil(total / PER_MINUTE) - 1) * 60 / 0.95
    with crew(PROCESSES) as all_of_them, places() as found:
        for name, place in found.items():
            with running() as box, tempfile.TemporaryDirectory() as store:
                # A token request uses the allowance too, and would be one too many: it is made before the clock runs.
                all_of_them.do(request, box.url, Path(store), place)
                began = time.monotonic()
                outcomes = [told for told, _ in all_of_them.do(read, box.url, Path(store), place, each)]
                took = time.monotonic() - began
                sent = [
                    asked["status"] for asked in box.requests() if asked["path"].partition("?")[0].endswith("/contacts")
                ]
                told = f"{len(sent)} requests in {took:.1f} s (at most {longest:.1f}), {sent.count(429)} answers of 429"
                right = sent == [200] * total and took <= longest and token_requests(box) == [200]
                report.line(
                    f"{name}, {PROCESSES} processes, {PER_MINUTE} a minute", f"{told}, {tally(outcomes)}", right
                )
    report.end()


if __name__ == "__main__":
    main()
