"""Links on pages that MkDocs doesn't build are valid; the strict build checks all others."""

import re

import pytest
from local import ROOT


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_inside_the_project(page: str) -> None:
    for link in re.findall(r"\]\((?!https?://|mailto:)([^)]+)\)", (ROOT / page).read_text()):
        file, _, anchor = link.partition("#")
        assert (ROOT / (file or page)).exists(), f"{page}: {link}"
        if anchor:
            heads = re.findall(r"^#+ (.*)$", (ROOT / (file or page)).read_text(), re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
            assert anchor in anchors, f"{page}: {link}"


def test_every_page_that_is_linked_by_its_file_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text()
    for page in (ROOT / "docs").rglob("*.md"):
        name = str(page.relative_to(ROOT / "docs"))
        assert name.startswith("adr/0") or f"- {name}" in navigation, name
