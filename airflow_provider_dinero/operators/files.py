"""Files: receipts for the archive."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.operators.base import DineroBaseOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class DineroUploadFileOperator(DineroBaseOperator):
    """Uploads a file of at most 6 MB to the archive, unless a file of this name and content is there.

    Dinero: `GET` and `POST /v1/{organizationId}/files`, `GET /v1/{organizationId}/files/{fileGuid}`.

    :param file_path: str, a JPEG, PNG, GIF or PDF file that the worker can read. Templated.
    :param file_name: str, the name in the archive; default the path's own. Templated.
    :return: `{"FileGuid", "Change"}`, Change being created or unchanged
    """

    resource = "files"
    template_fields: Sequence[str] = (*DineroBaseOperator.template_fields, "file_path", "file_name")

    def __init__(self, *, file_path: str, file_name: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.file_path = file_path
        self.file_name = file_name

    def perform(self, context: "Context") -> dict[str, Any]:
        """Look for the file, and upload it."""
        saved = self.client.files.upload_once(self.file_path, self.file_name)
        self.log.info("file %s %s", saved["FileGuid"], saved["Change"])
        return saved
