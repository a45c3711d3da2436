"""Check whether a file in the place of a document, which the index doesn't list, is that document."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_dinero.transfers.archive_files import Archive
    from airflow_provider_dinero.transfers.archive_lists import Document

PDF, END_OF_PDF = b"%PDF-", b"%%EOF"


def prove(
    archive: "Archive", kind: str, path: str, document: "Document | None", fetch: Callable[[str], bytes]
) -> str | None:
    """Read a file once. A complete document gets its line; a partial one counts as damaged, and is fetched again.

    :param archive: Archive
    :param kind: str, as `archive_lists.listed` takes it
    :param path: str, below the folder of the kind
    :param document: Document, or None if Dinero doesn't list it
    :param fetch: callable that takes a Guid and returns the document from Dinero
    :return: str, why it isn't Dinero's document; None if it is, or will be fetched
    """
    content = archive.read(path)
    if content is None:  # somebody has deleted it meanwhile
        archive.disown(path)
        return None
    if path.endswith(".pdf") and content.startswith(PDF) and content.rstrip().endswith(END_OF_PDF):
        archive.note(path, document.line if document else {}, content)
        return None
    if document is None:
        return "Dinero doesn't list it, and it isn't a complete PDF: move it elsewhere"
    if kind == "files":
        theirs = fetch(document.line["guid"])
        if content == theirs:
            archive.note(path, document.line, content)
            return None
        is_beginning = theirs.startswith(content)
    else:
        is_beginning = content.startswith(PDF) or PDF.startswith(content)
    if not is_beginning:
        return "this file isn't Dinero's: move it elsewhere, and the document is fetched"
    archive.mark_damaged(path, len(content))
    return None
