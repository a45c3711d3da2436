"""The triggerer is killed with -9 at a random moment, while contacts are created: each reaches its DAG.

    PYTHONPATH=scripts python -m tests.faults.watcher_killed [share of the 20 kills, default 1]

A change is reported once or more; the DAG handles it once, by its key. The control removes the watermark while no
triggerer runs, as if it had moved too early: then changes are lost.
"""

import json
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
from local import BIN, ROOT, Airflow, airflow, connection, sandbox, started

from airflow_provider_dinero.api import DineroClient, PersonalIntegration
from tests.faults.world import Report, share

KILLS = 20
FOLDER = ROOT / ".airflow" / "watcher"
NOTES = FOLDER / "notes"
DAG_ID = "on_change"
CONTACT = {"Name": "Bjørn Hansen", "CountryKey": "NO", "IsPerson": True}


def kill_triggerer() -> int:
    """Kill the triggerer and its child processes, and return how many they were."""
    killed = 0
    for process in psutil.Process().children(recursive=True):
        try:
            if "triggerer" in " ".join(process.cmdline()):
                for each in (process, *process.children(recursive=True)):
                    each.send_signal(signal.SIGKILL)
                    killed += 1
        except psutil.NoSuchProcess:
            continue
    return killed


def eventually(condition: Callable[[], Any], seconds: float = 120) -> bool:
    """Tell whether a condition becomes true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.3)
    return True


def told(running: Airflow) -> Counter[str]:
    """Return how often each contact was reported, according to Airflow's events."""
    found: Counter[str] = Counter()
    while True:
        page = running.call("GET", "/assets/events", params={"limit": 100, "offset": found["pages"] * 100})
        found["pages"] += 1
        for each in page["asset_events"]:
            found.update(each["extra"]["payload"]["created"])
        if found["pages"] * 100 >= page["total_entries"]:
            del found["pages"]
            return found


def mark_of(running: Airflow) -> dict[str, Any] | None:
    """Return the watcher's mark, with the address of its place."""
    for asset in running.call("GET", "/assets", params={"limit": 100})["assets"]:
        for each in running.call("GET", f"/assets/{asset['id']}/state-store")["asset_state_store"]:
            return {**each, "path": f"/assets/{asset['id']}/state-store/{each['key']}"}
    return None


def main() -> None:
    """Kill again and again, then check what was reported and done."""
    report, kills, rng = Report(), max(2, round(KILLS * share())), random.Random(7)
    FOLDER.mkdir(parents=True, exist_ok=True)
    NOTES.mkdir(exist_ok=True)
    for each in NOTES.iterdir():
        each.unlink()
    dags, home = Path(__file__).parent / "watcher_dags", FOLDER / "home"
    with ExitStack() as stack:
        url = stack.enter_context(sandbox(FOLDER, "--requests-per-minute", "100000"))
        made = json.loads(connection(url))
        made["extra"]["requests_per_minute"] = 100_000
        environment = {
            "AIRFLOW_CONN_DINERO_DEFAULT": json.dumps(made),
            "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
            "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "4",
            "NOTES": str(NOTES),
        }
        running = stack.enter_context(airflow(home, dags, **environment))
        client = DineroClient(
            100001,
            PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", url),
            base_url=url,
            requests_per_minute=100_000,
        )
        running.call("PATCH", f"/dags/{DAG_ID}", json={"is_paused": False})
        assert eventually(lambda: mark_of(running)), "the watcher has no mark"
        guids: list[str] = []

        def make(count: int) -> None:
            guids.extend(str(client.contacts.create(CONTACT)["ContactGuid"]) for _ in range(count))

        for number in range(kills):
            make(2)
            time.sleep(rng.uniform(0, 3))  # a poll, the event, its way into the database, the mark
            count = kill_triggerer()
            make(1)
            log = FOLDER / f"triggerer {number}.log"
            stack.enter_context(started([str(BIN / "airflow"), "triggerer"], log, running.environment))
            began = time.monotonic()
            came = eventually(lambda: set(guids) <= set(told(running)))
            print(
                f"{number}: {count} processes killed; all told: {came}, after {time.monotonic() - began:.0f} s",
                flush=True,
            )
        assert eventually(lambda: {each.name for each in NOTES.iterdir()} >= set(guids))
        times = told(running)
        lost = [guid for guid in guids if not times[guid]]
        again = sum(times[guid] > 1 for guid in guids)
        report.line(
            f"triggerer killed {kills} times, {len(guids)} changes", f"{len(lost)} lost, {again} told again", not lost
        )
        notes = [each.name for each in NOTES.iterdir()]
        report.line("done by its key", f"{len(notes)} of {len(guids)}", sorted(notes) == sorted(guids))

        kill_triggerer()
        make(2)
        time.sleep(1)
        mark = mark_of(running)
        assert mark
        ahead = {"until": f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + 60))}", "seen": {}}
        running.call("PUT", mark["path"], json={"value": ahead})
        stack.enter_context(started([str(BIN / "airflow"), "triggerer"], FOLDER / "control.log", running.environment))
        came = eventually(lambda: set(guids) <= set(told(running)), 30)
        report.line("a mark that was moved too early (control)", "told all the same" if came else "2 lost", not came)
        client.close()
    report.end()


if __name__ == "__main__":
    main()
