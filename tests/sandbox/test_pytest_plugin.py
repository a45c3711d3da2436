"""The plugin, as another project's tests use it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from textwrap import dedent

import pytest

from airflow_provider_dinero.sandbox.server import running
from airflow_provider_dinero.sandbox.settings import Settings

DOCS = Path(__file__).parents[2] / "docs" / "sandbox.md"


def run(folder: Path, tests: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on tests in a separate folder, with warnings as errors."""
    (folder / "test_it.py").write_text(dedent(tests))
    command = [sys.executable, "-m", "pytest", "-q", "--strict-markers", "-W", "error", "-p", "no:cacheprovider"]
    # Plugins of this environment, of which some import half of it.
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "airflow_provider_dinero.sandbox.pytest_plugin"}
    environment = {**os.environ, **alone}
    return subprocess.run(
        [*command, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )


def test_pytest_finds_it_by_itself() -> None:
    found = {point.value for point in entry_points(group="pytest11")}
    assert "airflow_provider_dinero.sandbox.pytest_plugin" in found


def test_each_test_has_a_fresh_sandbox_and_its_handles(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        """
        import json
        import pytest
        import requests

        @pytest.mark.parametrize("turn", [1, 2])
        def test_fresh(dinero_sandbox, turn):
            assert requests.get(f"{dinero_sandbox.url}/v1/organizations", timeout=10).status_code == 401
            assert len(dinero_sandbox.requests()) == 1
            assert dinero_sandbox.outbox() == dinero_sandbox.faults() == []
            assert dinero_sandbox.state()["invoices"] == 0
            dinero_sandbox.seed(invoices=2)
            dinero_sandbox.fault("status")
            before = dinero_sandbox.now()
            assert (dinero_sandbox.forward(days=1) - before).days == 1
            assert json.loads(dinero_sandbox.connection_json())["host"] == dinero_sandbox.url

        @pytest.mark.dinero_sandbox(date_header=False)
        def test_switches(dinero_sandbox):
            answer = requests.get(f"{dinero_sandbox.url}/v1/organizations", timeout=10)
            assert "Date" not in answer.headers
            assert "requests_per_minute" not in dinero_sandbox.connection()["extra"]

        @pytest.mark.dinero_sandbox(requests_per_minute=10_000)
        def test_no_waits(dinero_sandbox):
            for grant in ("personal_integration", "visma_connect"):
                assert dinero_sandbox.connection(grant)["extra"]["requests_per_minute"] == 10_000
        """,
    )
    assert "4 passed" in done.stdout, done.stdout + done.stderr


def test_it_costs_nothing_unless_it_is_asked_for(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        """
        import sys

        def test_light():
            assert "airflow_provider_dinero.sandbox.pytest_plugin" in sys.modules
            heavy = {"fastapi", "uvicorn", "starlette", "airflow", "jinja2", "requests", "msgspec"}
            assert not heavy & set(sys.modules)
        """,
        # Another plugin of this environment, which imports requests.
        *("-p", "no:schemathesis"),
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_marker_and_fixture_are_explained(tmp_path: Path) -> None:
    assert "@pytest.mark.dinero_sandbox(**settings)" in run(tmp_path, "", "--markers").stdout
    assert re.search(r"dinero_sandbox .*\n +A local Dinero", run(tmp_path, "", "--fixtures").stdout)


def test_every_switch_fault_and_handle_is_in_the_docs(capsys: pytest.CaptureFixture[str]) -> None:
    from typing import get_args

    from airflow_provider_dinero.sandbox.cli import main
    from airflow_provider_dinero.sandbox.faults import Effect
    from airflow_provider_dinero.sandbox.server import Sandbox

    with pytest.raises(SystemExit):
        main(["serve", "--help"])
    text, handles = DOCS.read_text(encoding="utf-8"), [name for name in vars(Sandbox) if not name.startswith("_")]
    switches = set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out)) - {"--help"}
    missing = [name for name in (*switches, *get_args(Effect), *handles) if f"`{name}" not in text]
    assert sorted(missing) == []


def test_misspelt_switch_fails_the_test(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        """
        import pytest

        @pytest.mark.dinero_sandbox(refresh_tokens="onetime")
        def test_value(dinero_sandbox):
            pass
        """,
    )
    assert done.returncode == 1
    assert "refresh_tokens is 'onetime', but must be one of 'reuse', 'one-time'." in done.stdout


def test_switch_that_does_not_exist_is_told_with_those_that_do() -> None:
    with pytest.raises(TypeError, match=r"The sandbox has no switch 'refresh_token'\. It has .*, refresh_tokens, "):
        running(refresh_token="one-time").__enter__()


def test_settings_name_the_mutations() -> None:
    with pytest.raises(ValueError, match="updated_at_bumped_by has 'mail', but can only contain 'book'"):
        Settings(updated_at_bumped_by=frozenset({"mail"}))
