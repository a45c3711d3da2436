"""What an Airflow logs at DEBUG, including the scheduler's output, while an endpoint echoes what it received."""

import json
import shutil
from pathlib import Path
from typing import Any

import requests
from local import ROOT, airflow, connection, sandbox

from airflow_provider_dinero.sandbox.same_origin_middleware import CONTROL
from tests.leaks import search, tokens

REFRESH_TOKEN = "a-refresh-token-that-is-echoed"


def described(url: str, **extra: Any) -> str:
    made = json.loads(connection(url, "visma_connect"))
    return json.dumps({**made, "extra": {**made["extra"], **extra}})


def test_no_secret_is_in_the_output_of_an_airflow_at_debug(tmp_path: Path) -> None:
    dags = tmp_path / "dags"
    dags.mkdir()
    shutil.copy(ROOT / "tests" / "airflow" / "dags" / "good.py", dags)
    echoes = {
        "/connect/token": {"status": 400, "body": {"error": f"you sent sandbox-secret and {REFRESH_TOKEN}"}},
        "/v1/organizations": {"status": 403, "body": {"message": "you sent sandbox-secret", "code": 41}},
    }
    with sandbox(tmp_path, "--state", str(tmp_path / "sandbox.db")) as url:
        given = {
            "AIRFLOW_CONN_DINERO_VISMA": described(url),
            "AIRFLOW_CONN_DEAD": described(url, refresh_token=REFRESH_TOKEN),
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "DEBUG",
            # As docs/security.md has it: Airflow prints what its tasks store, and what they store are tokens.
            "AIRFLOW__LOGGING__NAMESPACE_LEVELS": "supervisor=INFO",
        }
        with airflow(tmp_path / "home", dags, **given) as running:

            def ends(conn_id: str) -> list[str]:
                run_id = running.trigger("any_connection", connection=conn_id)
                return [each["state"] for each in running.follow("any_connection", run_id)]

            assert ends("dinero_visma") == ["success"]
            for path, answer in echoes.items():
                order = {"effect": "status", "path": path, **answer}
                requests.post(f"{url}/_sandbox/faults", json=order, headers=CONTROL, timeout=10).raise_for_status()
                assert ends("dead" if path == "/connect/token" else "dinero_visma") == ["failed"]
        told = (tmp_path / "home" / "airflow.log").read_text()
        assert "[debug" in told
        assert told.count("you sent ***") >= len(echoes)
        secrets = tokens(tmp_path / "sandbox.db") | {each: each for each in ("sandbox-secret", REFRESH_TOKEN)}
        assert search(secrets, [tmp_path / "home"]) == []
