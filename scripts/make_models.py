"""Write the content of `openapi.json` as Python (`make models`; `--check` in lint).

`api/bodies/models.py`: the request bodies as pydantic models.
`api/bodies/amounts.py`: the names of the properties that are amounts.
`api/bodies/shapes.py`: the shape of each operation's response.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from airflow_provider_dinero.api.bodies.validation import FILLED_IN

API = Path(__file__).parent.parent / "airflow_provider_dinero" / "api"
# Only credit purchases have a contact, yet the document requires one in every update.
NOT_REQUIRED = {**dict.fromkeys(FILLED_IN), "ContactGuid": "PurchaseVoucherUpdateModel"}
# Where Dinero is known to differ from its document, or the document doesn't describe a read.
SHAPES = {
    "POST /v1.2/{organizationId}/ledgeritems": ("object or array", "Id"),
    "POST /v1/{organizationId}/contacts/{contactGuid}/notes": ("nothing", ""),
    "GET /v1/{organizationId}/webhooks/events": ("object or array", ""),
    "GET /v1/{organizationId}/webhooks/subscriptions": ("object or array", ""),
}
# The property that identifies a response: the first of these in its schema, which is always present.
NAMING = (
    "Guid", "EntryGuid", "ProductGuid", "Id", "ContactGuid", "FileGuid", "Recipients", "Payments", "SimilarFound",
    "TimeStamp",
)  # fmt: skip
# A mere proposal has no id yet.
PROPOSED = ("/fetch", "/next")
HEADER = "# Generated from openapi.json by `make models`. Do not edit."


def request_schemas(document: dict[str, Any]) -> dict[str, Any]:
    """Return the schemas of JSON request bodies, with the schemas that they refer to, by name."""
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
            found[name] = _relaxed(name, schemas[name])
            waiting |= _references(schemas[name])
    return dict(sorted(found.items()))


def _references(schema: Any) -> set[str]:
    return set(re.findall(r'#/components/schemas/(\w+)"', json.dumps(schema)))


def _relaxed(model: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Remove `required` from properties that the real API accepts without, and make amounts decimal."""
    relaxed = json.loads(json.dumps(schema).replace('"format": "double"', '"format": "decimal"'))
    relaxed["required"] = [
        name for name in schema.get("required", ()) if NOT_REQUIRED.get(name, "no model") not in (None, model)
    ]
    for name in FILLED_IN.keys() & relaxed.get("properties", {}).keys():
        relaxed["properties"][name].pop("default", None)
    return dict(relaxed)


def models() -> str:
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
            " --formatters builtin --output-datetime-class datetime"
        )
        command = [str(Path(sys.executable).with_name("datamodel-codegen")), *options.split()]
        subprocess.run(
            [*command, "--input", str(source), "--output", str(target), "--custom-file-header", HEADER], check=True
        )
        return target.read_text()


def amounts() -> str:
    """Return the text of `amounts.py`."""
    schemas = json.loads((API / "openapi.json").read_text())["components"]["schemas"].values()
    names = {
        name
        for schema in schemas
        for name, member in schema.get("properties", {}).items()
        if "number" in (member.get("type") or ())
    }
    lines = "".join(f'    "{name}",\n' for name in sorted(names))
    title = '"""The properties that are amounts: numbers that may have decimals."""'
    return f"{HEADER}\n{title}\n\nAMOUNTS = frozenset({{\n{lines}}})\n"


def shapes() -> str:
    """Return the text of `shapes.py`."""
    document = json.loads((API / "openapi.json").read_text())
    found = {
        f"{method.upper()} {path}": _shape(document["components"]["schemas"], path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method in {"get", "post", "put", "delete"}
    }
    lines = "".join(f'    "{name}": ("{kind}", "{naming}"),\n' for name, (kind, naming) in (found | SHAPES).items())
    title = '"""What the success of each operation holds: its kind, and a property that it always has."""'
    return f"{HEADER}\n{title}\n\nSHAPES = {{\n{lines}}}\n"


def _shape(schemas: dict[str, Any], path: str, operation: dict[str, Any]) -> tuple[str, str]:
    answer = operation["responses"]["200"].get("content", {})
    schema = answer.get("application/json", {}).get("schema")
    if schema is None:
        return ("file" if answer else "nothing", "")
    kind = "array" if schema.get("type") == "array" else "object"
    schema = schema["items"] if kind == "array" else schema
    if "$ref" not in schema:
        return ("array of strings", "")
    properties = schemas[schema["$ref"].rpartition("/")[2]]["properties"]
    if "Collection" in properties:
        return ("page", "")
    # A list with a `fields` parameter only returns the requested ones.
    chosen = any(each["name"] == "fields" for each in operation.get("parameters", ()))
    naming = () if chosen or path.endswith(PROPOSED) else NAMING
    return (kind, next((name for name in naming if name in properties), ""))


if __name__ == "__main__":
    for name, text in (
        ("bodies/models.py", models()),
        ("bodies/amounts.py", amounts()),
        ("bodies/shapes.py", shapes()),
    ):
        if "--check" not in sys.argv:
            (API / name).write_text(text)
        elif (API / name).read_text() != text:
            sys.exit(f"api/{name} doesn't match openapi.json: run `make models`")
