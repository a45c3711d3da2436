"""How `make audit` reads pip-audit's report."""

import pytest
from audit import told

WELL = {"name": "jinja2", "version": "3.1.6", "vulns": []}
BAD = {"name": "jinja2", "version": "3.1.5", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.1.6"]}]}
NEVER = {"name": "jinja2", "version": "3.1.5", "vulns": [{"id": "PYSEC-2", "fix_versions": []}]}
UNKNOWN = {"name": "ours", "skip_reason": "Dependency not found on PyPI"}


@pytest.mark.parametrize(
    ("dependencies", "reached", "lines"),
    [
        ([WELL], True, []),
        ([WELL, BAD], True, ["jinja2 3.1.5: PYSEC-1, fixed in 3.1.6"]),
        ([NEVER], True, ["jinja2 3.1.5: PYSEC-2, fixed in no version"]),
        ([WELL, UNKNOWN], True, ["ours: not checked. Dependency not found on PyPI"]),
        ([UNKNOWN, UNKNOWN], False, []),  # pip-audit itself says of this: "No known vulnerabilities found"
        ([], False, []),
    ],
)
def test_what_is_told(dependencies: list[object], reached: bool, lines: list[str]) -> None:
    assert told({"dependencies": dependencies}) == (reached, lines)
