"""1,000 deferred sensors and 20 watchers on one connection, in a real triggerer, beside Airflow's HttpSensor.

    PYTHONPATH=scripts python benchmarks/waiting.py [sensors, default 1000]

Prints the requests of a minute and how late the event loop of the triggerer is. Fails where they are more than one poll
a resource and interval (two requests where deleted rows are wanted), or where the loop's p99 is 20 ms or more.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import requests
from local import BIN, ROOT, api_requests, connection, fernet_key, sandbox, started

from airflow_provider_dinero.sandbox.same_origin_middleware import CONTROL

WATCHERS, INTERVAL, WARM, MEASURED = 20, 10.0, 60.0, 60.0
FOLDER = ROOT / ".airflow" / "waiting"
HERE = Path(__file__).parent
# The list of contacts includes deleted ones; the others take a second request for these.
REQUESTS_A_POLL = {"contacts": 1, "invoices": 2, "products": 2}


def measured(kind: str, sensors: int, watchers: int) -> dict[str, Any]:
    """Run a triggerer for a while, and return its requests by path and the lags of its loop, in milliseconds."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    lags = FOLDER / "lags.json"
    with sandbox(FOLDER, "--requests-per-minute", "100000") as url:
        made = json.loads(connection(url))
        made["extra"]["requests_per_minute"] = 100_000
        environment = {
            "AIRFLOW_HOME": str(FOLDER / "home"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__FERNET_KEY": fernet_key(),
            "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
            "AIRFLOW__TRIGGERER__CAPACITY": str(2 * (sensors + watchers)),
            "AIRFLOW__API_AUTH__JWT_SECRET": os.urandom(64).hex(),
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "AIRFLOW_CONN_DINERO_DEFAULT": json.dumps(made),
            "AIRFLOW_CONN_PEER": json.dumps({"conn_type": "http", "host": url}),
            "PYTHONPATH": str(HERE),
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        }
        given = {**os.environ, **environment}
        subprocess.run([BIN / "airflow", "db", "migrate"], env=given, check=True, capture_output=True)
        rows = [str(HERE / "waiting_rows.py"), kind, str(sensors), str(watchers), str(INTERVAL), str(lags)]
        subprocess.run([BIN / "python", *rows], env=given, check=True, capture_output=True)
        with started([str(BIN / "airflow"), "triggerer", "--skip-serve-logs"], FOLDER / "triggerer.log", environment):
            time.sleep(WARM)
            requests.delete(f"{url}/_sandbox/requests", headers=CONTROL, timeout=10).raise_for_status()
            began = time.time()
            time.sleep(MEASURED)
            asked = Counter(each["path"].partition("?")[0].rpartition("/")[2] for each in api_requests(url))
            time.sleep(6)
            late = sorted(1000 * each for at, each in json.loads(lags.read_text()) if began <= at <= began + MEASURED)
    return {"asked": asked, "p50": late[len(late) // 2], "p99": late[int(len(late) * 0.99)], "worst": late[-1]}


def main() -> None:
    """Measure both, and compare."""
    sensors = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    ours, peer = measured("ours", sensors, WATCHERS), measured("peer", sensors, 0)
    for name, each in (("ours", ours), ("HttpSensor", peer)):
        lag = ", ".join(f"{part} {each[part]:.1f} ms" for part in ("p50", "p99", "worst"))
        asked = f"{sum(each['asked'].values())} requests in {MEASURED:.0f} s {dict(each['asked'])}"
        print(f"{name:11} {asked}; loop late: {lag}")
    ratio = sum(ours["asked"].values()) / sum(peer["asked"].values())
    print(f"ratio of requests {ratio:.4f}, of p99 {ours['p99'] / peer['p99']:.2f}")
    # An interval is shortened by up to a tenth, so that pollers drift apart.
    most = {name: count * (MEASURED / (INTERVAL * 0.9) + 1) for name, count in REQUESTS_A_POLL.items()}
    more = {name: ours["asked"][name] for name in most if not 0 < ours["asked"][name] <= most[name]}
    if more or ours["p99"] >= 20:
        sys.exit(f"more than one poll: {more}" if more else "the loop is late")


if __name__ == "__main__":
    main()
