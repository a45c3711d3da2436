"""16 real Airflow tasks at once, an expired one-time refresh token, no grace: one token request, and all succeed.

    PYTHONPATH=scripts python -m tests.faults.airflow_tasks [share of the rounds, default 1]

The connection is in the metadata database only. Everything left behind is searched for secrets; then a task leaks one
on purpose.
"""

import json
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from sqlite3 import connect
from typing import Any

import requests
from cryptography.fernet import Fernet
from local import ROOT, Airflow, airflow, api_requests, connection, fernet_key, sandbox

from airflow_provider_dinero.api.ports import Token
from airflow_provider_dinero.sandbox.same_origin_middleware import CONTROL
from tests.faults.dags.at_once import TASKS
from tests.faults.world import Report, share
from tests.leaks import Find, search, tokens, watched

ROUNDS = 10
FOLDER = ROOT / ".airflow" / "faults"
HOME = FOLDER / "home"
STATE = FOLDER / "sandbox.db"


def connect_to(running: Airflow, url: str) -> dict[str, str]:
    """Create the connection, with an unknown refresh token, and return its secrets."""
    made = json.loads(connection(url, "visma_connect"))
    form = {"grant_type": "refresh_token", "client_id": made["login"], "client_secret": made["password"]}
    form["refresh_token"] = made["extra"]["refresh_token"]
    fresh = requests.post(f"{url}/connect/token", form, timeout=10).json()["refresh_token"]
    extra = {**made["extra"], "refresh_token": fresh, "requests_per_minute": 10_000}
    running.call("POST", "/connections", json={"connection_id": "dinero_shared", **made, "extra": json.dumps(extra)})
    return {"client secret": made["password"], "refresh token of the connection": fresh}


def expire(key: str) -> None:
    """Let the access token in the Variable be at its end."""
    fernet = Fernet(key)
    with closing(connect(HOME / "airflow.db", timeout=30)) as database, database:
        row = database.execute("SELECT key, val FROM variable WHERE key LIKE 'dinero_token%'").fetchone()
        if row:
            token = replace(Token.from_dict(json.loads(fernet.decrypt(row[1].encode()))), expires_at=time.time())
            stored = fernet.encrypt(json.dumps(token.as_dict()).encode()).decode()
            database.execute("UPDATE variable SET val = ? WHERE key = ?", [stored, row[0]])


def run(running: Airflow, dag_id: str) -> list[dict[str, Any]]:
    """Run a DAG to its end, and return its task instances."""
    return list(running.follow(dag_id, running.trigger(dag_id)))


def leaks(given: dict[str, str], seen: dict[str, bytes]) -> list[Find]:
    """Search everything that Airflow has left."""
    return search(given, [HOME], f"sqlite:///{HOME}/airflow.db", processes=seen)


def main() -> None:
    """Run all rounds, search, leak, and search again."""
    report, rounds = Report(), max(2, round(ROUNDS * share()))
    key, wrong = fernet_key(), 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    STATE.unlink(missing_ok=True)
    options = ["--refresh-tokens", "one-time", "--requests-per-minute", "100000", "--state", str(STATE)]
    environment = {
        "AIRFLOW__CORE__PARALLELISM": str(TASKS),
        "AIRFLOW__CORE__FERNET_KEY": key,
        # The API server blocks for 30 s when more tasks start at once than it has connections.
        "AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_SIZE": "50",
    }
    with (
        sandbox(FOLDER, *options) as url,
        watched() as seen,
        airflow(HOME, Path(__file__).parent / "dags", **environment) as running,
    ):
        given = connect_to(running, url)
        for number in range(rounds):
            if number % 2:
                requests.post(
                    f"{url}/_sandbox/clock", json={"hours": 2}, headers=CONTROL, timeout=10
                ).raise_for_status()
            else:
                expire(key)
            requests.delete(f"{url}/_sandbox/requests", headers=CONTROL, timeout=10).raise_for_status()
            began = time.monotonic()
            states = [each["state"] for each in run(running, "at_once")]
            statuses = [each["status"] for each in api_requests(url) if each["path"] == "/connect/token"]
            right = statuses == [200] and states == ["success"] * TASKS
            wrong += not right
            print(
                f"{states.count('success')} of {len(states)} tasks, token requests {statuses}, "
                f"{time.monotonic() - began:.0f} s",
                flush=True,
            )
        report.line(f"{rounds} rounds of {TASKS} Airflow tasks at once", f"{wrong} wrong", not wrong)
        run(running, "traces")
        given |= {name: value for name, value in tokens(STATE).items() if value != "sandbox-refresh-token"}
        found = leaks(given, seen)
        report.line(f"{len(given)} secrets, {len(seen) // 2} processes", f"{len(found)} finds {found[:5]}", not found)
        run(running, "leak")
        found = leaks({**given, **tokens(STATE)}, {})
        places = {each.where if each.where.startswith("xcom") else Path(each.where).suffix for each in found}
        report.line("a leak (control)", f"found in {places}", {"xcom.value", ".log"} <= places)
    report.end()


if __name__ == "__main__":
    main()
