"""A folder of files: list, read and write, with time limits. Readers never see a partly written file.

S3, GCS and Azure show an object only when it is complete. Everywhere else, a file is written to a temporary file in the
same folder, whose name starts with a dot, and then renamed. Temporary files that a killed process left behind are
deleted when they are a day old.
"""

import logging
import os
import re
import shutil
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from airflow_provider_dinero.adapters.deadline import within
from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroError
from airflow_provider_dinero.storage.addresses import AZURE, GCS, LOCAL, S3, dataset_of, place_of, uri_of
from airflow_provider_dinero.storage.failures import no_bucket, told

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

log = logging.getLogger(__name__)

# The time limit for a file, a listing or a connection; for a file, plus a second for each 100 kB.
TIMEOUT = 120.0
BYTES_PER_SECOND = 100_000
# Extra time before the call is abandoned, if the file system doesn't enforce its own timeout.
GRACE = 5.0
# A store in memory ends with its process, so nobody sees a partly written file.
PUTS_WHOLE = S3 | GCS | AZURE | {"memory"}
LEFTOVER_AGE = timedelta(days=1)
_LEFTOVER = re.compile(r"\..+\.[0-9a-f]{32}\.part")


class Entry(NamedTuple):
    """A file in a listing.

    :param size: int, in bytes
    :param modified: datetime, or None if the listing doesn't show it
    """

    size: int
    modified: datetime | None


class Store:
    """A folder of files, which are addressed by their paths below it.

    :param place: str or ObjectStoragePath, as `place_of` takes it
    :param timeout: float, the time limit in seconds for a file, a listing or a connection, plus a second for each
        100 kB of a file; default 120
    :raises DineroConfigurationError: the address or the connection is wrong, or a package is missing
    :raises DineroUnavailable: the storage can't be reached
    """

    def __init__(self, place: "str | ObjectStoragePath", timeout: float = TIMEOUT) -> None:
        self._timeout = timeout
        self._made: set[str] = set()
        with told("reach", str(place), None, timeout):
            self.place: ObjectStoragePath = within(timeout, lambda: place_of(place))
            self._conn_id = self.place.conn_id
        with told("reach", str(self.place), self._conn_id, timeout):
            self._fs: Any = within(timeout, lambda: self.place.fs)
        self._root = self.place.path.rstrip("/")
        self.is_local = self.place.protocol in LOCAL
        self.puts_whole = self.place.protocol in PUTS_WHOLE

    def below(self, *parts: str) -> "ObjectStoragePath":
        """Return the place of a file or folder.

        :param parts: str, the parts of its path
        """
        return self.place.joinpath(*parts)

    def uri(self, path: str) -> str | None:
        """Return the plain address of a file, as `uri_of` does."""
        return uri_of(self.below(path))

    def dataset(self, path: str) -> tuple[str, str] | None:
        """Return the OpenLineage namespace and name of a file, as `dataset_of` does."""
        return dataset_of(self.below(path))

    def list(self, folder: str) -> dict[str, Entry]:
        """Return the files below a folder, at any depth, by their paths from there; none if the folder doesn't exist.

        In a storage where files are renamed, this also deletes temporary files that killed processes left behind
        more than a day ago.

        :param folder: str
        """
        root = f"{self._root}/{folder}"
        self._fs.invalidate_cache()
        try:
            found = self._call("list", root, "find", root, detail=True)
        except FileNotFoundError:
            return {}
        cut = len(root.strip("/")) + 1
        # The object with which a tool marks a folder has a name that ends with a slash, and may have no size.
        files = {
            name: info for name, info in found.items() if not name.endswith("/") and info.get("type") != "directory"
        }
        listed = {name.strip("/")[cut:]: Entry(info.get("size") or 0, _modified(info)) for name, info in files.items()}
        if not self.puts_whole:
            self._sweep(folder, listed)
        return listed

    def read(self, path: str, most: int | None = None) -> bytes | None:
        """Return the content of a file, or None if it doesn't exist.

        :param path: str
        :param most: int, return at most this many bytes; default None: all
        """
        full = f"{self._root}/{path}"
        try:
            if most is None:
                return bytes(self._call("read", full, "cat_file", full))
            info = self._call("read", full, "info", full)
            if info["type"] == "directory":
                return None
            part = {"end": most} if info["size"] > most else {}  # S3 refuses a range of an empty file
            return bytes(self._call("read", full, "cat_file", full, size=min(info["size"], most), **part))[:most]
        except FileNotFoundError:
            return None

    def write(self, path: str, content: bytes | Path) -> None:
        """Write a file completely or not at all, replacing an existing one.

        :param path: str
        :param content: bytes, or Path of a local file
        """
        full = f"{self._root}/{path}"
        if self.is_local:
            with told("write", full, self._conn_id, self._timeout):
                _write_local(Path(full), content)
        elif self.puts_whole:
            try:
                self._put(full, content, full)
            except FileNotFoundError as error:
                raise no_bucket(self._shown(full), self._conn_id, error) from error
        else:
            self._write_beside(full, content)

    def tidy(self, folder: str) -> None:
        """Delete the old temporary files of killed processes in a folder, in a storage where files are renamed.

        :param folder: str
        """
        if self.puts_whole:
            return
        root = f"{self._root}/{folder}".rstrip("/")
        try:
            found = self._call("list", root, "ls", root, detail=True)
        except (FileNotFoundError, DineroError):  # without permission to list a folder, it can't be tidied
            return
        self._sweep(folder, {info["name"].rpartition("/")[2]: Entry(0, _modified(info)) for info in found})

    def _write_beside(self, full: str, content: bytes | Path) -> None:
        if not _renames(self._fs):
            raise DineroConfigurationError(
                f"The file system of {self.place.protocol}:// can't rename: {full} could be read before it is whole.",
                "Use S3, GCS, Azure, SFTP or a disk.",
            )
        folder, _, name = full.rpartition("/")
        beside = f"{folder}/.{name}.{uuid4().hex}.part"
        try:
            if folder not in self._made:
                self._call("write", full, "makedirs", folder, exist_ok=True)
                self._made.add(folder)
            self._put(beside, content, full)
            self._call("write", full, "mv", beside, full)
        except BaseException as error:
            if not isinstance(error.__cause__, TimeoutError):  # after a timeout, this would time out too
                with suppress(DineroError, OSError):
                    self._call("remove", beside, "rm_file", beside)
            if isinstance(error, FileNotFoundError):
                raise no_bucket(self._shown(full), self._conn_id, error) from error
            raise

    def _put(self, at: str, content: bytes | Path, full: str) -> None:
        """Store content at a path; an error names the final file."""
        if isinstance(content, Path):
            self._call("write", full, "put_file", str(content), at, size=content.stat().st_size)
        else:
            self._call("write", full, "pipe_file", at, content, size=len(content))

    def _sweep(self, folder: str, listed: dict[str, Entry]) -> None:
        """Delete the old temporary files of a listing: a newer one may belong to a process that is still running."""
        for name, entry in listed.items():
            old = entry.modified is not None and datetime.now(UTC) - entry.modified > LEFTOVER_AGE
            if old and _LEFTOVER.fullmatch(name.rpartition("/")[2]):
                full = "/".join(part for part in (self._root, folder, name) if part)
                with suppress(DineroError, OSError):
                    self._call("remove", full, "rm_file", full)
                    log.info("%s was left by a run that was killed, and is deleted.", self._shown(full))

    def _call(self, doing: str, full: str, method: str, *arguments: Any, size: int = 0, **options: Any) -> Any:
        """Call a method of the file system, with a time limit, and translate its errors."""
        seconds = self._timeout + size / BYTES_PER_SECOND
        if getattr(self._fs, "async_impl", False):
            options["timeout"] = seconds  # it enforces this itself, and cancels the operation
        with told(doing, self._shown(full), self._conn_id, seconds):
            call = getattr(self._fs, method)
            if self.is_local:
                return call(*arguments, **options)
            return within(seconds + GRACE, lambda: call(*arguments, **options))

    def _shown(self, full: str) -> str:
        """Return a path in the notation of the author."""
        below = full.removeprefix(self._root).strip("/")
        return str(self.below(below)) if below else str(self.place)


def file_store(path: "str | ObjectStoragePath", timeout: float = TIMEOUT) -> tuple[Store, str]:
    """Return the folder of a file, and the name of the file.

    :param path: str or ObjectStoragePath, as `place_of` takes it
    :param timeout: float, as `Store` takes it; default 120
    :raises DineroConfigurationError: the path names no file
    """
    place = Store(path, timeout).place
    if not place.name:
        raise DineroConfigurationError(f"{path} names no file.", "Give the path of the file, with its name.")
    return Store(place.parent, timeout), place.name


def _renames(fs: Any) -> bool:
    """Tell whether a file system renames in one step: the default of fsspec copies and then deletes."""
    from fsspec import AbstractFileSystem

    return hasattr(fs, "_mv") or type(fs).mv is not AbstractFileSystem.mv


def _modified(info: dict[str, Any]) -> datetime | None:
    found = info.get("mtime")
    if isinstance(found, int | float):
        return datetime.fromtimestamp(found, UTC)
    return found if isinstance(found, datetime) and found.tzinfo else None


def _write_local(final: Path, content: bytes | Path) -> None:
    """Write a temporary file and rename it, so that nobody reads a partial file, even after a power failure."""
    final.parent.mkdir(parents=True, exist_ok=True)
    beside = final.with_name(f".{final.name}.{uuid4().hex}.part")
    try:
        if isinstance(content, Path):
            shutil.copyfile(content, beside)
        else:
            beside.write_bytes(content)
        with beside.open("rb+") as stream:  # a watermark may be moved next, and must not reach the disk before the file
            os.fsync(stream.fileno())
        beside.replace(final)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
