"""Documents as PDF files."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.links import document_url
from airflow_provider_dinero.operators.base import DineroBaseOperator

if TYPE_CHECKING:
    from pathlib import Path

    from airflow.sdk import Context, ObjectStoragePath


class DineroDownloadInvoiceOperator(DineroBaseOperator):
    """Downloads the PDF of a booked invoice, whole or not at all; a file that is there is replaced.

    Dinero: `GET /v1/{organizationId}/invoices/{guid}`.

    :param invoice: str, a Guid; or dict, what another invoice operator returned. Templated.
    :param path: str or ObjectStoragePath, the file: a local path, or a str with a scheme, such as
        s3://conn_id@bucket/invoice.pdf. Templated.
    :return: `{"Guid", "Path", "Size"}`, the size in bytes
    """

    resource = "invoices"
    writes = False
    template_fields: Sequence[str] = (*DineroBaseOperator.template_fields, "invoice", "path")

    def __init__(self, *, invoice: str | Mapping[str, Any], path: "str | ObjectStoragePath", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.invoice = invoice
        self.path = path

    def perform(self, context: "Context") -> dict[str, Any]:
        """Fetch the PDF, and write it; a dry run only fetches."""
        guid = self.document("invoice", self.invoice)["Guid"]
        self.document_url = document_url(self.client, f"sales/{guid}")
        content = self.client.invoices.pdf(guid)
        if not self.is_dry_run:
            save(content, self.path)
        self.log.info("invoice %s to %s, %d bytes", guid, self.path, len(content))
        return {"Guid": guid, "Path": str(self.path), "Size": len(content)}


def save(content: bytes, place: "str | ObjectStoragePath") -> None:
    """Write a file whole or not at all.

    :param content: bytes
    :param place: str or ObjectStoragePath; a str with a scheme, such as s3://, is one too
    """
    from pathlib import Path

    from airflow.sdk import ObjectStoragePath

    if isinstance(place, str) and "://" in place:
        place = ObjectStoragePath(place)
    if isinstance(place, ObjectStoragePath):
        if place.protocol not in {"file", "local", ""}:
            place.write_bytes(content)  # an object appears when it is whole
            return
        place = place.path
    target = Path(place)
    target.parent.mkdir(parents=True, exist_ok=True)
    _replace(content, target)


def _replace(content: bytes, target: "Path") -> None:
    """Write beside the file and rename, so that nobody ever reads half of it."""
    from uuid import uuid4

    beside = target.with_name(f".{target.name}.{uuid4().hex}")
    try:
        beside.write_bytes(content)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
