"""Airflow accepts the DAGs of docs/changes.md."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent.parent / "docs" / "changes.md"
BLOCKS = re.findall(r"```python\n(from airflow\.sdk import DAG.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_dag_of_the_docs(number: int, tmp_path: Path) -> None:
    from airflow.dag_processing.dagbag import DagBag

    (tmp_path / "docs.py").write_text(BLOCKS[number], encoding="utf-8")
    found = DagBag(dag_folder=str(tmp_path))
    assert (len(found.dags), found.import_errors) == (1, {})


def test_there_are_some() -> None:
    assert len(BLOCKS) == 3
