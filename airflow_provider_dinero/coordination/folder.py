"""A folder of lock files: the requirements for it, and how its files are opened."""

import errno
import fcntl
import hashlib
import logging
import os
import secrets
import socket
import stat
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from airflow_provider_dinero.api.errors import DineroUnavailable

log = logging.getLogger(__name__)

PAUSE = 0.02
LONGEST_PLACE = 200
SETTING = ("coordination_url",)
NAME_ANOTHER = (
    "Or name another folder in [dinero] coordination_url; a missing one is created with the right permissions."
)


class Folder:
    """A folder of lock files. It is created when it is first needed.

    An existing folder isn't trusted, see `_require_ours`. Its files are opened through its descriptor and never through
    a link, so that nobody can redirect its path to overwrite something else.

    :param path: Path
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def locked(self, name: str, kind: str, longest: float) -> Generator[int]:
        """Hold the lock of a file inside the `with` block; the kernel releases it when the process dies.

        :param name: str, any text
        :param kind: str, the file's suffix
        :param longest: float, seconds to wait for it
        :return: int, its descriptor, open for reading and writing
        :raises DineroUnavailable: it can't be opened, others can change it, or another process holds it for too long
        """
        with self.try_locked(name, kind, longest) as descriptor:
            if descriptor is None:
                path = self._path / _file_of(name, kind)
                raise DineroUnavailable(f"Another process has held {path} for too long.", "Check whether it hangs.")
            yield descriptor

    @contextmanager
    def try_locked(self, name: str, kind: str, longest: float) -> Generator[int | None]:
        """Hold the lock of a file as `locked` does, or yield None if another process holds it for too long.

        :param name: str, any text
        :param kind: str, the file's suffix
        :param longest: float, seconds to wait for it
        """
        file = _file_of(name, kind)
        with self._opened() as folder:
            descriptor = self._take(folder, file, time.monotonic() + longest)
            if descriptor is None:
                yield None
                return
            try:
                yield descriptor
            finally:
                # A process that waits for the deleted file notices that, and uses a new one of the same name.
                with suppress(OSError):
                    if os.fstat(descriptor).st_size == 0:
                        os.unlink(file, dir_fd=folder)
                # Closing alone doesn't release it while a process that was forked meanwhile has it open too.
                fcntl.flock(descriptor, fcntl.LOCK_UN)
                os.close(descriptor)

    @contextmanager
    def _opened(self) -> Generator[int]:
        """Open the folder, and create it if it is missing."""
        try:
            folder = _open_folder(self._path)
        except OSError as error:
            raise _lost(self._path, error) from None
        try:
            _require_ours(self._path, os.fstat(folder))
            yield folder
        finally:
            os.close(folder)

    def _take(self, folder: int, file: str, until: float) -> int | None:
        try:
            while True:
                descriptor = self._open(folder, file, os.O_RDWR | os.O_CREAT)
                try:
                    is_ours = _wait_for(descriptor, until)
                    with suppress(FileNotFoundError):
                        there = os.stat(file, dir_fd=folder, follow_symlinks=False)
                        if is_ours and os.fstat(descriptor).st_ino == there.st_ino:
                            return descriptor
                except BaseException:
                    os.close(descriptor)
                    raise
                os.close(descriptor)
                if not is_ours:
                    return None
        except OSError as error:
            raise _lost(self._path, error) from None

    def _open(self, folder: int, file: str, flags: int) -> int:
        """Open a file of the folder: a regular file without a second link."""
        try:
            descriptor = os.open(file, flags | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600, dir_fd=folder)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            raise _refused(self._path / file, "it is a link", "Delete it, and find out who created it.") from None
        found = os.fstat(descriptor)
        if flags & os.O_RDWR and (not stat.S_ISREG(found.st_mode) or found.st_nlink > 1):
            os.close(descriptor)
            raise _refused(self._path / file, "it is a link or not a file", "Delete it, and find out who created it.")
        return descriptor

    def read(self, descriptor: int, most: int) -> bytes:
        """Return the content of a locked file, at most this many bytes.

        :param descriptor: int
        :param most: int
        :raises DineroUnavailable: it can't be read, for example because it isn't a file
        """
        try:
            return os.pread(descriptor, min(most, os.fstat(descriptor).st_size), 0)
        except OSError as error:
            raise _lost(self._path, error) from None

    def write(self, descriptor: int, data: bytes, needed: int) -> None:
        """Write the start of a locked file. Content beyond the new data stays.

        :param descriptor: int
        :param data: bytes, written in one call, which a killed process has done completely or not at all
        :param needed: int, how many of the bytes must be written
        :raises DineroUnavailable: it can't be written, for example because the disk is full
        """
        try:
            written = os.pwrite(descriptor, data, 0)
        except OSError as error:
            raise _lost(self._path, error) from None
        if written < needed:
            raise _lost(self._path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))

    def place(self) -> str:
        """Return the name that identifies this folder, which stays the same wherever it is mounted.

        :raises DineroUnavailable: it can't be read
        """
        try:
            with self._opened() as folder:
                try:
                    descriptor = self._open(folder, "place", os.O_RDONLY)
                except FileNotFoundError:
                    self._name_place(folder)
                    descriptor = self._open(folder, "place", os.O_RDONLY)
                try:
                    told = os.read(descriptor, LONGEST_PLACE).decode(errors="replace")
                finally:
                    os.close(descriptor)
            # A damaged name still identifies the folder, as long as everyone reads the same name.
            return "".join(each for each in told if each.isprintable()) or "a damaged file"
        except OSError as error:
            raise _lost(self._path, error) from None

    def _name_place(self, folder: int) -> None:
        """Name the folder, unless another process does so first."""
        made = secrets.token_hex(8)
        descriptor = self._open(folder, made, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            os.write(descriptor, f"{socket.gethostname()}-{secrets.token_hex(4)}".encode())
            with suppress(FileExistsError):
                os.link(made, "place", src_dir_fd=folder, dst_dir_fd=folder)
        finally:
            os.close(descriptor)
            os.unlink(made, dir_fd=folder)


def _open_folder(path: Path) -> int:
    """Open a folder, and create it for us alone if it is missing. A link is accepted if root or we created it."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
    if not path.is_symlink():
        with suppress(FileNotFoundError):
            return os.open(path, flags)
    for each in reversed([path, *path.parents]):
        with suppress(FileExistsError):
            if not each.exists():
                each.mkdir(mode=0o700)
    if path.is_symlink() and path.lstat().st_uid not in (0, os.geteuid()):
        raise _refused(path, "it is a link that another user created", NAME_ANOTHER)
    return os.open(os.path.realpath(path), flags)


def _require_ours(path: Path, found: os.stat_result) -> None:
    """Check that nobody else can add files to a folder or remove them; a writable group is only logged.

    :param path: Path
    :param found: os.stat_result of the folder
    :raises DineroUnavailable: another user owns the folder, or every user can write to it
    """
    if found.st_uid not in (0, os.geteuid()):
        raise _refused(
            path,
            f"it belongs to user {found.st_uid}, but this process is user {os.geteuid()}",
            f"Run this as its owner, or give it to this user. {NAME_ANOTHER}",
        )
    if found.st_mode & stat.S_IWOTH:
        raise _refused(path, "every user of this machine may write to it", f"Run `chmod o-w {path}`. {NAME_ANOTHER}")
    if found.st_mode & stat.S_IWGRP:
        _tell_of_group(path, found.st_gid)


@cache
def _tell_of_group(path: Path, group: int) -> None:
    """Log once that a group can write to the folder."""
    log.warning(
        "Everybody in group %d can write to the folder %s, which holds the locks. It is used anyway.", group, path
    )


def _refused(path: Path, told: str, advice: str) -> DineroUnavailable:
    return DineroUnavailable(
        f"{path}, which holds the locks of all processes, can't be used: {told}.", advice, settings=SETTING
    )


def _file_of(name: str, kind: str) -> str:
    return f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.{kind}"


def _wait_for(descriptor: int, until: float) -> bool:
    """Take the lock of a file, and tell whether that succeeded in time."""
    pause = PAUSE / 16
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(pause)
            pause = min(2 * pause, PAUSE)
        else:
            return True


def _lost(path: Path, error: OSError) -> DineroUnavailable:
    return DineroUnavailable(
        f"The folder {path}, which holds the locks of all processes, can't be used: {error.strerror}.",
        f"Make it writable. {NAME_ANOTHER}",
        settings=SETTING,
    )
