"""The expense and the payout of the README are taken by Dinero as they stand there."""

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient
from tests.operators.bench import Bench

README = Path(__file__).parent.parent.parent / "README.md"
BLOCKS = re.findall(r"```python\n(from airflow\.sdk import DAG\n.*?)```", README.read_text(), re.DOTALL)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("dry", [True, False])
def test_expense_and_payout(bench: Bench, beside: DineroClient, tmp_path: Path, dry: bool) -> None:
    receipt = tmp_path / "bill-7.pdf"
    receipt.write_bytes(b"%PDF-1.4")
    block = BLOCKS[1].replace("/data/bill-7.pdf", str(receipt))
    with bench.dag(default_args={"dry_run": dry}) as dag:
        # Its own DAG is left out: the tasks become the bench's.
        exec(textwrap.dedent(block.partition("with DAG(")[2].partition(":\n")[2]), imported(block))
    run = bench.run(dag)
    assert {each.state for each in run.tasks.values()} == {"success"}, [str(each.errors) for each in run.tasks.values()]
    assert run["expense"].returned["TotalInclVat"] == "125.00"
    posted = [each for each in beside.entries.between("2026-01-01", "2026-12-31") if each["VoucherNumber"] == 9001]
    assert sum(each["Amount"] for each in posted) == 0
    assert bool(posted) is not dry


def imported(block: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(block.partition("with DAG(")[0], names)
    return names
