"""The entry in the Airflow registry: `.airflow-registry.yaml`."""

import json
from importlib import import_module

from pages.reference import INFO, ROOT, classes, modules


def page() -> str:
    """Return the file: each class that a DAG author uses, with the first sentence of its docstring."""
    kinds = {
        "hooks": classes(["hooks.dinero"]),
        "operators": classes(modules("operators")),
        "sensors": classes(modules("sensors")),
        "triggers": classes(["triggers.changes"]),
        "transfers": classes([each["python-module"].removeprefix(f"{ROOT}.") for each in INFO["transfers"]]),
    }
    lines = [
        "# Made by `make pages` from the code itself. Do not edit.",
        f"package-name: {INFO['package-name']}",
        f"display-name: {INFO['name']}",
        f"description: {json.dumps(INFO['description'])}",
    ]
    for kind, names in kinds.items():
        lines += ["", f"{kind}:"]
        for name in names:
            lines += [f"  - module: {ROOT}.{name}", f"    description: {json.dumps(first_sentence(name))}"]
    return "\n".join([*lines, ""])


def first_sentence(name: str) -> str:
    """Return the first line of a class's docstring.

    :param name: str, below the package
    """
    module, _, each = name.rpartition(".")
    return (getattr(import_module(f"{ROOT}.{module}"), each).__doc__ or "").strip().splitlines()[0]
