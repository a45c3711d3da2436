"""What an archive takes: the documents of a kind as Dinero lists them, and how each is fetched."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from airflow_provider_dinero.api import DineroClient

# Whether booking moves UpdatedAt is undocumented, so changesSince is no truth here: all that is booked is listed.
BOOKED = ("Booked", "Paid", "OverPaid", "Overdue")
FIELDS = ("Guid", "Number", "Date", "ContactName", "TotalInclVat", "Currency")


class Document(NamedTuple):
    """A document as Dinero lists it.

    :param path: str, below the folder of its kind
    :param line: dict, what the index says of it that Dinero's list tells
    """

    path: str
    line: dict[str, Any]


def listed(client: "DineroClient", kind: str) -> Iterator[Document]:
    """Yield the documents of a kind.

    :param client: DineroClient
    :param kind: str: invoices, credit_notes or files
    """
    return _files(client) if kind == "files" else _sales(client, kind)


def fetcher(client: "DineroClient", kind: str) -> Callable[[str], bytes]:
    """Return what fetches a document of a kind by its Guid.

    :param client: DineroClient
    :param kind: str, as `listed` takes it
    """
    return {"invoices": client.invoices.pdf, "credit_notes": client.credit_notes.pdf, "files": client.files.get}[kind]


def _sales(client: "DineroClient", kind: str) -> Iterator[Document]:
    for row in getattr(client, kind).list(status=BOOKED, fields=FIELDS):
        line = {
            "guid": row["Guid"],
            "number": row["Number"],
            "date": row["Date"],
            "contact": row["ContactName"],
            "total": row["TotalInclVat"],
            "currency": row["Currency"],
        }
        yield Document(f"{row['Date'][:4]}/{row['Number']}-{row['Guid']}.pdf", line)


def _files(client: "DineroClient") -> Iterator[Document]:
    for row in client.files.list():
        extension = str(row["Extension"] or "").lstrip(".").lower() or "bin"
        path = f"{row['UploadedAt'][:4]}/{row['FileGuid']}.{extension}"
        yield Document(path, {"guid": row["FileGuid"], "date": row["UploadedAt"][:10]})
