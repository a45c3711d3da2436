"""The index of an archive, with a line for each document. It repairs itself."""

import hashlib
import logging
from typing import Any

import msgspec

from airflow_provider_dinero.api.bodies.validation import encode

log = logging.getLogger(__name__)

COLUMNS = ("path", "guid", "number", "date", "contact", "total", "currency", "bytes", "sha256", "whole")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Line(msgspec.Struct):
    """The fields of a line that are read. Lines of builds that could write incomplete documents have no `whole`.

    :param path: str, below the folder of the organization
    :param size: int, the size of the document in bytes
    :param whole: bool, whether the document was seen to be complete
    """

    path: str
    size: int = msgspec.field(name="bytes")
    whole: bool = False


Lines = dict[str, bytes]

_decoder = msgspec.json.Decoder(Line)


def lines_of(content: bytes, shown: str) -> Lines:
    """Return the lines of an index by path, as they were written. Lines that can't be read are logged.

    :param content: bytes
    :param shown: str, the path of the index
    """
    found: Lines = {}
    for number, line in enumerate(content.removeprefix(BYTE_ORDER_MARK).splitlines(), 1):
        if not line.strip():
            continue
        try:
            found[parsed(line).path] = line
        except (msgspec.DecodeError, ValueError, RecursionError) as error:  # what isn't UTF-8 is a ValueError
            log.warning("Line %d of %s can't be read (%s); it is recreated from its document.", number, shown, error)
    return found


def parsed(line: bytes) -> Line:
    """Return the fields of a line.

    :param line: bytes
    :raises msgspec.DecodeError, ValueError: it can't be read
    """
    return _decoder.decode(line)


def new_line(path: str, known: dict[str, Any], content: bytes) -> bytes:
    """Return the line of a document that was seen to be complete.

    :param path: str, below the folder of the organization
    :param known: dict, its data from Dinero's list
    :param content: bytes
    """
    found = {
        **known,
        "path": path,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "whole": True,
    }
    return encode({name: found.get(name) for name in COLUMNS})


def rendered(lines: Lines) -> bytes:
    """Return the content of an index: its lines, sorted by path."""
    return b"".join(lines[path] + b"\n" for path in sorted(lines))
