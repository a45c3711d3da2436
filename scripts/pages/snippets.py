"""Snippets of tested DAGs in the pages: each block of Python is filled in from the file named above it.

<!-- docs/dags/invoices.py:life -->
"""

import re
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parent.parent.parent
SHOWN = re.compile(r"(<!-- (?P<file>docs/dags/\w+\.py):(?P<section>\w+) -->\n```python\n).*?(```\n)", re.DOTALL)
MARK = "# --8<-- "


def pages() -> dict[str, str]:
    """Return the pages with sections, each with the present content of its file, by their path under docs/."""
    docs = ROOT / "docs"
    found = {str(page.relative_to(docs)): page.read_text() for page in sorted(docs.rglob("*.md"))}
    return {name: SHOWN.sub(_filled, text) for name, text in found.items() if SHOWN.search(text)}


def section(file: Path, name: str) -> str:
    """Return a section of a file, without the markers in it.

    :param file: Path
    :param name: str, as its marks `# --8<-- [start:name]` and `[end:name]` say it
    :raises ValueError: there is no such section
    """
    text = file.read_text()
    begin, end = text.index(f"{MARK}[start:{name}]\n"), text.index(f"{MARK}[end:{name}]\n")
    lines = text[begin:end].splitlines(keepends=True)[1:]
    return dedent("".join(line for line in lines if MARK not in line)).strip("\n") + "\n"


def _filled(match: re.Match[str]) -> str:
    return f"{match[1]}{section(ROOT / match['file'], match['section'])}{match[4]}"
