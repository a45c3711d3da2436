"""A reader who pastes what README and docs show gets DAGs that run, each with keys and customers of its own."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from local import ROOT

DAGS = sorted((ROOT / "docs" / "dags").glob("*.py"))
EXAMPLES = sorted((ROOT / "example_dags").glob("*.py"))
PAGES = [page for page in sorted((ROOT / "docs").rglob("*.md")) if "<!-- docs/dags/" in page.read_text()]
SHOWN = re.compile(r"<!-- (docs/dags/\w+\.py):\w+ -->\n```python\n(.*?)```", re.DOTALL)
KEY = re.compile(r"order-\d{4}")
# The dry run of "What all operators share" is one of the very bill that the guide to purchases books.
DELIBERATE = {"bill-7"}


def sources() -> Iterator[tuple[str, ast.Module]]:
    """Each file of DAGs, and the README's DAG, which isn't in any."""
    for file in (*DAGS, *EXAMPLES):
        yield str(file.relative_to(ROOT)), ast.parse(file.read_text())
    (shown,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    yield "README.md", ast.parse(shown)


def text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def keys(tree: ast.Module) -> Iterator[str]:
    """Keys as they are written, also where they are data that a task returns."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword):
            given = node.value if node.arg == "idempotency_key" else None
            key = ast.unparse(given) if isinstance(given, ast.JoinedStr) else text(given)
        else:
            key = text(node) if isinstance(node, ast.Constant) and KEY.fullmatch(str(node.value)) else None
        if key:
            yield key


def names_of_customers(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            given = {text(key): text(value) for key, value in zip(node.keys, node.values, strict=True)}
            reference, name = given.get("ExternalReference"), given.get("Name")
            if reference and name:
                yield reference, name


def test_no_two_files_use_one_key() -> None:
    used = defaultdict(set)
    for file, tree in sources():
        for key in keys(tree):
            used[key].add(file)
    assert len(used) > 30
    assert {key: files for key, files in used.items() if len(files) > 1 and key not in DELIBERATE} == {}


def test_each_customer_has_one_name() -> None:
    names = defaultdict(set)
    for _, tree in sources():
        for reference, name in names_of_customers(tree):
            names[reference].add(name)
    assert {reference: found for reference, found in names.items() if len(found) > 1} == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_pasted_into_one_file_is_what_is_run(page: Path) -> None:
    """Each statement is one of the file that test_guides.py runs, and the page gives every name that it uses."""
    blocks = SHOWN.findall(page.read_text())
    pasted = "\n".join(block for _, block in blocks)
    run = {ast.dump(each) for file, _ in blocks for each in ast.parse((ROOT / file).read_text()).body}
    for each in ast.parse(pasted).body:
        assert ast.dump(each) in run, f"{page.name}: the page alone shows {ast.unparse(each)}"
    exec(compile(pasted, page.name, "exec"), {"__name__": page.stem})
