"""Dinero accepts the DAGs of the README and of the guide to what all operators share, as shown."""

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient
from tests.operators.bench import Bench

ROOT = Path(__file__).parent.parent.parent


def shown(page: str) -> str:
    """Return the one DAG that a page shows."""
    (code,) = re.findall(r"```python\n(from airflow\.sdk import DAG\n.*?)```", (ROOT / page).read_text(), re.DOTALL)
    return str(code)


@pytest.mark.usefixtures("hurried")
def test_the_dag_of_the_readme(bench: Bench) -> None:
    with bench.dag() as dag:
        exec(tasks_of(shown("README.md")), imported(shown("README.md")))
    first, second = bench.run(dag), bench.run(dag)
    assert first["invoice"].returned["Recipients"] == ["ida@example.dk"]
    assert first["invoice"].returned["TotalInclVat"] == "100.00"
    assert (first["invoice"].returned["Change"], second["invoice"].returned["Change"]) == ("created", "unchanged")


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("dry", [True, False])
def test_expense_and_payout(bench: Bench, beside: DineroClient, tmp_path: Path, dry: bool) -> None:
    receipt = tmp_path / "bill-7.pdf"
    receipt.write_bytes(b"%PDF-1.4")
    block = shown("docs/guides/basics.md").replace("/data/bill-7.pdf", str(receipt))
    with bench.dag(default_args={"dry_run": dry}) as dag:
        exec(tasks_of(block), imported(block))
    run = bench.run(dag)
    assert {each.state for each in run.tasks.values()} == {"success"}, [str(each.errors) for each in run.tasks.values()]
    assert run["expense"].returned["TotalInclVat"] == "125.00"
    posted = [each for each in beside.entries.between("2026-01-01", "2026-12-31") if each["VoucherNumber"] == 9001]
    assert sum(each["Amount"] for each in posted) == 0
    assert bool(posted) is not dry


def tasks_of(block: str) -> str:
    """Return what is below the DAG of a block: the tasks become the bench's."""
    return textwrap.dedent(block.partition("with DAG(")[2].partition(":\n")[2])


def imported(block: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(block.partition("with DAG(")[0], names)
    return names
