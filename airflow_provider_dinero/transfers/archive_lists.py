"""The documents for an archive: as Dinero lists them, with their paths, and how to fetch them."""

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_dinero.api.http.paths import ID

if TYPE_CHECKING:
    from airflow_provider_dinero.api import DineroClient

# It is undocumented whether booking moves UpdatedAt, so changesSince isn't reliable here: this lists everything booked.
BOOKED = ("Booked", "Paid", "OverPaid", "Overdue")
FIELDS = ("Guid", "Number", "Date", "ContactName", "TotalInclVat", "Currency")

# The names of an archive's own files, below the folder of their kind. A path is made from a response, so it may
# contain nothing else.
_EXTENSION = "[a-z0-9]{1,32}"
_SALES_PATH = re.compile(r"[0-9]{4}/[0-9]{1,18}-[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}\.pdf")
_FILE_PATH = re.compile(rf"[0-9]{{4}}/{ID}\.{_EXTENSION}")


class Document(NamedTuple):
    """A document as Dinero lists it.

    :param path: str, below the folder of its kind; it doesn't pass `is_path` if Dinero's response makes no sense
    :param line: dict, the part of its line in the index that comes from Dinero's list
    """

    path: str
    line: dict[str, Any]


def listed(client: "DineroClient", kind: str) -> Iterator[Document]:
    """Yield the documents of a kind.

    :param client: DineroClient
    :param kind: str: invoices, credit_notes or files
    """
    return _files(client) if kind == "files" else _sales(client, kind)


def is_path(kind: str, path: str) -> bool:
    """Tell whether an archive may have a file of this path.

    :param kind: str, as for `listed`
    :param path: str, below the folder of the kind
    """
    return bool((_FILE_PATH if kind == "files" else _SALES_PATH).fullmatch(path))


def identity(kind: str, path: str) -> dict[str, Any]:
    """Return what the path of a document shows: its Guid, and its number if it has one.

    :param kind: str, as `listed` takes it
    :param path: str, which passes `is_path`
    """
    name = path.partition("/")[2].rpartition(".")[0]
    if kind == "files":
        return {"guid": name}
    number, _, guid = name.partition("-")
    return {"guid": guid, "number": int(number)}


def fetcher(client: "DineroClient", kind: str) -> Callable[[str], bytes]:
    """Return the callable that fetches a document of a kind by its Guid.

    :param client: DineroClient
    :param kind: str, as for `listed`
    """
    return {"invoices": client.invoices.pdf, "credit_notes": client.credit_notes.pdf, "files": client.files.get}[kind]


def _sales(client: "DineroClient", kind: str) -> Iterator[Document]:
    for row in getattr(client, kind).list(status=BOOKED, fields=FIELDS):
        line = {
            "guid": row.get("Guid"),
            "number": row.get("Number"),
            "date": row.get("Date"),
            "contact": row.get("ContactName"),
            "total": row.get("TotalInclVat"),
            "currency": row.get("Currency"),
        }
        yield Document(f"{_year(line['date'])}/{line['number']}-{line['guid']}.pdf", line)


def _files(client: "DineroClient") -> Iterator[Document]:
    for row in client.files.list():
        guid, date = row.get("FileGuid"), str(row.get("UploadedAt"))[:10]
        extension = str(row.get("Extension") or "").lstrip(".").lower()
        if not re.fullmatch(_EXTENSION, extension):
            extension = "bin"
        yield Document(f"{_year(date)}/{guid}.{extension}", {"guid": guid, "date": date})


def _year(date: object) -> str:
    return str(date)[:4]
