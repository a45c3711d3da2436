"""Documents as PDF files."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.links import document_url
from airflow_provider_dinero.operators.base import DineroBaseOperator
from airflow_provider_dinero.storage.lineage import WritesFiles

if TYPE_CHECKING:
    from airflow.sdk import Context, ObjectStoragePath


class DineroDownloadInvoiceOperator(WritesFiles, DineroBaseOperator):
    """Downloads the PDF of a booked invoice, completely or not at all; it replaces an existing file.

    Dinero: `GET /v1/{organizationId}/invoices/{guid}`.

    :param invoice: str, a Guid; or dict, the output of another invoice operator. Templated.
    :param path: str or ObjectStoragePath, the file: a local path, or a str with a scheme, such as
        s3://conn_id@bucket/invoice.pdf. Templated.
    :param storage_timeout: float, the time limit of the storage in seconds, plus a second for each 100 kB of the file;
        default 120
    :return: `{"Guid", "Path", "Uri", "Size"}`: the path as it was given; the plain address, without the connection, as
        other programs take it; the size in bytes
    """

    resource = "invoices"
    writes = False
    template_fields: Sequence[str] = (*DineroBaseOperator.template_fields, "invoice", "path")

    def __init__(
        self,
        *,
        invoice: str | Mapping[str, Any],
        path: "str | ObjectStoragePath",
        storage_timeout: float = 120.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.invoice = invoice
        self.path = path
        self.storage_timeout = storage_timeout

    def perform(self, context: "Context") -> dict[str, Any]:
        """Fetch the PDF, and write it; a dry run only fetches."""
        from airflow_provider_dinero.storage.store import file_store

        guid = self.document("invoice", self.invoice)["Guid"]
        self.document_url = document_url(self.client, f"sales/{guid}")
        store, name = file_store(self.path, self.storage_timeout)
        content = self.client.invoices.pdf(guid)
        if not self.is_dry_run:
            store.tidy("")
            store.write(name, content)
            self.report(store, name)
        self.log.info("invoice %s to %s, %d bytes", guid, self.path, len(content))
        return {"Guid": guid, "Path": str(self.path), "Uri": store.uri(name), "Size": len(content)}
