"""The DAGs of the guides run as shown, and each of them is shown."""

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
from local import ROOT

from tests.operators.bench import Bench

DAGS = sorted((ROOT / "docs" / "dags").glob("*.py"))
PDF = (ROOT / "example_dags" / "data" / "receipt.pdf").read_bytes()
SECTION = re.compile(r"# --8<-- \[start:(\w+)\]")


@pytest.mark.usefixtures("hurried", "at_once")
@pytest.mark.parametrize("file", DAGS, ids=lambda file: file.stem)
def test_the_dags_of_a_guide_run(bench: Bench, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each DAG of the file, one after the other, on one sandbox; /data is a folder with a receipt."""
    from airflow.sdk import DAG

    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", f"sqlite:///{tmp_path}/warehouse.db")
    data = tmp_path / "data"
    (data / "receipts").mkdir(parents=True)
    for name in ("bill-7.pdf", "receipts/bill-8.pdf"):
        (data / name).write_bytes(PDF + name.encode())
    ours = tmp_path / file.name
    ours.write_text(file.read_text().replace("/data/", f"{data}/"))
    dags = [each for each in runpy.run_path(str(ours)).values() if isinstance(each, DAG)]
    assert len(dags) == ours.read_text().count("with DAG(")  # each has a name
    for dag in dags:
        if isinstance(dag.schedule, str | None):  # what waits for an asset is run on a real Airflow
            run = bench.run(dag)
            errors = {place: [str(each) for each in told.errors] for place, told in run.tasks.items() if told.errors}
            assert (run.state, errors) == ("success", {})


def test_each_section_is_shown() -> None:
    pages = "\n".join(page.read_text() for page in (ROOT / "docs").rglob("*.md"))
    for file in DAGS:
        for section in SECTION.findall(file.read_text()):
            assert f"<!-- docs/dags/{file.name}:{section} -->" in pages, f"{file.name}:{section} is on no page"


def test_no_page_has_python_that_nobody_runs() -> None:
    """Python in a page is filled in from a file that is run, or is named here with the test that runs it."""
    elsewhere: dict[str, Any] = {
        "changes.md": "tests/sensors/test_docs.py",
        "python-client.md": "tests/api/test_docs.py",
        "sandbox.md": "tests/sandbox/test_pytest_plugin.py",
        "examples.md": "tests/airflow/test_examples.py",
    }
    for page in (ROOT / "docs").rglob("*.md"):
        if page.name in elsewhere:
            assert (ROOT / elsewhere[page.name]).exists()
            continue
        for before in re.findall(r"(.*)\n```python", page.read_text()):
            assert re.fullmatch(r"<!-- docs/dags/\w+\.py:\w+ -->", before), f"{page.name}: {before}"
