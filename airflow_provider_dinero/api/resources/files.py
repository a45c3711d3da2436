"""The file archive: receipts, which Dinero keeps for the vouchers."""

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from airflow_provider_dinero.api.bodies import as_list
from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.api.operations import Operation, Repeat
from airflow_provider_dinero.api.resources.base import Resource, guarded

LARGEST = 6 * 1024 * 1024
# How a file of each type begins.
TYPES = {
    "pdf": b"%PDF-",
    "png": b"\x89PNG\r\n\x1a\n",
    "gif": b"GIF8",
    "jpg": b"\xff\xd8\xff",
    "jpeg": b"\xff\xd8\xff",
}

_LIST = Operation("GET", "/v1/{organizationId}/files", paginated=True)
_GET = Operation("GET", "/v1/{organizationId}/files/{fileGuid}")
_UPLOAD = Operation(
    "POST",
    "/v1/{organizationId}/files",
    Repeat.BARE,
    settled_by="the archive: a file of the same name, size and content",
)


@dataclass(frozen=True)
class Upload:
    """A file that was found fit to be sent."""

    name: str
    content: bytes = field(repr=False)


class Files(Resource):
    """The file archive. A file has no id of ours: `upload_once` looks before it sends."""

    @_LIST.performed_by
    def list(
        self, *, extensions: Collection[str] = (), status: str | None = None, uploaded_after: str | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield the files of the archive (`GET /v1/{organizationId}/files`).

        :param extensions: types such as pdf; default all
        :param status: str, All, Used or Unused; default All
        :param uploaded_after: str, a date as yyyy/MM/dd
        :return: iterator of dicts with FileGuid, Name, Extension, Size, UploadedAt, Linked and more
        """
        query = {
            "extensions": ",".join(as_list(extensions)) or None,
            "fileStatus": status,
            "uploadedAfter": uploaded_after,
        }
        return self._guarded_rows(lambda place: self.client.json(_LIST, query={**query, **place}), "FileGuid")

    @_GET.performed_by
    def get(self, file_guid: str) -> bytes:
        """Return a file's content (`GET /v1/{organizationId}/files/{fileGuid}`).

        :param file_guid: str
        """
        return self.client.send(_GET, {"fileGuid": file_guid}, accept="application/octet-stream").content

    @_UPLOAD.performed_by
    @guarded
    def upload(self, file: str | os.PathLike[str] | bytes, name: str | None = None) -> dict[str, Any]:
        """Upload a file of at most 6 MB (`POST /v1/{organizationId}/files`).

        :param file: path, or the content as bytes
        :param name: str, ends in jpeg, jpg, png, gif or pdf; default the path's own
        :return: `{"FileGuid"}`
        :raises DineroInvalidBody: the file is not what its name says; nothing was sent
        :raises DineroOutcomeUnknown: the answer was lost
        """
        return self._send(_fit(file, name))

    @guarded
    def upload_once(self, file: str | os.PathLike[str] | bytes, name: str | None = None) -> dict[str, Any]:
        """Upload a file, unless the archive has one of the same name and content.

        Looking takes a request for each 1000 files of the type, and one for each of the same name and size.

        :param file: path, or the content as bytes
        :param name: str, as in `upload`
        :return: `{"FileGuid", "Change"}`, Change being created or unchanged
        :raises DineroInvalidBody: the file is not what its name says; nothing was sent
        :raises DineroOutcomeUnknown: the answer was lost, and the file can't be found
        """
        upload = _fit(file, name)
        guid, change = self._once(
            f"files/{self.client.organization_id}/{upload.name}",
            lambda: self._find(upload),
            lambda: str(self._send(upload)["FileGuid"]),
        )
        return {"FileGuid": guid, "Change": change}

    def _send(self, upload: Upload) -> dict[str, Any]:
        saved: dict[str, Any] = self.client.json(_UPLOAD, files={"file": (upload.name, upload.content)})
        return saved

    def _find(self, upload: Upload) -> str | None:
        stem, _, extension = upload.name.rpartition(".")
        for file in self.list(extensions=[extension.lower()]):
            # Whether Name holds the extension is undocumented.
            if file["Size"] == len(upload.content) and file["Name"] in (upload.name, stem):
                guid = str(file["FileGuid"])
                if self.get(guid) == upload.content:
                    return guid
        return None


def _fit(file: str | os.PathLike[str] | bytes, name: str | None) -> Upload:
    """Return a file that Dinero will take."""
    if isinstance(file, bytes):
        content = file
    else:
        path = Path(file)
        if not path.is_file():
            raise DineroInvalidBody(f"There is no file {path}.", "Nothing was sent.")
        if path.stat().st_size > LARGEST:
            raise DineroInvalidBody(f"{path.name} is larger than 6 MB.", "Make it smaller; nothing was sent.")
        name, content = name or path.name, path.read_bytes()
    if not name or not name.isprintable() or "/" in name or "\\" in name or '"' in name:
        raise DineroInvalidBody(f"{name!r} is not a file name.", "Pass a name without path; nothing was sent.")
    extension = name.rpartition(".")[2].lower()
    allowed = ", ".join(TYPES)
    if extension not in TYPES:
        raise DineroInvalidBody(f"{name} is not of a type that Dinero takes.", f"It takes {allowed}; nothing was sent.")
    if len(content) > LARGEST:
        raise DineroInvalidBody(f"{name} is larger than 6 MB.", "Make it smaller; nothing was sent.")
    if not content.startswith(TYPES[extension]):
        meant = next((other for other, begin in TYPES.items() if content.startswith(begin)), None)
        told = f"it is a {meant} file" if meant else f"its content is none of {allowed}"
        raise DineroInvalidBody(f"{name} is not what its name says: {told}.", "Nothing was sent.")
    return Upload(name, content)
