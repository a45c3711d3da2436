"""What an archive has of one kind of document, from one listing and the index, including which files are damaged."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_dinero.transfers.archive_index import Lines, lines_of, new_line, parsed, rendered
from airflow_provider_dinero.transfers.archive_lists import identity, is_path

if TYPE_CHECKING:
    from airflow_provider_dinero.storage.store import Store
    from airflow_provider_dinero.transfers.archive_lists import Document

log = logging.getLogger(__name__)

# The index is written after this many documents: if the run is killed, the next one checks at most these again.
INDEX_EVERY = 100


class Archive:
    """The documents of a kind.

    A document is a file that has the name of a document, and isn't empty; other files are ignored. It is in place if
    the index has a line for it with the same size. With another size, it is `damaged`. Without a line, or with a line
    from a build that could write incomplete documents, it is `unproven`: its content must be checked once.

    :param store: Store, the folder of the organization
    :param kind: str
    :param lock: callable that takes a name and returns a lock that runs on this host share
    """

    def __init__(self, store: "Store", kind: str, lock: Callable[[str], AbstractContextManager[Any]]) -> None:
        self.index = f"index/{kind}.ndjson"
        self._store = store
        self._kind = kind
        self._lock = lock
        listed = store.list(kind)
        self._sizes = {path: entry.size for path, entry in listed.items() if is_path(kind, path)}
        store.tidy("index")
        self._written = store.read(self.index)
        known = lines_of(self._written or b"", self.shown(self.index))
        # By path, as they were written. The line of a deleted document is dropped too.
        self._base: Lines = known
        self._lines: Lines = {name: line for name, line in known.items() if self._path(name) in self._sizes}
        self.damaged: set[str] = set()
        self.unproven: set[str] = set()
        for path, size in self._sizes.items():
            self._judge(path, size)
        self._changes = 0

    def _judge(self, path: str, size: int) -> None:
        line = self._lines.get(self._name(path))
        said = parsed(line) if line else None
        if size == 0 or (said and said.size != size):
            self.damaged.add(path)
            # A failed write leaves an empty file; there may never have been a line.
            says = f"its line says {said.size}" if said else "no document is empty"
            log.warning("%s has %d bytes, but %s: it is fetched again.", self.shown(self._name(path)), size, says)
        elif said is None or not (said.whole or self._store.is_local or self._store.puts_whole):
            self.unproven.add(path)

    def __contains__(self, path: str) -> bool:
        return path in self._sizes and path not in self.damaged

    def __len__(self) -> int:
        return len(self._sizes) - len(self.damaged | self.unproven)

    def shown(self, path: str) -> str:
        """Return a path in the notation of the author.

        :param path: str, below the folder of the organization
        """
        return str(self._store.below(path))

    def read(self, path: str) -> bytes | None:
        """Return the content of a document, or None if somebody has deleted it meanwhile.

        :param path: str, below the folder of the kind
        """
        return self._store.read(self._name(path))

    def add(self, document: "Document", content: bytes) -> None:
        """Write a document completely or not at all, replacing a damaged one.

        :param document: Document
        :param content: bytes
        """
        self._store.write(self._name(document.path), content)
        self.note(document.path, document.line, content)

    def note(self, path: str, known: dict[str, Any], content: bytes) -> None:
        """Record a document that is in place and complete.

        :param path: str, below the folder of the kind
        :param known: dict, its data from Dinero's list; the data from its path is added
        :param content: bytes
        """
        self._sizes[path] = len(content)
        self.damaged.discard(path)
        self.unproven.discard(path)
        self._lines[self._name(path)] = new_line(self._name(path), {**identity(self._kind, path), **known}, content)
        self._changes += 1
        if self._changes % INDEX_EVERY == 0:
            self.write_index()

    def mark_damaged(self, path: str, size: int) -> None:
        """Count a file as damaged: it is only a part of the document.

        :param path: str, below the folder of the kind
        :param size: int, of the file
        """
        log.warning(
            "%s is an incomplete document of %d bytes: it is fetched again.", self.shown(self._name(path)), size
        )
        self._lines.pop(self._name(path), None)
        self.unproven.discard(path)
        self.damaged.add(path)

    def disown(self, path: str) -> None:
        """Ignore a file that isn't Dinero's: it isn't counted, and has no line.

        :param path: str, below the folder of the kind
        """
        self._sizes.pop(path, None)
        self.unproven.discard(path)
        self._lines.pop(self._name(path), None)

    def write_index(self) -> None:
        """Write the index, unless it already has these lines.

        Another run may have written it meanwhile: this merges the lines of both, under the lock that they share.
        """
        if self._written is not None and rendered(self._lines) == self._written:
            return
        with self._lock(f"archive/{self.shown(self.index)}"):
            now = self._store.read(self.index)
            if now != self._written:
                self._join(lines_of(now or b"", self.shown(self.index)))
            new = rendered(self._lines)
            if new != now:
                self._store.write(self.index, new)
            self._written, self._base = new, dict(self._lines)

    def _join(self, theirs: Lines) -> None:
        """Merge what another run has written since this one read the index."""
        for name, line in theirs.items():
            if self._base.get(name) == line or not is_path(self._kind, self._path(name)):
                continue
            ours, path = self._lines.get(name), self._path(name)
            if ours is None or ours == self._base.get(name):
                self._lines[name] = line
                self._judged_elsewhere(path, line)
            elif ours != line and (content := self.read(path)) is not None:  # both have written this document
                self._lines[name] = new_line(name, _known(ours), content)
                self._sizes[path] = len(content)

    def _judged_elsewhere(self, path: str, line: bytes) -> None:
        self._sizes[path] = parsed(line).size
        self.damaged.discard(path)
        self.unproven.discard(path)

    def _name(self, path: str) -> str:
        return f"{self._kind}/{path}"

    def _path(self, name: str) -> str:
        return name.removeprefix(f"{self._kind}/")


def _known(line: bytes) -> dict[str, Any]:
    return dict(msgspec.json.Decoder(dict[str, Any], float_hook=Decimal).decode(line))
