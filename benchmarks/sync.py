"""A mirror of 100,000 invoices in SQLite: the requests of a sync, and its memory compared with 400,000.

    PYTHONPATH=scripts:. python benchmarks/sync.py

Fails where a sync of 37 changed and 5 deleted invoices takes more than 2 requests, or 400,000 rows more than 1.1 times
the memory of 100,000. The peer reads all again each time, with the same client.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from local import api_requests, sandbox

from airflow_provider_dinero.sandbox.same_origin_middleware import CONTROL

AHEAD = timedelta(hours=1)
RESOURCE, KEY = "invoices", "Guid"
LINE = {"Description": "Plader", "BaseAmountValue": "1", "Quantity": 1, "AccountNumber": 1000, "Unit": "parts"}


def child(url: str, database: str) -> None:
    """Sync once, and print the result, the seconds and the peak memory in MiB."""
    import sqlalchemy as sa

    from airflow_provider_dinero.api import DineroClient, PersonalIntegration
    from airflow_provider_dinero.api.lists import changes
    from airflow_provider_dinero.transfers.mirror import Mirror
    from airflow_provider_dinero.transfers.sql import sync
    from tests.clock import clock

    # By the sandbox's clock an hour has passed since everything was created; this clock must agree.
    changes.datetime = clock(lambda tz: datetime.now(tz) + AHEAD)  # type: ignore[attr-defined]
    grant = PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", url)
    client = DineroClient(100001, grant, base_url=url, requests_per_minute=10_000_000)
    began = time.monotonic()
    engine = sa.create_engine(f"sqlite:///{database}")
    told = sync(client, RESOURCE, Mirror(engine, RESOURCE, 100001, RESOURCE, lock=nullcontext))
    took = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**told, "seconds": took, "peak": peak}))


def synced(url: str, database: Path) -> dict[str, Any]:
    """Sync in a separate process, and return its result and the number of its requests."""
    requests.delete(f"{url}/_sandbox/requests", headers=CONTROL, timeout=10).raise_for_status()
    done = subprocess.run([sys.executable, __file__, url, str(database)], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    found["requests"] = sum(each["method"] == "GET" for each in api_requests(url))
    return found


def change(url: str, guids: list[str]) -> None:
    """Change 37 invoices and delete 5."""
    from airflow_provider_dinero.api import DineroClient, PersonalIntegration

    grant = PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", url)
    client = DineroClient(100001, grant, base_url=url, requests_per_minute=10_000_000)
    for guid in guids[:37]:
        client.invoices.update(guid, {"Comment": "changed", "ProductLines": [LINE]})
    for guid in guids[37:42]:
        client.invoices.delete(guid)
    client.close()


def drafts(url: str) -> list[str]:
    """Create 42 drafts that can be changed and deleted."""
    from airflow_provider_dinero.api import DineroClient, PersonalIntegration

    grant = PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", url)
    client = DineroClient(100001, grant, base_url=url, requests_per_minute=10_000_000)
    made = [str(client.invoices.create({"ProductLines": [LINE]})[KEY]) for _ in range(42)]
    client.close()
    return made


def line(name: str, found: dict[str, Any]) -> None:
    """Print a sync."""
    parts = f"{found['rows']:,} rows ({found['deleted']} deleted), {found['requests']} requests"
    print(f"{name:20} {parts}, {found['seconds']:.1f} s, peak {found['peak']:.0f} MiB", flush=True)


def main() -> None:
    """Sync, change, sync; then four times as many."""
    peaks = {}
    for count in (100_000, 400_000):
        with tempfile.TemporaryDirectory() as folder, sandbox(Path(folder), "--requests-per-minute", "10000000") as url:
            seeded = {"contacts": 100, "invoices": count}
            requests.post(f"{url}/_sandbox/seed", json=seeded, headers=CONTROL, timeout=300).raise_for_status()
            made = drafts(url)
            requests.post(f"{url}/_sandbox/clock", json={"hours": 1}, headers=CONTROL, timeout=10).raise_for_status()
            first = synced(url, Path(folder, "books.db"))
            line("full load", first)
            peaks[count] = first["peak"]
            if count > 100_000:
                continue
            change(url, made)
            changed = synced(url, Path(folder, "books.db"))
            line("37 changed, 5 deleted", changed)
            nothing = synced(url, Path(folder, "books.db"))
            line("nothing changed", nothing)
            print(f"requests beside reading all again: {changed['requests'] / first['requests']:.3f}")
            told = (changed["created"] + changed["updated"], changed["deleted"], nothing["rows"])
            if changed["requests"] > 2 or nothing["requests"] > 2 or told != (37, 5, 0):
                sys.exit(f"more than two requests, or not what changed: {told}")
    ratio = peaks[400_000] / peaks[100_000]
    print(f"memory of 400,000 rows over 100,000: {ratio:.2f}")
    if ratio > 1.1:
        sys.exit("memory grows")


if __name__ == "__main__":
    child(*sys.argv[1:]) if len(sys.argv) > 1 else main()
