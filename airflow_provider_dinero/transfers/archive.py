"""Booked invoices and credit notes as PDF, and the receipts, in an archive of one's own."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.transfers.base import DineroTransferOperator

if TYPE_CHECKING:
    from airflow.sdk import Context, ObjectStoragePath

    from airflow_provider_dinero.transfers.archive_index import Archive

KINDS = ("invoices", "credit_notes", "files")
# So many of the documents that could not be had are named in the error.
NAMED = 5
LONGEST_NAME = 300


class DineroArchiveOperator(DineroTransferOperator):
    """Brings booked invoices and credit notes, as PDF, and the receipts to object storage, if they aren't there yet.

    An invoice is `<path>/<organization>/invoices/<year>/<number>-<guid>.pdf`, a credit note the same under
    `credit_notes`, a receipt `<path>/<organization>/files/<year of upload>/<guid>.<extension>`. Nothing is ever
    deleted there. The index of a kind, `<path>/<organization>/index/<kind>.ndjson`, has a line for each document:
    path, guid, number, date, contact, total, currency, bytes and sha256.

    Each run lists all that is booked in Dinero (a request for each 1000), and all that is in the archive. A document
    takes one request more. What Dinero doesn't give, or names in a way that can't be a path, is named in an error, when
    all else is archived.

    Dinero: `GET /v1/{organizationId}/invoices`, `GET /v1/{organizationId}/invoices/{guid}`,
    `GET /v1/{organizationId}/sales/creditnotes`, `GET /v1/{organizationId}/sales/creditnotes/{guid}/pdf`,
    `GET /v1/{organizationId}/files`, `GET /v1/{organizationId}/files/{fileGuid}`.

    :param path: str or ObjectStoragePath, a folder: a local path, or one with a scheme, such as
        s3://conn_id@bucket/dinero. Templated.
    :param kinds: names of what is archived: invoices, credit_notes, files; default all three. Templated.
    :param lock_timeout: float, seconds that the task waits for another one that writes the same archive; default 3600
    :return: `{"organization", "new", "documents", "index"}`, the last three dicts by kind: how many documents were
        archived now, how many there are in all, and where the index is
    :raises DineroNotFound: some documents could not be had
    """

    template_fields: Sequence[str] = (*DineroTransferOperator.template_fields, "path", "kinds")
    resource = "sales"

    def __init__(self, *, path: "str | ObjectStoragePath", kinds: str | Iterable[str] = KINDS, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.path = path
        self.kinds = kinds

    def lock_name(self, context: "Context") -> str:
        """Return the name of this archive."""
        return f"archive/{self.path}/{self.client.organization_id}"

    def transfer(self, context: "Context") -> dict[str, Any]:
        """Archive one kind after the other; a dry run only counts."""
        from airflow_provider_dinero.adapters.places import place_of
        from airflow_provider_dinero.api.bodies.validation import as_list
        from airflow_provider_dinero.api.errors import DineroInvalidBody, DineroNotFound
        from airflow_provider_dinero.transfers.archive_index import Archive

        kinds, organization = as_list(self.kinds), self.client.organization_id
        if unknown := set(kinds) - set(KINDS):
            raise DineroInvalidBody(f"There is no kind {', '.join(sorted(unknown))}.", f"It is of {', '.join(KINDS)}.")
        told: dict[str, Any] = {"organization": organization, "new": {}, "documents": {}, "index": {}}
        refused: list[str] = []
        for kind in kinds:
            archive = Archive(place_of(self.path) / str(organization), kind)
            new = self._archive(archive, kind, refused)
            told["new"][kind], told["documents"][kind] = new, len(archive)
            told["index"][kind] = str(archive.index)
            self.log.info("%s: %d new in the archive, %d in all", kind, new, len(archive))
        if refused:
            named = "; ".join(refused[:NAMED])
            raise DineroNotFound(
                f"{len(refused)} documents could not be had: {named}.", "All others are archived, and in the index."
            )
        return told

    def _archive(self, archive: "Archive", kind: str, refused: list[str]) -> int:
        """Archive what is missing of a kind, and write its index; return how much that was."""
        from airflow_provider_dinero.adapters.progress import Progress
        from airflow_provider_dinero.api.errors import DineroInvalidRequest, DineroNotFound
        from airflow_provider_dinero.transfers.archive_lists import fetcher, is_path, listed

        documents = []
        for document in listed(self.client, kind):
            if is_path(kind, document.path):
                documents.append(document)
            else:
                refused.append(
                    f"{kind} {document.line['guid']} (it would be the file {document.path!r})"[:LONGEST_NAME]
                )
        missing = [document for document in documents if document.path not in archive]
        if self.is_dry_run:
            return len(missing)
        fetch = fetcher(self.client, kind)
        progress = Progress(self.client, kind, len(missing))
        new = 0
        for document in missing:
            try:
                archive.add(document, fetch(document.line["guid"]))
                new += 1
            except (DineroNotFound, DineroInvalidRequest) as error:  # one must not keep all others out, for ever
                refused.append(f"{kind} {document.line['guid']} ({error})"[:LONGEST_NAME])
            progress.step()
        archive.write_index(documents)
        return new
