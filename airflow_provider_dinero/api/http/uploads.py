"""A file to upload: checked, then streamed, never in memory twice."""

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO

from airflow_provider_dinero.api.errors import DineroInvalidBody

LARGEST = 6 * 1024 * 1024
PIECE = 65536
# The first bytes of each file type.
TYPES = {
    "pdf": b"%PDF-",
    "png": b"\x89PNG\r\n\x1a\n",
    "gif": b"GIF8",
    "jpg": b"\xff\xd8\xff",
    "jpeg": b"\xff\xd8\xff",
}

# Readers accept a PDF whose header is within this many bytes: a byte order mark, printer commands or the header of a
# mail may precede it.
PDF_BEGINS_WITHIN = 1024

File = str | os.PathLike[str] | bytes | BinaryIO


class Upload:
    """A checked file to upload. Calling it returns a new multipart body.

    :param file: path, bytes, or an open binary file, which is read from its start
    :param name: str or None, ends in jpeg, jpg, png, gif or pdf; default the file's own name
    :raises DineroInvalidBody: the content doesn't match the name, or Dinero doesn't accept the type
    """

    def __init__(self, file: File, name: str | None) -> None:
        self._open, own_name = _opener(file)
        self.name = _checked_name(name or own_name)
        with self._open() as stream:
            begin = stream.read(PDF_BEGINS_WITHIN)
            self.size = stream.seek(0, os.SEEK_END)
        _check_content(self.name, begin, self.size)
        from urllib3.fields import RequestField
        from urllib3.filepost import choose_boundary

        extension = self.name.rpartition(".")[2].lower()
        part = RequestField("file", b"", filename=self.name)
        part.make_multipart(content_type="application/pdf" if extension == "pdf" else f"image/{extension}")
        boundary = choose_boundary()
        self._head = f"--{boundary}\r\n{part.render_headers()}".encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self.content_type = f"multipart/form-data; boundary={boundary}"

    def __call__(self) -> "_Body":
        return _Body(self._head, self._open, self._tail, self.size)

    def digest(self) -> bytes:
        """Return the SHA-256 of the content."""
        digest = hashlib.sha256()
        with self._open() as stream:
            while piece := stream.read(PIECE):
                digest.update(piece)
        return digest.digest()


class _Body:
    """A body of known length that `requests` reads in pieces."""

    def __init__(
        self, head: bytes, open_: Callable[[], AbstractContextManager[BinaryIO]], tail: bytes, size: int
    ) -> None:
        self._head, self._open, self._tail, self._size = head, open_, tail, size

    def __len__(self) -> int:
        return len(self._head) + self._size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        left = self._size
        with self._open() as stream:
            for piece in _pieces(stream):
                left -= len(piece)
                if left < 0:
                    break
                yield piece
        if left:  # any difference from the announced length would be read as the next request, or waited for
            raise DineroInvalidBody("The file changed while it was sent.", "Dinero doesn't have it: send it again.")
        yield self._tail


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    """Yield a file whose reads may be short, only as far as needed to see that it is too large."""
    left = LARGEST + 1
    while left > 0 and (piece := stream.read(min(PIECE, left))):
        left -= len(piece)
        yield piece


def _opener(file: Any) -> tuple[Callable[[], AbstractContextManager[BinaryIO]], str]:
    """Return a callable that opens the file at its start, and the file's own name."""
    if isinstance(file, bytes | bytearray | memoryview):
        return lambda: io.BytesIO(file), ""
    if hasattr(file, "read"):
        content = file
        if isinstance(file, io.TextIOBase):
            raise DineroInvalidBody("The file is open in text mode.", 'Open it with mode "rb"; nothing was sent.')
        if not getattr(file, "seekable", bool)():  # such as a socket: it can't be read a second time
            content = io.BytesIO(b"".join(_pieces(file)))

        def rewound() -> AbstractContextManager[BinaryIO]:
            content.seek(0)
            return nullcontext(content)

        return rewound, Path(str(getattr(file, "name", ""))).name
    path = Path(file)
    if not path.is_file():
        raise DineroInvalidBody(f"There is no file {path}.", "Nothing was sent.")
    return lambda: path.open("rb"), path.name


def _checked_name(name: str) -> str:
    if not name or not name.isprintable() or "/" in name or "\\" in name or '"' in name:
        raise DineroInvalidBody(f"{name!r} is not a file name.", "Pass a name without a path; nothing was sent.")
    if name.rpartition(".")[2].lower() not in TYPES:
        allowed = ", ".join(TYPES)
        raise DineroInvalidBody(f"Dinero doesn't accept {name}'s type.", f"It accepts {allowed}; nothing was sent.")
    return name


def _check_content(name: str, begin: bytes, size: int) -> None:
    if size > LARGEST:
        raise DineroInvalidBody(f"{name} is larger than 6 MB.", "Reduce it; nothing was sent.")
    wanted = name.rpartition(".")[2].lower()
    meant = _type_of(begin)
    if meant is None or TYPES[meant] != TYPES[wanted]:
        told = f"it is a {meant} file" if meant else f"it is none of {', '.join(TYPES)}"
        raise DineroInvalidBody(f"The content of {name} doesn't match its name: {told}.", "Nothing was sent.")


def _type_of(begin: bytes) -> str | None:
    """Return the type of a file from its first bytes, or None if Dinero doesn't accept it.

    :param begin: bytes, its first 1024
    """
    found = next((name for name, type_begin in TYPES.items() if begin.startswith(type_begin)), None)
    return found or ("pdf" if TYPES["pdf"] in begin else None)
