"""The reference: the input of mkdocstrings, page by page."""

from typing import Any

from airflow_provider_dinero.api.__main__ import example
from airflow_provider_dinero.api.resources.catalog import resources_of
from airflow_provider_dinero.get_provider_info import get_provider_info

ROOT = "airflow_provider_dinero"
INFO: dict[str, Any] = get_provider_info()  # type: ignore[no-untyped-call]  # it imports nothing, not even Any
BASES = {"DineroStatesSensor", "DineroNoTrigger"}  # bases of others, or raised by them
BARE = "    options: { members: false }\n"  # `perform` and the like don't concern DAG authors


def pages() -> dict[str, str]:
    """Return the pages below `reference/`, by name."""
    operators = modules("operators")
    return {
        "operators.md": page(
            "Operators",
            "All operators take these arguments too:\n\n"
            + shown(f"{ROOT}.operators.base.DineroBaseOperator", BARE)
            + '\nEach returned key is an XCom of its own too: `create.output["Guid"]`.\n',
            classes(operators),
        ),
        "sensors.md": page("Sensors", "", ["sensors.base.DineroBaseSensor", *classes(modules("sensors"))]),
        "triggers.md": page("Triggers", "", ["triggers.changes.DineroChangesTrigger"]),
        "transfers.md": page(
            "Transfers",
            "All transfers take the arguments of an [operator](operators.md) too.\n",
            classes([each["python-module"].removeprefix(f"{ROOT}.") for each in INFO["transfers"]]),
        ),
        "hooks.md": page(
            "Hook, assets, periods, retry policy", "", [], whole=["hooks.dinero", "assets", "periods", "retry_policy"]
        ),
        "client.md": client(),
    }


def modules(kind: str) -> list[str]:
    """Return the modules that are registered with Airflow.

    :param kind: str, operators or sensors
    """
    return [name.removeprefix(f"{ROOT}.") for each in INFO[kind] for name in each["python-modules"]]


def classes(names: list[str]) -> list[str]:
    """Return the classes of modules that a DAG author uses.

    :param names: list of str, below the package
    """
    from importlib import import_module

    found = []
    for name in names:
        module = import_module(f"{ROOT}.{name}")
        found += [
            f"{name}.{each}"
            for each, value in vars(module).items()
            if isinstance(value, type) and value.__module__ == module.__name__ and each.startswith("Dinero")
            if each not in BASES
        ]
    return found


def page(title: str, text: str, names: list[str], whole: list[str] | None = None) -> str:
    """Return a page of the reference.

    :param title: str
    :param text: str, before the classes
    :param names: list of str, classes below the package, shown without their methods
    :param whole: list of str, modules below the package, shown with all that is public; default none
    """
    bare = "".join(f"\n{shown(f'{ROOT}.{name}', BARE)}" for name in names)
    return f"# {title}\n\n{text}{bare}" + "".join(f"\n{shown(f'{ROOT}.{name}', '')}" for name in whole or ())


def led(text: str) -> str:
    """Return a page with a note below its title for readers who see it without mkdocstrings.

    :param text: str
    """
    title, _, rest = text.partition("\n")
    told = (
        "*In the repository, this page has only names. The arguments are in the docstrings of these classes, and in "
        "the site that `make docs` builds.*"
    )
    return f"{title}\n\n{told}\n{rest}"


def shown(path: str, options: str) -> str:
    """Return the line that mkdocstrings replaces.

    :param path: str, of an object
    :param options: str
    """
    return f"::: {path}\n{options}"


def client() -> str:
    """Return the page of the client, with its grants, filters, and each resource with its methods."""
    resources = resources_of(example())
    api = f"{ROOT}.api"
    parts = [
        "# The client\n\nPlain Python, without Airflow: `from airflow_provider_dinero.api import DineroClient`.\n",
        shown(f"{api}.client.DineroClient", BARE),
        *(shown(f"{api}.auth.grants.{name}", BARE) for name in ("PersonalIntegration", "VismaConnect")),
        shown(f"{api}.lists.filters", ""),
        "## client.batches\n\n" + shown(f"{api}.batches.batches.Batches", WHOLE),
        *(
            f"## client.{name}\n\n" + shown(f"{type(each).__module__}.{type(each).__name__}", WHOLE)
            for name, each in sorted(resources.items())
        ),
    ]
    return "\n".join(parts)


WHOLE = "    options: { heading_level: 3, show_root_heading: false, inherited_members: true }\n"
