"""A test, or CI, runs every command that README and docs show; these are the ones that nothing else runs."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from local import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
# What runs a command, by how it begins: a file that holds what is said after the colon.
RUN_BY = {
    r"make \w": "Makefile",
    r"\.ci/run": ".ci/run",
    r"apt-get install": ".ci/run:apt-get install",
    r"\.venv/bin/pre-commit install": "pyproject.toml:pre-commit",
    r"python3\.11 -m venv": "tests/dist/test_packages.py:COMMANDS[0]",
    r"source ~/dinero": "tests/dist/test_packages.py:COMMANDS[0]",
    r"pip install '/path/to/clone\[sandbox\]'": "tests/dist/test_packages.py:COMMANDS[0]",
    r"dinero-sandbox serve": "tests/dist/test_packages.py:COMMANDS[1]",
    r"export AIRFLOW_HOME=~|export AIRFLOW__CORE|mkdir": "tests/dist/test_packages.py:COMMANDS[2]",
    r'export AIRFLOW_CONN_DINERO_DEFAULT="\$\(dinero-sandbox': "tests/dist/test_packages.py:COMMANDS[2]",
    r"airflow db migrate|airflow dags test": "tests/dist/test_packages.py:COMMANDS[3]",
    r"airflow standalone": 'scripts/local.py:"standalone"',
    r"airflow dinero authorize": 'tests/consent/test_cli.py:airflow("dinero", "authorize"',
    r"airflow dinero check --doubles": 'tests/consent/test_duplicates.py:airflow("dinero", "check", "--doubles"',
    r"airflow dinero check": 'tests/consent/test_cli.py:airflow("dinero", "check"',
    r"airflow dinero compare": 'tests/consent/test_comparison.py:airflow("dinero", "compare"',
    r"airflow dinero marks": 'tests/consent/test_watermarks.py:airflow("dinero", "marks"',
    r"airflow dinero organizations": 'tests/consent/test_cli.py:airflow("dinero", "organizations"',
    r"airflow dinero accounts": 'tests/consent/test_cli.py:airflow("dinero", "accounts"',
    r"airflow dinero revoke": 'tests/consent/test_cli.py:airflow("dinero", "revoke"',
    r"export AIRFLOW_CONN_DINERO_DEFAULT='": "tests/docs/test_connection.py:test_an_environment_variable",
    r"airflow connections add": "tests/docs/test_commands.py:def test_a_connection_by_command",
    r"curl http://127\.0\.0\.1:8765/_sandbox/faults": "tests/docs/test_commands.py:def test_a_fault_by_curl",
}
COMMANDS_IN_ONE = """
import sys
from airflow.cli.cli_parser import get_parser
for words in sys.argv[1:]:
    command = get_parser().parse_args(words.split(chr(31))[:-1])
    command.func(command)
"""
# The release is made by hand; tests/dist does the same with what it makes.
BY_HAND = {"release.md"}


def blocks() -> Iterator[tuple[str, str]]:
    """Each block of commands, with its page."""
    for page in PAGES:
        for language, block in re.findall(r"^ *```(\w*)\n(.*?)^ *```", page.read_text(), re.MULTILINE | re.DOTALL):
            if language == "bash" or (not language and re.match(r"(\w*/)*[\w.-]+ ", block) and "…" not in block):
                yield page.name, block


def commands(block: str) -> Iterator[str]:
    """The first line of each command: what continues one is in quotes."""
    quoted = False
    for line in block.splitlines():
        if not quoted and line.strip() and not line.strip().startswith("#"):
            yield line.strip()
        quoted ^= line.count("'") % 2 == 1


def test_every_command_is_run() -> None:
    found = [(page, command) for page, block in blocks() if page not in BY_HAND for command in commands(block)]
    assert len(found) > 30
    makefile = (ROOT / "Makefile").read_text()
    for page, command in found:
        by = [where for begins, where in RUN_BY.items() if re.match(begins, command)]
        assert by, f"{page}: nobody runs {command!r}"
        file, _, text = by[0].partition(":")
        assert text in (ROOT / file).read_text()
        for target in re.findall(r"^make ([\w-]+)", command):
            assert f"\n{target}:" in makefile


def test_a_connection_by_command(migrated: None) -> None:
    (add,) = [block for page, block in blocks() if page == "connection.md" and "connections add" in block]
    # bash splits them into words; then one process is `airflow` three times, which takes four seconds to begin.
    script = f"""airflow() {{ given+=("$(printf '%s\\x1f' "$@")"); }}
{add}
airflow connections get dinero_default --output json
airflow connections delete dinero_default
{sys.executable} -c "$PROGRAM" "${{given[@]}}"
"""
    environment = {**os.environ, "PROGRAM": COMMANDS_IN_ONE}
    done = subprocess.run(["bash", "-euc", f"given=()\n{script}"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    given = json.loads(re.findall(r"^\[.*?^\]|^\[\{.*\}\]$", done.stdout, re.MULTILINE | re.DOTALL)[0])[0]
    assert (given["conn_type"], given["login"]) == ("dinero", "CLIENT ID")


def test_a_fault_by_curl(sandbox: Any) -> None:
    (command,) = [block for page, block in blocks() if page == "sandbox.md" and "curl" in block]
    done = subprocess.run(
        ["bash", "-euc", command.replace("http://127.0.0.1:8765", sandbox.url)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert sandbox.faults()[0]["status"] == 429
