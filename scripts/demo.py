"""The main job on a real Airflow and a sandbox of Dinero (`make demo`; `make ui` stays up)."""

import argparse
import json
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import requests
from local import (
    BIN,
    ROOT,
    Airflow,
    airflow,
    api_requests,
    connection,
    copy_examples,
    free_port,
    outbox,
    sandbox,
    started,
    stop_once,
    wait_for,
)
from rich.console import Console
from rich.table import Table

from airflow_provider_dinero.api import DineroClient, PersonalIntegration

DAG_ID = "dinero_shop_orders"
console = Console(width=110, highlight=False)


def main() -> None:
    """Run the demo."""
    stop_once()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--month", default="2007-02", help="month of the orders, 2007-01 to 2011-12")
    parser.add_argument("--stay", action="store_true", help="stay up until Ctrl-C")
    arguments = parser.parse_args()
    begin = time.monotonic()

    def say(text: str) -> None:
        console.print(f"{time.monotonic() - begin:5.0f} s  {text}")

    folder, examples = ROOT / ".airflow" / "demo", ROOT / ".airflow" / "examples"
    shutil.rmtree(examples, ignore_errors=True)
    copy_examples(examples / "dags", examples / "data")
    address = f"http://127.0.0.1:{free_port()}"
    with sandbox(folder.parent, "--redirect-uri", f"{address}/dinero/callback") as url:
        say(f"the Dinero sandbox is ready at {url}")
        given = connection(url)
        say("starting Airflow (about half a minute, on a busy machine several)")
        warehouse = f"sqlite:///{examples}/data/warehouse.db"
        with airflow(folder, examples / "dags", address, AIRFLOW_CONN_WAREHOUSE=warehouse) as running:
            running.add("dinero_default", given)
            running.add("dinero_visma", connection(url, "visma_connect"))
            say(f"Airflow is ready at {running.url}")
            run_id = running.trigger(DAG_ID, month=arguments.month)
            for task in running.follow(DAG_ID, run_id):
                index = f"[{task['map_index']}]" if task["map_index"] >= 0 else ""
                say(f"{task['state']:>8}  {task['task_id']}{index}".replace("[", "\\["))
                if task["state"] == "failed":
                    console.print(f"           {running.reason(task)}", markup=False)
            state = running.state(DAG_ID, run_id)
            say(f"the run ended: {state}")
            there = show_books(url, json.loads(given), arguments.month)
            if arguments.stay:
                console.print(f"\nAirflow: {running.url}   Sandbox: {url}   Ctrl-C ends both.")
                with ExitStack() as stack:
                    stay(lambda: keep_scheduling(running, folder, stack))
            if state != "success":
                sys.exit(f"The demo failed; its logs are in {Path('.airflow', 'demo')}.")
            if not there:
                sys.exit("The run succeeded, but the sandbox doesn't contain all that it creates.")


def stay(look: Callable[[], None] = lambda: None) -> None:
    """Wait for Ctrl-C.

    :param look: callable, called every ten seconds; default nothing
    """
    try:
        while True:
            time.sleep(10)
            look()
    except KeyboardInterrupt:
        console.print("ending (about 15 s)")


def keep_scheduling(running: Airflow, folder: Path, stack: ExitStack) -> None:
    """Replace a scheduler that has ended, as it does if others write to its SQLite database at a bad time.

    :param running: Airflow
    :param folder: Path, its AIRFLOW_HOME
    :param stack: ExitStack, which ends the new one
    """
    with suppress(requests.RequestException):  # the API server is busy
        if not running.healthy("scheduler"):
            console.print("Airflow's scheduler has ended, as it can with SQLite on a busy machine. Another one starts.")
            command, log = [str(BIN / "airflow"), "scheduler"], folder / "scheduler.log"
            process = stack.enter_context(started(command, log, running.environment))
            wait_for(lambda: running.healthy("scheduler"), process, log, "a healthy scheduler")


def show_books(url: str, given: dict[str, Any], month: str) -> bool:
    """Print the content of the books, and tell whether the DAG has done everything.

    :param url: str, the sandbox's address
    :param given: dict, the connection
    :param month: str
    """
    asked = Counter(
        "token" if each["organization"] is None else "write" if each["method"] != "GET" else "read"
        for each in api_requests(url)
    )
    extra = given["extra"]
    grant = PersonalIntegration(given["login"], given["password"], extra["api_key"], url)
    client = DineroClient(extra["organization_id"], grant, base_url=url)
    invoices = list(client.invoices.list(sort_order="ascending"))
    files = list(client.files.list())
    mailed = {each["invoice"]: each["to"] for each in outbox(url)}

    table = Table(title=f"Invoices in Dinero for the orders of {month}")
    for name in ("Number", "Contact", "Total DKK", "Status", "Mailed to"):
        table.add_column(name, justify="right" if name in {"Number", "Total DKK"} else "left")
    for each in invoices:
        table.add_row(
            str(each["Number"]),
            each["ContactName"],
            f"{each['TotalInclVat']:.2f}",
            each["Status"],
            mailed.get(each["Guid"], "-"),
        )
    if invoices:
        console.print(table)
    for file in files:
        console.print(f"File: {file['Name']}, {file['Size']} bytes")
    told = ", ".join(f"{asked[kind]} {kind}" for kind in ("read", "write", "token"))
    console.print(f"API requests used: {asked.total()} ({told})")
    return bool(
        invoices
        and files
        and all(each["Status"] == "Booked" for each in invoices)
        and sorted(mailed) == sorted(each["Guid"] for each in invoices)
        and len(mailed) == len(outbox(url))
    )


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
