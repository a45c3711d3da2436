"""Write `api/models.py`: the request bodies of `openapi.json` as pydantic models (`make models`; `--check` in lint)."""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

API = Path(__file__).parent.parent / "airflow_provider_dinero" / "api"
# Plain value types: false or 0 when a body leaves them out, though the document calls them required.
FILLED_IN_BY_DINERO = {"IsMember", "UseCvr", "ShouldAddTrustPilotEmailAsBcc", "Discount"}
HEADER = "# Generated from openapi.json by `make models`. Do not edit."


def request_schemas(document: dict[str, Any]) -> dict[str, Any]:
    """Return the schemas that JSON request bodies use, with those they refer to, by name."""
    schemas = document["components"]["schemas"]
    bodies = [
        operation["requestBody"]["content"]["application/json"]
        for path in document["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict) and "application/json" in operation.get("requestBody", {}).get("content", {})
    ]
    found: dict[str, Any] = {}
    waiting = _references(bodies)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = _relaxed(schemas[name])
            waiting |= _references(schemas[name])
    return dict(sorted(found.items()))


def _references(schema: Any) -> set[str]:
    return set(re.findall(r'#/components/schemas/(\w+)"', json.dumps(schema)))


def _relaxed(schema: dict[str, Any]) -> dict[str, Any]:
    """Take `required` from the value types that the live API fills in when left out, and make amounts decimal."""
    relaxed = json.loads(json.dumps(schema).replace('"format": "double"', '"format": "decimal"'))
    relaxed["required"] = [name for name in schema.get("required", ()) if name not in FILLED_IN_BY_DINERO]
    return dict(relaxed)


def generate() -> str:
    """Return the text of `models.py`."""
    document = json.loads((API / "openapi.json").read_text())
    pruned = {**document, "paths": {}, "components": {"schemas": request_schemas(document)}}
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "openapi.json"), Path(folder, "models.py")
        source.write_text(json.dumps(pruned))
        options = (
            "--input-file-type openapi --output-model-type pydantic_v2.BaseModel --target-python-version 3.11"
            " --enum-field-as-literal all --use-union-operator --use-standard-collections --use-double-quotes"
            " --use-annotated --field-constraints --disable-timestamp --use-schema-description"
            " --formatters builtin"
        )
        command = [str(Path(sys.executable).with_name("datamodel-codegen")), *options.split()]
        subprocess.run(
            [*command, "--input", str(source), "--output", str(target), "--custom-file-header", HEADER], check=True
        )
        return target.read_text()


if __name__ == "__main__":
    models = API / "models.py"
    text = generate()
    if "--check" not in sys.argv:
        models.write_text(text)
    elif models.read_text() != text:
        sys.exit("api/models.py is not what openapi.json says: run `make models`")
