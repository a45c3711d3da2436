"""A full pull of invoices: ours, a plain `requests` loop, and Airflow's HttpOperator, side by side on one server.

Each is measured in a process of its own, in turns; the ratios are those of the medians.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
ROUNDS = 5
PAUSE = 0.15  # what a consumer does with a page
PATH = "/v1/100001/invoices"


def ours(url: str, pause: float) -> int:
    """Pull with the client."""
    from airflow_provider_dinero.api import DineroClient, PersonalIntegration

    client = DineroClient(
        100001, PersonalIntegration("id", "secret", "key", url), base_url=url, requests_per_minute=10**6
    )
    count = 0
    for count, _ in enumerate(client.invoices.list(), 1):
        if pause and count % 1000 == 0:
            time.sleep(pause)
    return count


def plain(url: str, pause: float) -> int:
    """Pull with a plain loop."""
    import requests

    session = requests.Session()
    session.headers["Authorization"] = "Bearer t"
    count = number = 0
    while True:
        answer = session.get(url + PATH, params={"page": str(number), "pageSize": "1000"}, timeout=60)
        answer.raise_for_status()
        page = answer.json()
        for _ in page["Collection"]:
            count += 1
        number += 1
        if number * 1000 >= page["Pagination"]["ResultWithoutFilter"]:
            return count


def http_operator(url: str, pause: float) -> int:
    """Pull with Airflow's HttpOperator."""
    os.environ["AIRFLOW_CONN_BENCH"] = json.dumps({"conn_type": "http", "host": url})
    from airflow.providers.http.operators.http import HttpOperator

    def next_page(answer):  # type: ignore[no-untyped-def]
        pagination = answer.json()["Pagination"]
        number = pagination["Page"] + 1
        if number * 1000 < pagination["ResultWithoutFilter"]:
            return {"data": {"page": str(number), "pageSize": "1000"}}
        return None

    pull = HttpOperator(
        task_id="pull",
        http_conn_id="bench",
        method="GET",
        endpoint=PATH,
        data={"page": "0", "pageSize": "1000"},
        pagination_function=next_page,
        response_filter=lambda answers: [row for answer in answers for row in answer.json()["Collection"]],
    )
    return len(pull.execute({}))


WAYS = {"ours": ours, "plain": plain, "http_operator": http_operator}


@contextmanager
def serving(rows: int, delay: float = 0.0) -> Generator[str]:
    """Run the server, and yield its address."""
    server = subprocess.Popen(
        [sys.executable, str(HERE / "server.py"), str(rows), str(delay)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
    finally:
        server.kill()
        server.wait()


def measure(way: str, url: str, pause: float = 0.0) -> dict[str, float]:
    """Return the seconds, the peak memory in MB and the rows of one pull in a process of its own."""
    environment = {**os.environ, "AIRFLOW_HOME": str(Path(".airflow", "bench").absolute())}
    command = [sys.executable, __file__, way, url, str(pause)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def run(way: str, url: str, pause: float) -> None:
    """Pull twice, and print the figures of the second one, which exclude imports and the token."""
    WAYS[way](url, 0)
    counts(url)
    begin, computed = time.perf_counter(), time.process_time()
    rows = WAYS[way](url, pause)
    seconds, computed = time.perf_counter() - begin, time.process_time() - computed
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "computed": computed, "megabytes": peak, "rows": rows}))


def counts(url: str) -> dict[str, int]:
    """Return what the server received since the last call."""
    import requests

    found: dict[str, int] = requests.get(f"{url}/counts", timeout=10).json()
    return found


def main(slack: float) -> None:
    """Measure all, print the table, and fail if a budget is exceeded; the slack applies to times, not to counts."""
    some = min(slack, 1.3)  # for waiting times and memory: with more slack, a pull without reading ahead would pass
    lines: list[tuple[str, float, float]] = []
    with serving(100_000) as url:
        seconds: dict[str, list[float]] = {way: [] for way in WAYS}
        computed: dict[str, list[float]] = {way: [] for way in WAYS}
        small = []
        for _ in range(ROUNDS):
            for way in WAYS:
                counts(url)
                found = measure(way, url)
                assert found["rows"] == 100_000, found
                seconds[way].append(found["seconds"])
                computed[way].append(found["computed"])
                if way == "ours":
                    small.append(found["megabytes"])
                    seen = counts(url)
        medians = {way: statistics.median(each) for way, each in seconds.items()}
        cpu = {way: statistics.median(each) for way, each in computed.items()}
        lines.extend((
            ("100,000 rows over a plain requests loop, CPU", cpu["ours"] / cpu["plain"], 1.25 * slack),
            ("100,000 rows over a plain requests loop", medians["ours"] / medians["plain"], 0.8 * slack),
            ("100,000 rows over HttpOperator", medians["ours"] / medians["http_operator"], 0.35 * slack),
            ("requests over ceil(rows / 1000)", seen["requests"] / 100, 1.0),
            ("TCP connections", float(seen["connections"]), 1.0),
        ))
    with serving(400_000) as url:
        large = measure("ours", url)["megabytes"]
        lines.append(("peak memory, 400,000 rows over 100,000", large / statistics.median(small), 1.1 * some))
    with serving(20_000, 0.2) as url:
        overlapped = measure("ours", url, PAUSE)["seconds"]
        lines.append((
            f"200 ms a page, consumer {PAUSE * 1000:.0f} ms, over the server alone",
            overlapped / (20 * 0.2),
            1.15 * some,
        ))
    told = ", ".join(f"{way} {value:.2f} s" for way, value in medians.items())
    print(f"100,000 rows, median of {ROUNDS}: {told}; {statistics.median(small):.0f} MB")
    for name, ratio, budget in lines:
        print(f"{name:62} {ratio:6.2f}   (at most {budget:.2f})")
    sys.exit(any(ratio > budget for _, ratio, budget in lines))


if __name__ == "__main__":
    if len(sys.argv) > 2:
        run(sys.argv[1], sys.argv[2], float(sys.argv[3]))
    else:
        main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
