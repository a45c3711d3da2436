"""The Chinook order book, booked and e-mailed on a real Airflow: by one task, beside a task for each order.

    PYTHONPATH=scripts python benchmarks/order_book.py [requests a minute] [orders] [orders that have a task each]

The defaults are 10000, 412 and 412. Each way has a sandbox of its own, and runs twice: the second run finds everything
done. If fewer orders have a task each, their time is multiplied. At Dinero's 100 requests a minute the time is
compared with what the requests take at that pace; leave the tasks out there (0), and take fewer orders: 100 take four
minutes.
"""

import json
import sys
import time
from collections import Counter
from contextlib import ExitStack, suppress
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
from lists import orders
from local import ROOT, Airflow, airflow, api_requests, connection, outbox, sandbox

from airflow_provider_dinero.api import DineroClient, PersonalIntegration

FOLDER = ROOT / ".airflow" / "order_book"
# At this many requests a minute or more, what is measured is Airflow and this package, not Dinero's limit.
NO_LIMIT = 10_000
# How often the progress is looked at.
SECONDS = 10


class Way:
    """A DAG with a sandbox of its own.

    :param dag_id: str
    :param listed: list of dict, its orders
    :param url: str, its sandbox
    :param per_minute: int
    """

    def __init__(self, dag_id: str, listed: list[dict[str, Any]], url: str, per_minute: int) -> None:
        self.dag_id = dag_id
        self.url = url
        self._listed = listed
        self._path = FOLDER / f"{dag_id}.ndjson"
        self._path.write_text("".join(f"{json.dumps(each)}\n" for each in listed))
        self.made = json.loads(connection(url))
        self.made["extra"]["requests_per_minute"] = per_minute

    def run(self, running: Airflow) -> tuple[float, float, int]:
        """Run the DAG to its end, and return the seconds that its tasks took, the CPU's seconds, and the requests.

        :param running: Airflow
        """
        before, began, computed = len(asked(self.url)), time.monotonic(), cpu_seconds()
        run_id = running.trigger(self.dag_id, path=str(self._path))
        while (state := running.state(self.dag_id, run_id)) not in {"success", "failed"}:
            time.sleep(SECONDS)
            told = f"{self.dag_id}: {time.monotonic() - began:5.0f} s, {len(asked(self.url)) - before} requests"
            print(told, flush=True)
        instances = running.instances(self.dag_id, run_id)
        if state != "success":
            sys.exit(f"{self.dag_id}: {Counter(str(each['state']) for each in instances)}")
        ends = [[datetime.fromisoformat(each[name]) for each in instances] for name in ("start_date", "end_date")]
        sent = asked(self.url)[before:]
        refused = sum(each["status"] == 429 for each in sent)
        seconds = (max(ends[1]) - min(ends[0])).total_seconds()
        computed = cpu_seconds() - computed
        told = f"{seconds:.1f} s, {computed:.1f} s of CPU, {len(sent)} requests, {refused} of them 429"
        print(f"{self.dag_id}: {len(instances)} tasks, {told}", flush=True)
        return seconds, computed, len(sent)

    def check(self, *, ordered: bool) -> None:
        """Compare the books with the orders, to the øre.

        :param ordered: bool, whether the numbers follow the list
        """
        grant = PersonalIntegration(self.made["login"], self.made["password"], self.made["extra"]["api_key"], self.url)
        client = DineroClient(100001, grant, base_url=self.url, requests_per_minute=NO_LIMIT)
        fields = ["ExternalReference", "Number", "Status", "TotalInclVat"]
        rows = sorted(client.invoices.list(fields=fields), key=lambda row: int(row["Number"]))
        found = [(row["ExternalReference"], row["Status"], row["TotalInclVat"]) for row in rows]
        wanted = [(each["idempotency_key"], "Booked", Decimal(each["expected_total"])) for each in self._listed]
        mails = Counter(each["invoice"] for each in outbox(self.url))
        if not ordered:
            found, wanted = sorted(found), sorted(wanted)
        if found != wanted or len(mails) != len(wanted) or set(mails.values()) != {1}:
            sys.exit(f"WRONG: {[pair for pair in zip(found, wanted, strict=False) if pair[0] != pair[1]][:5]}, {mails}")
        total = sum(total for _, _, total in found)
        print(f"{self.dag_id}: {len(found)} invoices, {total} DKK, all booked, and mailed once", flush=True)


def asked(url: str) -> list[dict[str, Any]]:
    """Return the requests to a sandbox, but for tokens."""
    return [each for each in api_requests(url) if "token" not in each["path"]]


def cpu_seconds() -> float:
    """Return the CPU's seconds of all that this process has started: Airflow and the sandboxes."""
    total = 0.0
    for each in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            total += sum(each.cpu_times()[:4])  # its own, and those of its children that have ended
    return total


def main(per_minute: int = NO_LIMIT, count: int = 412, alone: int = 412) -> None:
    """Run the DAGs, compare, and fail where a budget is missed."""
    listed, over = orders()[:count], False
    names = {"order_list": listed, **({"order_tasks": listed[:alone]} if alone else {})}
    with ExitStack() as stack:
        ways = []
        for dag_id, each in names.items():
            (FOLDER / dag_id).mkdir(parents=True, exist_ok=True)
            url = stack.enter_context(sandbox(FOLDER / dag_id, "--requests-per-minute", str(per_minute)))
            ways.append(Way(dag_id, each, url, per_minute))
        environment = {
            f"AIRFLOW_CONN_{way.dag_id.replace('order', 'dinero').upper()}": json.dumps(way.made) for way in ways
        }
        environment["AIRFLOW__API__MAXIMUM_PAGE_LIMIT"] = "1000"  # all task instances on one page
        with airflow(FOLDER / "home", Path(__file__).parent / "dags", **environment) as running:
            found = {}
            for way in ways:
                found[way.dag_id] = way.run(running), way.run(running)
                way.check(ordered=way.dag_id == "order_list")
    first = found["order_list"][0]
    lines = []
    if alone:
        for name, ours, theirs, most in zip(
            ("first run", "second run"), found["order_list"], found["order_tasks"], (0.05, 0.02), strict=True
        ):
            lines.append((f"{name}, seconds over those of a task each", ours[0] / (theirs[0] * count / alone), most))
            print(f"{name}, CPU over that of a task each {ours[1] / (theirs[1] * count / alone):.3f}")
    if per_minute < NO_LIMIT:
        lines.append(("seconds over those of its requests at this pace", first[0] / (60 * first[2] / per_minute), 1.02))
    for told, ratio, most in lines:
        over |= ratio > most
        print(f"{told:60} {ratio:7.3f}   (at most {most})")
    sys.exit(over)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
