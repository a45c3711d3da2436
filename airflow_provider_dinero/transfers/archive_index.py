"""What an archive has of a kind of document, and the index that says so."""

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_dinero.adapters.places import put
from airflow_provider_dinero.api.bodies.validation import encode
from airflow_provider_dinero.operators.downloads import save
from airflow_provider_dinero.transfers.archive_lists import is_path

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

    from airflow_provider_dinero.transfers.archive_lists import Document

COLUMNS = ("path", "guid", "number", "date", "contact", "total", "currency", "bytes", "sha256")


class Archive:
    """The documents of a kind: those that are in place, by one listing, and the lines of the index.

    What others put into its folders is left alone, and not counted.

    :param root: ObjectStoragePath, the folder of the organization
    :param kind: str
    """

    def __init__(self, root: "ObjectStoragePath", kind: str) -> None:
        self.index = root / "index" / f"{kind}.ndjson"
        self._folder = root / kind
        self._there = {path for path in _listed(self._folder) if is_path(kind, path)}
        # By path, as they were written: an old line costs no download.
        self._lines: dict[str, bytes] = {}
        if self.index.exists():
            for line in self.index.read_bytes().splitlines():
                # What is damaged is reckoned anew, from the document.
                with suppress(msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError, RecursionError):
                    self._lines[msgspec.json.decode(line)["path"]] = line

    def __contains__(self, path: str) -> bool:
        return path in self._there

    def __len__(self) -> int:
        return len(self._there)

    def add(self, document: "Document", content: bytes) -> None:
        """Write a document, whole or not at all.

        :param document: Document
        :param content: bytes
        """
        save(content, self._folder / document.path)
        self._there.add(document.path)
        self._note(document.path, document.line, content)

    def write_index(self, documents: Iterable["Document"]) -> None:
        """Write the index anew.

        A document that is in place and has no line gets one from its bytes: the run that brought it was interrupted.

        :param documents: iterable of Document, as Dinero lists them
        """
        known = {document.path: document.line for document in documents}
        for path in self._there:
            if self._name(path) not in self._lines:
                self._note(path, known.get(path, {}), (self._folder / path).read_bytes())
        kept = sorted(self._name(path) for path in self._there)
        with TemporaryDirectory(prefix="dinero-") as folder:
            local = Path(folder, "index")
            local.touch(0o600)
            local.write_bytes(b"".join(self._lines[name] + b"\n" for name in kept))
            put(local, self.index)

    def _note(self, path: str, line: dict[str, Any], content: bytes) -> None:
        found = {
            **line,
            "path": self._name(path),
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        self._lines[self._name(path)] = encode({name: found.get(name) for name in COLUMNS})

    def _name(self, path: str) -> str:
        return f"{self._folder.name}/{path}"


def _listed(folder: "ObjectStoragePath") -> set[str]:
    """Return the files below a folder, as paths from there."""
    root = folder.path.strip("/")
    return {path.strip("/").removeprefix(root).strip("/") for path in folder.fs.find(folder.path)}
