from __future__ import annotations

import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import pytest
import requests

from airflow_provider_dinero.sandbox.cli import main
from airflow_provider_dinero.sandbox.server import Sandbox, running
from airflow_provider_dinero.sandbox.settings import Settings

from .conftest import Caller, line, personal_token

COMMAND = [
    sys.executable,
    "-W",
    "error",
    "-c",
    "import sys; from airflow_provider_dinero.sandbox.cli import main; sys.exit(main())",
]


@contextmanager
def served(*arguments: str) -> Generator[tuple[subprocess.Popen[str], Sandbox], None, None]:
    """A sandbox in a separate process, on a free port."""
    command = [*COMMAND, "serve", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            label, _, url = process.stdout.readline().strip().rpartition(" ")
            assert label == "Dinero sandbox:"
            export = process.stdout.readline().strip()
            assert export == f'export AIRFLOW_CONN_DINERO_DEFAULT="$(dinero-sandbox connection --url {url})"'
            yield process, Sandbox(url)
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_says_when_it_is_ready_and_stops_on_a_signal(number: signal.Signals) -> None:
    with served() as (process, sandbox), requests.Session() as session:
        # A connection that stays open doesn't keep it from stopping.
        assert session.get(f"{sandbox.url}/_sandbox/health", timeout=10).status_code == 200
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
        assert (process.returncode, out, err) == (0, "", "")


def test_more_signals_than_one_are_no_trouble() -> None:
    with served() as (process, sandbox), ThreadPoolExecutor(1) as pool:
        sandbox.fault("delay", seconds=30)
        waiting = pool.submit(requests.get, f"{sandbox.url}/v1/organizations", timeout=10)
        while not sandbox.faults()[0]["struck"]:
            time.sleep(0.01)
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
            time.sleep(0.02)
        out, err = process.communicate(timeout=10)
        assert (process.returncode, out, err) == (0, "", "")
        with pytest.raises(requests.ConnectionError):
            waiting.result()


def test_nothing_that_was_answered_is_lost_when_it_is_killed_under_load(tmp_path: Path) -> None:
    state, answered = str(tmp_path / "dinero.db"), []
    with served("--state", state, "--requests-per-minute", "100000") as (process, sandbox):
        token = personal_token(sandbox)

        def write(_: int) -> None:
            call = Caller(sandbox, token)
            with call.session, contextlib.suppress(requests.RequestException):
                while True:
                    response = call.raw("POST", "/contacts", json={"Name": "Bo", "CountryKey": "DK"})
                    answered.append(response.json()["ContactGuid"])

        with ThreadPoolExecutor(4) as pool:
            writers = pool.map(write, range(4))
            while len(answered) < 100:
                time.sleep(0.01)
            process.kill()
            list(writers)
    with running(state=state) as sandbox:
        call = Caller(sandbox, token)
        with call.session:
            found = call("GET", "/contacts", params={"fields": "ContactGuid", "pageSize": 1000})["Collection"]
            assert len(answered) < 1000
            assert set(answered) <= {row["ContactGuid"] for row in found}


def test_state_file_of_another_version_is_refused(tmp_path: Path) -> None:
    state = str(tmp_path / "dinero.db")
    with contextlib.closing(sqlite3.connect(state)) as connection:
        connection.execute("CREATE TABLE contacts (name TEXT)")
    done = subprocess.run(
        [*COMMAND, "serve", "--port", "0", "--state", state], capture_output=True, text=True, timeout=10
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "another version of the sandbox wrote the state file" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    state = str(tmp_path / "dinero.db")
    with served("--state", state) as (process, sandbox):
        call = Caller(sandbox, personal_token(sandbox))
        with call.session:
            created = call("POST", "/invoices", json={"ProductLines": [line()]})
        process.kill()
    with running(state=state) as sandbox:
        call.sandbox = sandbox
        with call.session:
            assert call("GET", f"/invoices/{created['Guid']}")["TimeStamp"] == created["TimeStamp"]
        assert [item["path"] for item in sandbox.requests()][:2] == ["/dineroapi/oauth/token", "/v1/100001/invoices"]


def test_switches_arrive() -> None:
    with served("--requests-per-minute", "1", "--refresh-tokens", "one-time", "--no-pro-code", "48") as (_, sandbox):
        form = {"grant_type": "refresh_token", "refresh_token": "sandbox-refresh-token"}
        client = ("isv_sandbox", "sandbox-secret")
        token = requests.post(f"{sandbox.url}/connect/token", auth=client, data=form, timeout=10).json()
        assert token["refresh_token"] != "sandbox-refresh-token"
        call = Caller(sandbox, token["access_token"], organization=100002)
        with call.session:
            assert call.code("GET", "/contacts", 403) == 48
            assert call.raw("GET", "/contacts").status_code == 429


def test_nothing_but_edits_bumps_updated_at() -> None:
    with served("--updated-at-bumped-by", "") as (_, sandbox):
        call = Caller(sandbox, personal_token(sandbox))
        with call.session:
            contact = call("POST", "/contacts", json={"Name": "Bo", "CountryKey": "DK", "Email": "a@b.example"})
            created = call("POST", "/invoices", json={**contact, "ProductLines": [line()]})
            path = f"/invoices/{created['Guid']}"
            before = call("GET", path)["UpdatedAt"]
            booked = call("POST", f"{path}/book", json={"Timestamp": created["TimeStamp"]})
    assert (booked["Status"], booked["UpdatedAt"]) == ("Booked", before)


def test_port_that_is_taken() -> None:
    with running() as sandbox:
        port = sandbox.url.rpartition(":")[2]
        done = subprocess.run([*COMMAND, "serve", "--port", port], capture_output=True, text=True, timeout=10)
    assert done.returncode == 1
    assert "could not start" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_switch_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--help"])
    text, documented = (
        capsys.readouterr().out,
        (Path(__file__).parents[2] / "docs/sandbox.md").read_text(encoding="utf-8"),
    )
    others = {
        "allowed_hosts": "allowed_host",
        "redirect_uris": "redirect_uri",
        "date_header": "no_date_header",
        "clock": "port",
    }
    for field in fields(Settings):
        switch = "--" + others.get(field.name, field.name).replace("_", "-")
        assert f"{switch} " in text or f"{switch}\n" in text
        assert f"`{switch}`" in documented


@pytest.mark.parametrize(
    "arguments",
    [["--requests-per-minute", "0"], ["--grace-seconds", "-1"], ["--port", "x"], ["--updated-at-bumped-by", "moon"]],
)
def test_senseless_switch_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["serve", *arguments])
    assert arguments[0] in capsys.readouterr().err


def test_connection_of_the_personal_integration(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["connection", "--grant", "personal_integration", "--organization", "100002"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "conn_type": "dinero",
        "login": "personal-sandbox",
        "password": "sandbox-secret",
        "host": "http://127.0.0.1:8765",
        "extra": {
            "grant": "personal_integration",
            "organization_id": 100002,
            "auth_url": "http://127.0.0.1:8765",
            "api_key": "sandbox-api-key-no-pro",
        },
    }


def test_connection_of_visma_connect(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["connection", "--grant", "visma_connect", "--url", "http://sandbox:80/"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "conn_type": "dinero",
        "login": "isv_sandbox",
        "password": "sandbox-secret",
        "host": "http://sandbox:80",
        "extra": {
            "grant": "visma_connect",
            "organization_id": 100001,
            "auth_url": "http://sandbox:80",
            "refresh_token": "sandbox-refresh-token",
        },
    }


def test_connection_to_an_unknown_organization(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["connection", "--grant", "visma_connect", "--organization", "1"]) == 2
    assert capsys.readouterr().out == ""


def test_package_is_cheap_to_import_and_stands_alone() -> None:
    heavy = "{'fastapi', 'uvicorn', 'fpdf', 'pydantic', 'airflow', 'requests'}"
    script = f"import sys, airflow_provider_dinero.sandbox.server as s; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True)
    alone = (
        "import sys, airflow_provider_dinero.sandbox.app as a, airflow_provider_dinero.sandbox.pdf as p\n"
        "ours = [m for m in sys.modules if m.startswith('airflow_provider_dinero.')]\n"
        "assert all(m.startswith('airflow_provider_dinero.sandbox') for m in ours), ours\n"
        "assert 'airflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", alone], check=True)
