"""Write the pages of docs/ that are made from the code (`make pages`; `--check` in lint)."""

import sys
from pathlib import Path

from pages import bodies, errors, examples, operations, reference, registry, snippets

DOCS = Path(__file__).parent.parent / "docs"
NOTE = "\n<!-- Made by `make pages` from the code itself. Do not edit. -->\n"

WIDE = {"errors.md", "operations.md"}  # their tables take the place of the table of contents
HEAD = "---\nhide: [toc]\n---\n\n"


def main() -> None:
    """Write all pages, or report those that are out of date."""
    pages = {
        "operations.md": operations.page(),
        "errors.md": errors.page(),
        "examples.md": examples.page(),
        "reference/bodies.md": bodies.page(),
        **{f"reference/{name}": reference.led(text) for name, text in reference.pages().items()},
    }
    made = {DOCS / name: HEAD * (name in WIDE) + noted(text) for name, text in pages.items()}
    made |= {DOCS / name: text for name, text in snippets.pages().items()}
    made[DOCS.parent / ".airflow-registry.yaml"] = registry.page()
    stale = []
    for file, text in made.items():
        if "--check" not in sys.argv:
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        elif not file.exists() or file.read_text() != text:
            stale.append(file.name)
    if stale:
        sys.exit(f"{', '.join(stale)}: out of date: run `make pages`")


def noted(text: str) -> str:
    """Return a page with a note about its origin below its title.

    :param text: str
    """
    title, _, rest = text.partition("\n")
    return f"{title}\n{NOTE}{rest}"


if __name__ == "__main__":
    main()
