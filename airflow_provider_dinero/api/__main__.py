"""The table of all operations: `python -m airflow_provider_dinero.api`; `--json`, or `--writes` for the writes."""

import argparse
import json
from collections.abc import Iterable

from airflow_provider_dinero.api.auth.grants import PersonalIntegration
from airflow_provider_dinero.api.client import DineroClient
from airflow_provider_dinero.api.operations import Operation, operation_of
from airflow_provider_dinero.api.resources.catalog import resources_of


def example() -> DineroClient:
    """Return a client to inspect, whose address leads nowhere."""
    return DineroClient(None, PersonalIntegration("", "", ""))


def operations() -> dict[str, Operation]:
    """Return all operations by their call, such as invoices.book, in the order of their calls."""
    return {
        f"{name}.{method}": operation
        for name, resource in resources_of(example()).items()
        for method in sorted(dir(type(resource)))
        if (operation := operation_of(type(resource), method))
    }


def table() -> str:
    """Return all operations as a Markdown table."""
    return _markdown(
        ("call", "operation", "kind", "paginated", "changes since", "response"),
        (
            (f"`{call}`", f"`{each}`", each.repeat, "yes" * each.paginated, "yes" * each.changes_since, each.shape[0])
            for call, each in operations().items()
        ),
    )


def writes() -> str:
    """Return how a lost response of each write is settled, as a Markdown table."""
    return _markdown(
        ("call", "kind", "fence", "it was done if", "reliable", "otherwise"),
        ((f"`{call}`", each.repeat, *each.lost[:4]) for call, each in operations().items() if each.lost),
    )


def _markdown(heads: tuple[str, ...], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(heads), *rows]
    lines.insert(1, ["---" for _ in heads])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _as_json() -> str:
    rows = (
        {
            "method": each.method,
            "path": each.path,
            "call": call,
            "repeat": each.repeat.value,
            "paginated": each.paginated,
            "changes_since": each.changes_since,
            "answer": each.shape[0],
        }
        for call, each in operations().items()
    )
    return json.dumps(list(rows), indent=2)


def main() -> None:
    """Print the requested table."""
    parser = argparse.ArgumentParser(prog="python -m airflow_provider_dinero.api", description=__doc__)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--writes", action="store_true", help="how a lost response of each write is settled")
    chosen = parser.parse_args()
    print((_as_json() if chosen.json else writes() if chosen.writes else table()).rstrip())


if __name__ == "__main__":
    main()
