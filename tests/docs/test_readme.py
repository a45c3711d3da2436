"""The README is short, its figures are those of the code, and the page of classes names every class."""

import re

from local import ROOT
from pages import registry

from airflow_provider_dinero.api.__main__ import operations
from tests.faults import attack

README = (ROOT / "README.md").read_text()


def test_it_is_read_in_a_few_minutes() -> None:
    assert len(README.split()) <= 800
    first = README.partition("\n## ")[0]
    assert "docs/images/grid.png" in first
    assert re.findall(r"^make (\w+)", first, re.MULTILINE) == ["demo", "ui"]


def test_its_figures_are_those_of_the_code() -> None:
    assert f"in {attack.RUNS:,} runs" in README
    codes = re.findall(r"^\| \d+ \|.*", (ROOT / "docs" / "sandbox-codes.md").read_text(), re.MULTILINE)
    caused = [each for each in codes if "can't be caused" not in each]
    assert f"all {len(operations())} operations and {len(caused)} of Dinero's error codes" in README
    (life,) = re.findall(r"`DineroInvoiceOperator`: create, book, e-mail \| (\d+) \|", costs())
    (listed,) = re.findall(r"`DineroInvoicesOperator` they take ([\d,]+)", costs())
    assert f"412 invoices takes {listed} requests in one task" in README
    assert f"{412 * int(life):,} with a separate task for each" in " ".join(README.split())


def costs() -> str:
    return (ROOT / "docs" / "rate-limits.md").read_text()


def test_every_class_is_on_the_page_of_classes() -> None:
    names = re.findall(r"module: [\w.]+\.(\w+)", registry.page())
    assert len(names) > 30
    page = (ROOT / "docs" / "classes.md").read_text()
    assert [name for name in names if f"`{name}`" not in page] == []
