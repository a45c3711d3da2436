"""A server that only knows openapi.json: it checks every request against it, and responds from its schemas."""

import json
import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from jsonschema import Draft202012Validator

DOCUMENT = json.loads(Path(__file__).parent.parent.joinpath("airflow_provider_dinero/api/openapi.json").read_text())
SCHEMAS = DOCUMENT["components"]["schemas"]
OPERATIONS = {
    (method.upper(), path): operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
    if method in {"get", "post", "put", "delete"}
}
GUID = "3f1d9a52-5f0e-5d55-9c39-4a1b6f7e2c10"
# What a property holds whose schema says no more than that it is a string.
VALUES = {
    "FromDate": "2026-01-01",
    "ToDate": "2026-12-31",
    "Message": "See [link-to-pdf]",
    "Date": "2026-02-01",
    "VoucherDate": "2026-02-01",
    "PaymentDate": "2026-02-09",
}
FORMATS = {"uuid": GUID, "date": "2026-02-01", "date-time": "2026-02-01T10:00:00Z", "uri": "https://example.com/hook"}


def sample(schema: dict[str, Any], name: str = "") -> Any:
    """Return a value that the schema allows, with all its properties."""
    if "$ref" in schema:
        return sample(SCHEMAS[schema["$ref"].rpartition("/")[2]], name)
    if "enum" in schema:
        return schema["enum"][0]
    kinds = schema.get("type", "object")
    kind = next(each for each in ([kinds] if isinstance(kinds, str) else kinds) if each != "null")
    if kind == "object":
        return {each: sample(inner, each) for each, inner in schema.get("properties", {}).items()}
    if kind == "array":
        return [sample(schema["items"], name)]
    if kind == "string":
        return FORMATS.get(schema.get("format", "")) or VALUES.get(name) or "DK"
    return {"integer": 1, "number": 10.5, "boolean": True}[kind]


def body(model: str) -> dict[str, Any]:
    """Return a body with all properties of a model."""
    return dict(sample(SCHEMAS[model], model))


def wrong(schema: dict[str, Any], value: Any) -> list[str]:
    """Return what the schema has against a value."""
    whole = {**schema, "components": {"schemas": SCHEMAS}}
    checker = Draft202012Validator.FORMAT_CHECKER
    return [
        f"{error.json_path}: {error.message[:80]}"
        for error in Draft202012Validator(whole, format_checker=checker).iter_errors(value)
    ]


def from_text(schema: dict[str, Any], text: str) -> Any:
    """Return the text of a parameter as the type of its schema, or unchanged."""
    if schema.get("type") == "array":
        return text.split(",")
    try:
        return json.loads(text) if schema.get("type") in {"integer", "boolean", "number"} else text
    except ValueError:
        return text


class Contract:
    """The requests, and what was wrong with them."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[str] = []
        self.refused: list[str] = []

    def check(self, method: str, target: str, content_type: str, content: bytes) -> tuple[str, list[str]]:
        """Return which operation a request is for, and what is wrong with it."""
        found = [
            (path, match) for path in self._paths(method) if (match := _pattern(path).fullmatch(urlsplit(target).path))
        ]
        if not found:
            return "", [f"there is no {method} {urlsplit(target).path}"]
        path, match = min(
            found, key=lambda each: each[0].count("{")
        )  # invoices/templates is not the invoice "templates"
        operation = OPERATIONS[method, path]
        declared = {each["name"]: each for each in operation.get("parameters", ()) if each["in"] == "query"}
        given = dict(parse_qsl(urlsplit(target).query, keep_blank_values=True))
        faults = [f"no parameter {name}" for name in given.keys() - declared.keys()]
        faults += [
            f"{name} is missing" for name, each in declared.items() if each.get("required") and name not in given
        ]
        schemas = [(declared[name]["schema"], value, name) for name, value in given.items() if name in declared]
        for each in operation.get("parameters", ()):
            if each["in"] == "path":
                schemas.append((each["schema"], unquote(match[each["name"]]), each["name"]))
        for schema, value, name in schemas:
            typed = {**schema, "$ref": schema["$ref"]} if "$ref" in schema else schema
            faults += [f"{name} {fault}" for fault in wrong(typed, from_text(schema, value))]
            allowed = schema.get("x-allowed-values")
            if allowed and name in {"statusFilter", "sort"}:
                faults += [f"{name}: {each}" for each in value.split(",") if each not in allowed]
        return f"{method} {path}", faults + self._body(operation, content_type, content)

    def _paths(self, method: str) -> list[str]:
        return [path for each, path in OPERATIONS if each == method]

    def _body(self, operation: dict[str, Any], content_type: str, content: bytes) -> list[str]:
        wanted = operation.get("requestBody", {}).get("content", {})
        if "multipart/form-data" in wanted:
            as_it_is = content_type.startswith("multipart/form-data") and b'name="file"; filename="a.pdf"' in content
            return [] if as_it_is else ["no part named file"]
        if not wanted:
            return ["a body where none is wanted"] if content else []
        if content_type != "application/json":
            return [f"the body is {content_type or 'missing'}"]
        return wrong(wanted["application/json"]["schema"], json.loads(content))


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path)))


@contextmanager
def serving() -> Generator[Contract]:
    """Run the server."""
    contract = Contract()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path.endswith("/oauth/token"):
                return self._send(200, {"access_token": "t", "expires_in": 3600, "token_type": "Bearer"})
            name, faults = contract.check(self.command, self.path, self.headers.get("Content-Type", ""), content)
            contract.asked.append(name)
            contract.refused += [f"{self.command} {self.path}: {fault}" for fault in faults]
            if faults:
                return self._send(400, {"code": 45, "message": "; ".join(faults)})
            method, _, path = name.partition(" ")
            answers = OPERATIONS[method, path]["responses"]["200"].get("content", {})
            if "json" in self.headers["Accept"]:
                schema = answers.get("application/json", {}).get("schema")
                nothing = [] if method == "GET" else None  # a read has a response, even if the document describes none
                return self._send(200, nothing if schema is None else sample(schema))
            return self._send(200, b"%PDF-1.4")

        def _send(self, status: int, answer: Any) -> None:
            content = answer if isinstance(answer, bytes) else b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = _answer

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    contract.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield contract
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
