"""The file archive: receipts, which Dinero keeps for the vouchers."""

import hashlib
import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from uuid import uuid4

from airflow_provider_dinero.api.bodies.validation import as_list
from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.api.http.uploads import File, Upload
from airflow_provider_dinero.api.operations import NOWHERE, UNKNOWN, Lost, Operation, Repeat
from airflow_provider_dinero.api.resources.base import Resource, Row, guarded, optional
from airflow_provider_dinero.api.resources.documents import PDF

_LIST = Operation("GET", "/v1/{organizationId}/files", paginated=True)
_GET = Operation("GET", "/v1/{organizationId}/files/{fileGuid}")
_UPLOAD = Operation(
    "POST",
    "/v1/{organizationId}/files",
    Repeat.BARE,
    lost=Lost(
        "nothing",
        "the archive has a file with this name, size and content; only `upload_once` checks this",
        "yes",
        UNKNOWN,
    ),
)
# Such a file is in no list; a second one is harmless.
_UPLOAD_ATTACHMENT = Operation("POST", "/v1/{organizationId}/files/attachment", Repeat.BARE, lost=NOWHERE)


class Files(Resource):
    """The file archive. Files can't have an id of our own, so `upload_once` searches before it uploads."""

    @_LIST.performed_by
    def list(
        self,
        *,
        extensions: str | Collection[str] = (),
        status: str | None = None,
        uploaded_after: date | str | None = None,
        uploaded_before: date | str | None = None,
    ) -> Iterator[Row]:
        """Yield the files of the archive (`GET /v1/{organizationId}/files`).

        :param extensions: types such as pdf; default all
        :param status: str, All, Used or Unused; default All
        :param uploaded_after: date, or text as yyyy/MM/dd or yyyy-MM-dd
        :param uploaded_before: date, or text as yyyy/MM/dd or yyyy-MM-dd
        :return: iterator of dicts with FileGuid, Name, Extension, Size, UploadedAt, Linked and more
        """
        query = optional(
            extensions=",".join(as_list(extensions)) or None,
            fileStatus=status,
            uploadedAfter=_slashed(uploaded_after),
            uploadedBefore=_slashed(uploaded_before),
        )
        return self._pages(_LIST, "FileGuid", None, query)

    @_GET.performed_by
    def get(self, file_guid: str) -> bytes:
        """Return a file's content (`GET /v1/{organizationId}/files/{fileGuid}`).

        :param file_guid: str
        """
        return self.session.send(_GET, {"fileGuid": file_guid}, accept=PDF).content

    @guarded
    def download(self, file_guid: str, path: str | os.PathLike[str]) -> Path:
        """Write a file to a path, completely or not at all (`GET /v1/{organizationId}/files/{fileGuid}`).

        :param file_guid: str
        :param path: where it is written; an existing file is replaced
        :return: Path
        :raises DineroInvalidBody: the folder is not there
        """
        target = Path(path)
        if not target.parent.is_dir():
            raise DineroInvalidBody(f"There is no folder {target.parent}.", "Create it; nothing was read.")
        # In the target's folder, so that it can replace the target atomically.
        part = target.parent / f".{uuid4()}.part"
        try:
            with part.open("xb") as stream:

                def sink(pieces: Iterator[bytes]) -> None:
                    stream.seek(0)
                    stream.truncate()
                    stream.writelines(pieces)

                self.session.send(_GET, {"fileGuid": file_guid}, accept=PDF, sink=sink)
            part.replace(target)
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise
        return target

    @_UPLOAD.performed_by
    @guarded
    def upload(self, file: File, name: str | None = None) -> Row:
        """Upload a file of at most 6 MB (`POST /v1/{organizationId}/files`), again at each call.

        :param file: path, bytes, or an open binary file
        :param name: str, ends in jpeg, jpg, png, gif or pdf; default the file's own name
        :return: `{"FileGuid"}`
        :raises DineroInvalidBody: the content doesn't match the name; nothing was sent
        :raises DineroOutcomeUnknown: the response was lost
        """
        return self._object(_UPLOAD, upload=Upload(file, name))

    @_UPLOAD_ATTACHMENT.performed_by
    @guarded
    def upload_attachment(self, file: File, name: str | None = None) -> Row:
        """Upload a file for customers (`POST /v1/{organizationId}/files/attachment`), again at each call.

        :param file: path, bytes, or an open binary file, of at most 6 MB
        :param name: str, ends in jpeg, jpg, png, gif or pdf; default the file's own name
        :return: `{"FileGuid"}`, which `attachments.attach` takes; it is not in the archive
        :raises DineroInvalidBody: the content doesn't match the name; nothing was sent
        :raises DineroOutcomeUnknown: the response was lost
        """
        return self._object(_UPLOAD_ATTACHMENT, upload=Upload(file, name))

    @guarded
    def upload_once(self, file: File, name: str | None = None) -> Row:
        """Upload a file, unless the archive has one of the same name and content.

        Searching takes a request per 1000 files of the type, and one for each file of the same name and size.

        :param file: path, bytes, or an open binary file, of at most 6 MB
        :param name: str, as in `upload`
        :return: `{"FileGuid", "Change"}`, Change being created or unchanged
        :raises DineroInvalidBody: the content doesn't match the name; nothing was sent
        :raises DineroOutcomeUnknown: the response was lost, and the file can't be found
        """
        upload = Upload(file, name)
        name = f"files/{self.session.organization_id}/{upload.name}"
        guid, change = self._once(
            name,
            lambda: self._find(name, upload),
            lambda: str(self._object(_UPLOAD, upload=upload)["FileGuid"]),
        )
        return {"FileGuid": guid, "Change": change}

    def _find(self, name: str, upload: Upload) -> str | None:
        same = self._same(upload)
        first = next(same, None)
        if first is None:
            return None
        several = [first, *same] if self.session.intents.begun(name) else []  # an upload may have arrived twice
        older = self._older(name, several, {}, "UploadedAt") if len(several) > 1 else None
        return str((older or first)["FileGuid"])

    def _same(self, upload: Upload) -> Iterator[Row]:
        """Yield the files in the archive with this name and content."""
        stem, _, extension = upload.name.rpartition(".")
        for file in self.list(extensions=[extension.lower()]):
            # It is undocumented whether Name includes the extension.
            same = file["Size"] == upload.size and file["Name"] in (upload.name, stem)
            if same and hashlib.sha256(self.get(str(file["FileGuid"]))).digest() == upload.digest():
                yield file


def _slashed(day: date | str | None) -> str | None:
    """Return a day in the form that only this list needs: yyyy/MM/dd."""
    return None if day is None else str(day)[:10].replace("-", "/")
