"""Locks and request allowance of all processes that share a folder, usually those of one host."""

import errno
import fcntl
import hashlib
import logging
import math
import os
import secrets
import socket
import stat
import struct
import threading
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache
from pathlib import Path

from airflow_provider_dinero.api.errors import DineroUnavailable
from airflow_provider_dinero.api.ports import FARTHEST_SECONDS, WINDOW_SECONDS, Held, Slot, next_slot
from airflow_provider_dinero.api.usage import Usage

log = logging.getLogger(__name__)

LONGEST_HOLD = 600.0
PAUSE = 0.02
# The most to read of a file: 8 MB are a million slots, and a note is one line.
MOST_OF_SLOTS = 8 * 1024 * 1024
MOST_OF_A_NOTE = 65536
LONGEST_PLACE = 200
SETTING = ("coordination_url",)
NAME_ANOTHER = (
    "Or name another folder in [dinero] coordination_url; a missing one is created with the right permissions."
)


class Folder:
    """A folder whose files are locked. It is created when it is first needed.

    An existing folder isn't trusted, see `_require_ours`. Its files are opened through its descriptor and never through
    a link, so that nobody can redirect its path to have something overwritten.

    :param path: Path
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def locked(self, name: str, kind: str, longest: float = LONGEST_HOLD) -> Generator[int]:
        """Hold the lock of a file inside the `with` block; the kernel frees it when the process dies.

        :param name: str, any text
        :param kind: str, the file's suffix
        :param longest: float, seconds to wait for it; default 600
        :return: int, its descriptor, open for reading and writing
        :raises DineroUnavailable: it can't be opened, others can change it, or somebody holds it for too long
        """
        with self.try_locked(name, kind, longest) as descriptor:
            if descriptor is None:
                path = self._path / _file_of(name, kind)
                raise DineroUnavailable(f"Another process holds {path} for too long.", "Is it stopped?")
            yield descriptor

    @contextmanager
    def try_locked(self, name: str, kind: str, longest: float) -> Generator[int | None]:
        """Hold the lock of a file as `locked` does, or give None where somebody holds it for so long.

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
                # A process that waits for the deleted file finds another one under its name, and uses that.
                with suppress(OSError):
                    if os.fstat(descriptor).st_size == 0:
                        os.unlink(file, dir_fd=folder)
                # Closing alone doesn't free it while a process that was forked meanwhile has it open too.
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
        """Open a file of the folder: a plain file without another name."""
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
        """Write the content of a locked file. The rest of a longer content stays.

        :param descriptor: int
        :param data: bytes, in one write, which a killed process has done completely or not at all
        :param needed: int, how many of them must be written
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
            # A damaged name still identifies the folder, as long as everyone reads the same.
            return "".join(each for each in told if each.isprintable()) or "a damaged file"
        except OSError as error:
            raise _lost(self._path, error) from None

    def _name_place(self, folder: int) -> None:
        """Give the folder a name, unless another process is faster."""
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
    """Open a folder, created for us only if it is missing. A link is accepted if root or we created it."""
    for each in reversed([path, *path.parents]):
        with suppress(FileExistsError):
            if not each.exists():
                each.mkdir(mode=0o700)
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
    if path.is_symlink() and path.lstat().st_uid not in (0, os.geteuid()):
        raise _refused(path, "it is a link that another user created", NAME_ANOTHER)
    return os.open(os.path.realpath(path), flags)


def _require_ours(path: Path, found: os.stat_result) -> None:
    """Check that nobody else can add anything to a folder, or remove it.

    :param path: Path
    :param found: os.stat_result of it
    :raises DineroUnavailable: others can do that
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
    """Log it once."""
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
    """Take the lock of a file, and tell whether that went in time."""
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


class FileHeld:
    """A held lock of a file. The note for the next holder is the content of the file.

    :param place: str
    :param descriptor: int
    :param note: str, the content of the file, even if it is damaged
    """

    def __init__(self, place: str, descriptor: int, note: str) -> None:
        self.place = place
        self.note = note
        self._descriptor = descriptor

    def leave(self, note: str) -> None:
        """Leave a note for the next holders; an empty one removes it."""
        if note == self.note:
            return
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, note.encode(), 0)
            self.note = note
        except OSError as error:
            log.error("A note for other processes could not be left: %s", error.strerror)

    def is_held(self) -> bool:
        """Tell whether the lock is still held: always, while the process runs."""
        return True


class FileLock:
    """A Lock for all processes that share a folder.

    :param path: Path
    """

    def __init__(self, path: Path) -> None:
        self._folder = Folder(path)
        self._mine = threading.local()

    @contextmanager
    def hold(self, name: str) -> Generator[Held]:
        """Wait for the lock of this name, and hold it inside the `with` block. It is reentrant for its thread.

        :param name: str
        :raises DineroUnavailable: the folder can't be used, or somebody holds it for ten minutes
        """
        with self._held(name, LONGEST_HOLD) as held:
            if held is None:
                raise DineroUnavailable(f"Another process holds the lock {name} for too long.", "Is it stopped?")
            yield held

    def try_hold(self, name: str) -> AbstractContextManager[Held | None]:
        """Hold the lock of this name inside the `with`, or give None at once where somebody else holds it.

        :param name: str
        :raises DineroUnavailable: the folder can't be used
        """
        return self._held(name, 0.0)

    @contextmanager
    def _held(self, name: str, longest: float) -> Generator[Held | None]:
        mine: dict[str, Held] = self._mine.__dict__
        if name in mine:
            yield mine[name]
            return
        with self._folder.try_locked(name, "lock", longest) as descriptor:
            if descriptor is None:
                yield None
                return
            note = self._folder.read(descriptor, MOST_OF_A_NOTE).decode(errors="replace")
            mine[name] = FileHeld(self._folder.place(), descriptor, note)
            try:
                yield mine[name]
            finally:
                del mine[name]


class FileBudget:
    """A Budget for all processes that share a folder.

    :param path: Path
    :param clock: callable, the time in seconds since the epoch; default time.time
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._folder = Folder(path)
        self._clock = clock

    def reserve(self, key: str, per_minute: int, within: float, who: str = "") -> Slot:
        """Return the next slot, and reserve it if it is within this many seconds.

        :param key: str, identifies the allowance
        :param per_minute: int
        :param within: float, seconds
        :param who: str, who is named while it waits; default nobody
        :raises DineroUnavailable: the folder can't be used
        """
        with self._folder.locked(key, "slots", longest=5.0) as descriptor:
            now = self._clock()
            data = self._folder.read(descriptor, MOST_OF_SLOTS)
            slots, usage = _slots(data, now), _usage(data)
            found = next_slot(slots, now, per_minute, within)
            usage.note(now, found.at, within, who)
            reserved = struct.pack(f"<dq{len(slots)}d", now, len(slots), *slots)
            # On a full disk the usage may be missing: it is for people to look at.
            self._folder.write(descriptor, reserved + usage.pack(), len(reserved))
            return found

    def usage(self, key: str) -> Usage:
        """Return what became of this allowance in the last hour, and who waits for it.

        :param key: str, whose allowance it is
        :raises DineroUnavailable: the folder can't be used
        """
        with self._folder.locked(key, "slots", longest=5.0) as descriptor:
            return _usage(self._folder.read(descriptor, MOST_OF_SLOTS))


def _slots(data: bytes, now: float) -> list[float]:
    """Return the slots of a file in order; from a damaged one, the valid ones."""
    if len(data) < 16:
        return []
    (written,), count = struct.unpack_from("<d", data), _count(data)
    back = max(0.0, written - now) if math.isfinite(written) else 0.0  # if the clock was set back, they move with it
    slots = [slot - back for slot in struct.unpack_from(f"<{count}d", data, 16)]
    return sorted(slot for slot in slots if now - WINDOW_SECONDS <= slot <= now + FARTHEST_SECONDS)


def _count(data: bytes) -> int:
    (count,) = struct.unpack_from("<q", data, 8)
    return int(max(0, min(count, len(data) // 8 - 2)))  # on a full disk the end may be missing


def _usage(data: bytes) -> Usage:
    """Return what stands behind the slots of a file."""
    return Usage.unpack(data[16 + 8 * _count(data) :]) if len(data) >= 16 else Usage()
