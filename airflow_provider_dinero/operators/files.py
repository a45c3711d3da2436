"""Files: receipts for the archive, and attachments for customers."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.operators.base import DineroBaseOperator

if TYPE_CHECKING:
    from airflow.sdk import Context, ObjectStoragePath

    from airflow_provider_dinero.api.http.uploads import File


class DineroUploadFileOperator(DineroBaseOperator):
    """Uploads a file of at most 6 MB to the archive, unless it has a file with this name and content.

    Dinero: `GET` and `POST /v1/{organizationId}/files`, `GET /v1/{organizationId}/files/{fileGuid}`.

    :param file_path: str or ObjectStoragePath, a JPEG, PNG, GIF or PDF file that the worker can read: a local path, or
        one with a scheme, such as "s3://aws_default@bucket/receipt.pdf". Templated.
    :param file_name: str, the name in the archive; default the path's own. Templated.
    :return: `{"FileGuid", "Change"}`, Change being created or unchanged
    """

    resource = "files"
    template_fields: Sequence[str] = (*DineroBaseOperator.template_fields, "file_path", "file_name")

    def __init__(self, *, file_path: "str | ObjectStoragePath", file_name: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.file_path = file_path
        self.file_name = file_name

    def perform(self, context: "Context") -> dict[str, Any]:
        """Search for the file, and upload it."""
        file, own_name = opened(self.file_path)
        saved = self.client.files.upload_once(file, self.file_name or own_name)
        self.log.info("file %s %s", saved["FileGuid"], saved["Change"])
        return saved


class DineroAttachFileOperator(DineroBaseOperator):
    """Attaches a file for the customer to a document, unless one with this name is attached.

    Dinero: `GET /v1/{organizationId}/attachments/{documentGuid}`, `POST /v1/{organizationId}/files/attachment`,
    `POST /v1/{organizationId}/attachments/{documentGuid}/{fileGuid}/{fileName}`.

    :param attach_to: str, the Guid of an invoice, a credit note or a trade offer; or dict, the output of another
        operator. Templated.
    :param file_path: str or ObjectStoragePath, as `DineroUploadFileOperator` takes it. Templated.
    :param file_name: str, the name that the customer sees; default the path's own. Templated.
    :return: `{"Guid", "FileGuid", "FileName", "Change"}`, Guid being the document's, Change created or unchanged
    """

    resource = "attachments"
    template_fields: Sequence[str] = (*DineroBaseOperator.template_fields, "attach_to", "file_path", "file_name")

    def __init__(
        self,
        *,
        attach_to: str | Mapping[str, Any],
        file_path: "str | ObjectStoragePath",
        file_name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.attach_to = attach_to
        self.file_path = file_path
        self.file_name = file_name

    def perform(self, context: "Context") -> dict[str, Any]:
        """Search for the attachment, and attach it."""
        guid = self.document("attach_to", self.attach_to)["Guid"]
        file, own_name = opened(self.file_path)
        attached = self.client.attachments.attach_once(guid, file, self.file_name or own_name)
        self.log.info("file %s on document %s %s", attached["FileName"], guid, attached["Change"])
        return {"Guid": guid, **attached}


def opened(place: "str | ObjectStoragePath") -> "tuple[File, str | None]":
    """Return a file in the form that the api accepts, and its own name.

    :param place: str or ObjectStoragePath; a str with a scheme, such as s3://, is one too
    :raises DineroInvalidBody: it doesn't exist
    """
    from airflow_provider_dinero.api.errors import DineroInvalidBody
    from airflow_provider_dinero.api.http.uploads import LARGEST
    from airflow_provider_dinero.storage.store import file_store

    if isinstance(place, str) and "://" not in place:
        return place, None
    store, name = file_store(place)
    content = store.read(name, LARGEST + 1)  # one byte too many is enough to refuse it
    if content is None:
        raise DineroInvalidBody(f"There is no file {place}.", "Nothing was sent.")
    return content, name
