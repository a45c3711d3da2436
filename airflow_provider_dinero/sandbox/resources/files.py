"""Files: voucher files in the archive, and attachments for customers."""

from __future__ import annotations

import sqlite3
from typing import Any
from uuid import uuid4

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.responses import Response

from airflow_provider_dinero.sandbox.answers import JsonObject, answer, decode
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.contract import project, schema
from airflow_provider_dinero.sandbox.errors import ApiError, invalid
from airflow_provider_dinero.sandbox.lists import paging
from airflow_provider_dinero.sandbox.seed_data import OWNER
from airflow_provider_dinero.sandbox.voucher_store import drafted

PATH = "/v1/{organizationId}/files"
EXTENSIONS = ("jpeg", "jpg", "png", "gif", "pdf")
MAX_BYTES = 6 * 1024 * 1024

resource = Resource(
    """
    CREATE TABLE IF NOT EXISTS files (
        organization INTEGER, guid TEXT, archived INTEGER, name TEXT, extension TEXT, uploaded_at TEXT,
        linked TEXT DEFAULT '[]', content BLOB, PRIMARY KEY (organization, guid)
    );
    """
)


@resource.operation("POST", PATH)
def upload(call: Call) -> Response:
    """Upload a file to the archive."""
    return _answered(call, archived=True)


@resource.operation("POST", PATH + "/attachment")
def upload_attachment(call: Call) -> Response:
    """Upload a file for customers. The archive doesn't list it; reading it is undocumented: like any file."""
    return _answered(call, archived=False)


def _answered(call: Call, archived: bool) -> Response:
    try:
        return _upload(call, archived)
    except ApiError as error:
        if call.settings.upload_error_body == "string":
            return answer(error.message, error.status)
        raise


def _upload(call: Call, archived: bool) -> Response:
    name, content = _part(call)
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    if not extension:
        raise ApiError(68)
    if extension not in EXTENSIONS:
        raise ApiError(67, status=call.settings.file_type_status)
    if len(content) > MAX_BYTES:
        # The code is undocumented.
        raise ApiError(43, "The file is larger than 6 MB.", status=call.settings.large_file_status)
    guid = uuid4().hex
    call.store.insert(
        "files",
        {
            "organization": call.organization,
            "guid": guid,
            "archived": archived,
            "name": name,
            "extension": extension,
            "uploaded_at": call.store.now(),
            "content": content,
        },
    )
    if call.settings.drafts_from_uploads and archived and extension == "pdf":
        drafted(call, guid)
    return answer({"FileGuid": guid})


@resource.operation("GET", PATH)
def archive(call: Call) -> Response:
    """List the archive, newest first: a bare array, although it has pages."""
    where = ["organization = ?", "archived"]
    parameters: list[Any] = [call.organization]
    extensions = [part.strip().lower() for part in call.text("extensions").split(",") if part.strip()]
    if extensions:
        where.append(f"extension IN ({', '.join('?' * len(extensions))})")
        parameters += extensions
    # The descriptions of the two are swapped; the names are right. A date is midnight UTC.
    for name, operator in (("uploadedBefore", "<"), ("uploadedAfter", ">=")):
        if day := call.day(name, "/"):
            where.append(f"uploaded_at {operator} ?")
            parameters.append(day.isoformat())
    status = call.text("fileStatus", "All").lower()
    if status not in [value.lower() for value in schema("FileStatus")["enum"]]:
        raise invalid("fileStatus", "Must be All, Used or Unused.")
    if status != "all":
        where.append("linked <> '[]'" if status == "used" else "linked = '[]'")
    page, size = paging(call, 1000)
    rows = call.store.execute(
        "SELECT guid, name, extension, uploaded_at, linked, length(content) AS size FROM files "
        f"WHERE {' AND '.join(where)} ORDER BY uploaded_at DESC, rowid DESC LIMIT ? OFFSET ?",
        [*parameters, size, page * size],
    )
    return answer([_model(row) for row in rows])


@resource.operation("GET", PATH + "/{fileGuid}")
def download(call: Call) -> Response:
    """Return the bytes of a file."""
    row = call.store.one(
        "SELECT content FROM files WHERE organization = ? AND guid = ?",
        [call.organization, call.route["fileGuid"].lower()],
    )
    if row is None:
        raise ApiError(40, status=404)
    return Response(row["content"], media_type="application/octet-stream")


def _part(call: Call) -> tuple[str, bytes]:
    """Return name and bytes of the first part that has a file name. The part's own name is free, and may be missing."""
    kind, options = parse_options_header(call.headers.get("content-type", "").encode())
    if not kind.startswith(b"multipart/") or b"boundary" not in options:
        raise ApiError(69)
    parts = _Parts(options[b"boundary"], call.raw).files
    if not parts:
        raise ApiError(68)
    name, content = parts[0]
    return name.decode("utf-8", "replace"), content


class _Parts:
    """The parts of a body that have a file name."""

    def __init__(self, boundary: bytes, raw: bytes) -> None:
        self.files: list[tuple[bytes, bytes]] = []
        self._field, self._value, self._content, self._options = b"", b"", bytearray(), dict[bytes, bytes]()
        callbacks: Any = {name: getattr(self, name) for name in dir(self) if name.startswith("on_")}
        try:
            parser = MultipartParser(boundary, callbacks)
            parser.write(raw)
            parser.finalize()
        except FormParserError:
            raise ApiError(69) from None

    def on_part_begin(self) -> None:
        self._content, self._options = bytearray(), {}

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        if self._field.lower() == b"content-disposition":
            self._options = parse_options_header(self._value)[1]
        self._field = self._value = b""

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._content += data[start:end]

    def on_part_end(self) -> None:
        if name := self._options.get(b"filename"):
            self.files.append((name, bytes(self._content)))


def _model(row: sqlite3.Row) -> JsonObject:
    known = {
        "FileGuid": row["guid"],
        "Name": row["name"],
        "Extension": row["extension"],
        "Size": row["size"],
        "UploadedAt": row["uploaded_at"],
        "Linked": decode(row["linked"]),
        "UploadedBy": OWNER,
    }
    return project("FilteredFileReadModel", known)
