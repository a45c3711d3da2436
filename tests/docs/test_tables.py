"""Tables of the docs break lines between words, as a person sees them in Chromium."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from browser import CHROMIUM, chromium
from local import ROOT

PAGES = ("operations.md", "classes.md", "errors.md")
SETTINGS = """
site_name: Tables
theme: { name: material, font: false }
markdown_extensions: [tables]
extra_css: [stylesheets/tables.css]
validation: { links: { not_found: ignore, anchors: ignore, unrecognized_links: ignore } }
"""
# A word that takes more than one line has boxes at more than one height.
SPLIT = r"""() => {
  const found = [];
  for (const table of document.querySelectorAll("table")) {
    const texts = document.createTreeWalker(table, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      for (const word of texts.currentNode.textContent.matchAll(/\w+/g)) {
        const range = document.createRange();
        range.setStart(texts.currentNode, word.index);
        range.setEnd(texts.currentNode, word.index + word[0].length);
        if (new Set([...range.getClientRects()].map(box => Math.round(box.top))).size > 1) found.push(word[0]);
      }
    }
  }
  return found;
}"""


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_no_table_splits_a_word(tmp_path: Path) -> None:
    (tmp_path / "mkdocs.yml").write_text(SETTINGS)
    docs = tmp_path / "docs"
    (docs / "stylesheets").mkdir(parents=True)
    for name in (*PAGES, "stylesheets/tables.css"):
        shutil.copy(ROOT / "docs" / name, docs / name)
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--no-directory-urls"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        split = {}
        for name in PAGES:
            page.goto((tmp_path / "site" / name.replace(".md", ".html")).as_uri())
            split[name] = page.evaluate(SPLIT)
        assert split == {name: [] for name in PAGES}
        # The control: without the docs' own style, words are split.
        page.evaluate("document.querySelector('link[href*=tables]').remove()")
        assert page.evaluate(SPLIT)
