"""The lowest versions that pyproject.toml allows: the shop example runs on them, with the sandbox of the package."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import requests
from local import ROOT, free_port, started, wait_for

EXAMPLE = "dinero_shop_orders"


@pytest.fixture(scope="module")
def lowest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment with the lowest versions of what is a dependency of ours."""
    folder = tmp_path_factory.mktemp("lowest")
    uv = Path(sys.executable).parent / "uv"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder / "venv"], check=True)
    python = folder / "venv/bin/python"
    install = [uv, "pip", "install", "--quiet", "--python", python, "--resolution", "lowest-direct"]
    subprocess.run([*install, f"{ROOT}[sandbox]"], check=True)
    return python.parent


def test_they_are_the_floors(lowest: Path) -> None:
    """Or what a dependency of ours needs, where that is higher."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    uv = Path(sys.executable).parent / "uv"
    listed = [uv, "pip", "list", "--quiet", "--python", lowest / "python", "--format", "json"]
    rows = json.loads(subprocess.run(listed, capture_output=True, check=True).stdout)
    found = {row["name"]: row["version"] for row in rows}
    for name in ("apache-airflow", "pydantic"):
        floor = next(each for each in project["dependencies"] if each.startswith(f"{name}>="))
        assert found[name] == floor.removeprefix(f"{name}>=").partition(",")[0]
    assert f"python-multipart>={found['python-multipart']}" in project["optional-dependencies"]["sandbox"]


def test_the_shop_example_runs(lowest: Path, tmp_path: Path) -> None:
    dags = tmp_path / "dags"
    dags.mkdir()
    shutil.copy(ROOT / "example_dags" / f"{EXAMPLE}.py", dags)
    shutil.copytree(ROOT / "example_dags" / "data", dags / "data")
    url, log = f"http://127.0.0.1:{(port := free_port())}", tmp_path / "sandbox.log"
    with started([str(lowest / "dinero-sandbox"), "serve", "--port", str(port)], log, {}) as process:
        wait_for(lambda: str(port) in log.read_text(), process, log)
        connection = subprocess.run(
            [lowest / "dinero-sandbox", "connection", "--url", url], capture_output=True, text=True, check=True
        ).stdout
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHON"))},
            "AIRFLOW_HOME": str(tmp_path),
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW_CONN_DINERO_DEFAULT": connection,
        }
        for command in (["db", "migrate"], ["dags", "test", EXAMPLE]):
            done = subprocess.run(
                [lowest / "airflow", *command], env=environment, capture_output=True, text=True, timeout=600
            )
            assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        state = requests.get(f"{url}/_sandbox/state", timeout=10).json()
    assert state["invoices"] == state["contacts"] == state["outbox"] > 0
    assert state["files"] == 1
