"""Booked invoices and credit notes as PDF, and receipts, in your own archive."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.storage.lineage import WritesFiles
from airflow_provider_dinero.transfers.base import DineroTransferOperator

if TYPE_CHECKING:
    from airflow.sdk import Context, ObjectStoragePath

    from airflow_provider_dinero.transfers.archive_files import Archive
    from airflow_provider_dinero.transfers.archive_lists import Document

KINDS = ("invoices", "credit_notes", "files")
# How many of the documents that could not be fetched the error names.
NAMED = 5
# Enough for two paths, the words of a storage and what to do.
LONGEST_NAME = 1500


class DineroArchiveOperator(WritesFiles, DineroTransferOperator):
    """Archives booked invoices and credit notes, as PDF, and receipts in object storage, unless they are already there.

    An invoice is `<path>/<organization>/invoices/<year>/<number>-<guid>.pdf`, a credit note has the same path under
    `credit_notes`, and a receipt is `<path>/<organization>/files/<year of upload>/<guid>.<extension>`. Nothing is ever
    deleted there. The index of a kind, `<path>/<organization>/index/<kind>.ndjson`, has a line for each document: path,
    guid, number, date, contact, total, currency, bytes, sha256, and whole, which is true.

    Each run lists what is booked in Dinero (one request per 1000 documents), and what is in the archive. Each new
    document takes one more request. If the size of a document differs from its line, it is fetched again; a document
    without a line is read once. After everything else is archived, an error names documents that Dinero doesn't return,
    or whose name can't be a path, and files in the place of a document that aren't Dinero's.

    Dinero: `GET /v1/{organizationId}/invoices`, `GET /v1/{organizationId}/invoices/{guid}`,
    `GET /v1/{organizationId}/sales/creditnotes`, `GET /v1/{organizationId}/sales/creditnotes/{guid}/pdf`,
    `GET /v1/{organizationId}/files`, `GET /v1/{organizationId}/files/{fileGuid}`.

    :param path: str or ObjectStoragePath, a folder: a local path, or one with a scheme, such as
        s3://conn_id@bucket/dinero. Templated.
    :param kinds: names of the kinds to archive: invoices, credit_notes, files; default all three. Templated.
    :param lock_timeout: float, how many seconds the task waits for another one that writes the same archive; default
        3600
    :param storage_timeout: float, the time limit of the storage in seconds for a file or a listing, plus a second for
        each 100 kB of a file; default 120
    :return: `{"organization", "new", "documents", "index", "uri"}`, the last four dicts by kind: the number of
        documents that this run archived, the number of all documents, the path of the index, and its plain address,
        without the connection
    :raises DineroNotFound: some documents could not be fetched
    """

    template_fields: Sequence[str] = (*DineroTransferOperator.template_fields, "path", "kinds")
    resource = "sales"

    def __init__(
        self,
        *,
        path: "str | ObjectStoragePath",
        kinds: str | Iterable[str] = KINDS,
        storage_timeout: float = 120.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.path = path
        self.kinds = kinds
        self.storage_timeout = storage_timeout

    def lock_name(self, context: "Context") -> str:
        """Return the name of this archive."""
        return f"archive/{self.path}/{self.client.organization_id}"

    def transfer(self, context: "Context") -> dict[str, Any]:
        """Archive one kind after the other; a dry run only counts."""
        from airflow_provider_dinero.api.bodies.validation import as_list
        from airflow_provider_dinero.api.errors import DineroInvalidBody, DineroNotFound
        from airflow_provider_dinero.storage.store import Store
        from airflow_provider_dinero.transfers.archive_files import Archive

        kinds, organization = as_list(self.kinds), self.client.organization_id
        if unknown := set(kinds) - set(KINDS):
            raise DineroInvalidBody(f"There is no kind {', '.join(sorted(unknown))}.", f"Use {', '.join(KINDS)}.")
        told: dict[str, Any] = {"organization": organization, "new": {}, "documents": {}, "index": {}, "uri": {}}
        refused: list[str] = []
        store = Store(Store(self.path, self.storage_timeout).below(str(organization)), self.storage_timeout)
        for kind in kinds:
            archive = Archive(store, kind, self.client.lock.hold)
            new = self._archive(archive, kind, refused)
            told["new"][kind], told["documents"][kind] = new, len(archive)
            told["index"][kind], told["uri"][kind] = archive.shown(archive.index), store.uri(archive.index)
            if not self.is_dry_run:
                self.report(store, archive.index)
            self.log.info("%s: %d new in the archive, %d in all", kind, new, len(archive))
        if refused:
            named = "; ".join(refused[:NAMED])
            raise DineroNotFound(
                f"{len(refused)} documents could not be fetched: {named}.", "All others are archived, and in the index."
            )
        return told

    def _archive(self, archive: "Archive", kind: str, refused: list[str]) -> int:
        """Archive the missing documents of a kind, and write its index; return how many they were."""
        from airflow_provider_dinero.api.errors import DineroError
        from airflow_provider_dinero.transfers.archive_lists import fetcher, is_path, listed

        documents: dict[str, Document] = {}
        for document in listed(self.client, kind):
            if is_path(kind, document.path):
                documents[document.path] = document
            else:
                _refuse(refused, kind, document.line["guid"], f"its file name would be {document.path!r}")
        if self.is_dry_run:
            return sum(path not in archive for path in documents)
        for path in archive.damaged - set(documents):
            _refuse(refused, kind, path, "it is damaged, and Dinero doesn't list it any more")
        try:
            new = self._fill(archive, kind, documents, fetcher(self.client, kind), refused)
        except BaseException:
            try:  # the index still gets what was archived before the error
                archive.write_index()
            except (DineroError, OSError) as error:
                self.log.warning("The index of %s was not written: %s", kind, error)
            raise
        archive.write_index()
        return new

    def _fill(
        self,
        archive: "Archive",
        kind: str,
        documents: "dict[str, Document]",
        fetch: Callable[[str], bytes],
        refused: list[str],
    ) -> int:
        """Check documents that have no line yet, then fetch those that are missing."""
        from airflow_provider_dinero.adapters.progress import Progress
        from airflow_provider_dinero.api.errors import DineroInvalidRequest, DineroNotFound, DineroPermanentError
        from airflow_provider_dinero.transfers.archive_proof import prove

        for path in sorted(archive.unproven):
            try:
                told = prove(archive, kind, path, documents.get(path), fetch)
            except DineroPermanentError as error:  # one document must not block all others for ever
                told = str(error)
            if told:
                archive.disown(path)
                _refuse(refused, kind, path, told)
                documents.pop(path, None)
        missing = [document for path, document in documents.items() if path not in archive]
        progress = Progress(self.client, kind, len(missing))
        new = 0
        for document in missing:
            try:
                archive.add(document, fetch(document.line["guid"]))
                new += 1
            except (DineroNotFound, DineroInvalidRequest) as error:
                _refuse(refused, kind, document.line["guid"], error)
            progress.step()
        return new


def _refuse(refused: list[str], kind: str, what: str, why: object) -> None:
    refused.append(f"{kind} {what} ({why})"[:LONGEST_NAME])
