"""The provider's metadata. A mistake here would break `import airflow` itself."""

import json
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import entry_points, metadata
from pathlib import Path
from typing import Any

import airflow
import jsonschema
import pytest
from local import ROOT
from packaging.utils import canonicalize_name

from airflow_provider_dinero.get_provider_info import get_provider_info
from tests.deployment import Deployment

AIRFLOW = Path(airflow.__file__).parent
INFO: dict[str, Any] = get_provider_info()


def test_it_fits_the_schema_that_airflow_loads_it_by() -> None:
    jsonschema.validate(INFO, json.loads((AIRFLOW / "provider_info.schema.json").read_text()))


def test_the_connection_type_fits_the_strict_schema() -> None:
    strict = json.loads((AIRFLOW / "provider.yaml.schema.json").read_text())
    schema = {**strict["properties"]["connection-types"], "definitions": strict.get("definitions", {})}
    jsonschema.validate(INFO["connection-types"], schema)


def test_its_name_is_the_name_of_the_distribution() -> None:
    (entry,) = [each for each in entry_points(group="apache_airflow_provider") if each.value.startswith("airflow_prov")]
    assert entry.load() is get_provider_info
    assert entry.dist is not None
    assert INFO["package-name"] == canonicalize_name(entry.dist.name) == "airflow-provider-dinero"
    assert metadata("airflow-provider-dinero")["Requires-Python"] == ">=3.11"


def dotted(value: Any) -> Iterator[str]:
    """All texts that name something in the package."""
    if isinstance(value, dict):
        for each in value.values():
            yield from dotted(each)
    elif isinstance(value, list):
        for each in value:
            yield from dotted(each)
    elif isinstance(value, str) and value.startswith("airflow_provider_dinero."):
        yield value


@pytest.mark.parametrize("path", sorted(set(dotted(INFO))))
def test_every_dotted_path_imports(path: str) -> None:
    try:
        import_module(path)
    except ModuleNotFoundError:
        module, _, name = path.rpartition(".")
        assert hasattr(import_module(module), name)


def test_every_module_of_a_kind_is_named() -> None:
    named = set(dotted(INFO))
    for kind in ("operators", "sensors", "triggers"):
        for file in (ROOT / "airflow_provider_dinero" / kind).glob("[!_]*.py"):
            if not file.stem.endswith("base") and "\nclass Dinero" in file.read_text():
                assert f"airflow_provider_dinero.{kind}.{file.stem}" in named


def test_the_form_shows_all_fields(deployment: Deployment) -> None:
    deployment.airflow.call("GET", "/version")  # signs in
    answer = deployment.airflow._session.get(f"{deployment.airflow.url}/ui/connections/hook_meta", timeout=60)
    (ours,) = [each for each in answer.json() if each["connection_type"] == "dinero"]
    assert ours["hook_name"] == "Dinero"
    assert list(ours["extra_fields"]) == list(INFO["connection-types"][0]["conn-fields"])
    assert ours["standard_fields"]["login"]["title"] == "Client ID"
