"""Locks and request allowance of all processes that share a folder: those of one host, as a rule."""

import errno
import fcntl
import hashlib
import logging
import math
import os
import secrets
import socket
import struct
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from airflow_provider_dinero.api.errors import DineroUnavailable
from airflow_provider_dinero.api.ports import FARTHEST_SECONDS, WINDOW_SECONDS, Held, Slot, next_slot

log = logging.getLogger(__name__)

LONGEST_HOLD = 600.0
PAUSE = 0.02
# What is read of a file: 8 MB are a million slots, and a note is a line.
MOST_OF_SLOTS = 8 * 1024 * 1024
MOST_OF_A_NOTE = 65536
LONGEST_PLACE = 200


class Folder:
    """A folder whose files are locked. It is made when it is first needed.

    :param path: Path
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def locked(self, name: str, kind: str, longest: float = LONGEST_HOLD) -> Generator[int]:
        """Hold the lock of a file inside the `with`; the kernel frees it when the process dies.

        :param name: str, any text
        :param kind: str, the file's suffix
        :param longest: float, seconds to wait for it; default 600
        :return: int, its descriptor, open for reading and writing
        :raises DineroUnavailable: it can't be opened, or somebody holds it for too long
        """
        path = self._path / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.{kind}"
        descriptor = self._take(path, time.monotonic() + longest)
        try:
            yield descriptor
        finally:
            # Whoever waits for the file that goes here finds another one under its name, and takes that.
            with suppress(OSError):
                if os.fstat(descriptor).st_size == 0:
                    path.unlink()
            # Closing alone frees nothing while a process that was forked meanwhile has it open too.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)

    def _take(self, path: Path, until: float) -> int:
        try:
            while True:
                self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                try:
                    _wait_for(descriptor, path, until)
                    with suppress(FileNotFoundError):
                        if os.fstat(descriptor).st_ino == path.stat().st_ino:
                            return descriptor
                except BaseException:
                    os.close(descriptor)
                    raise
                os.close(descriptor)
        except OSError as error:
            raise _lost(self._path, error) from None

    def read(self, descriptor: int, most: int) -> bytes:
        """Return the content of a locked file, so many bytes of it at the most.

        :param descriptor: int
        :param most: int
        :raises DineroUnavailable: it can't be read: it is no file, say
        """
        try:
            return os.pread(descriptor, min(most, os.fstat(descriptor).st_size), 0)
        except OSError as error:
            raise _lost(self._path, error) from None

    def write(self, descriptor: int, data: bytes) -> None:
        """Write the content of a locked file. What is left of a longer one behind it stays.

        :param descriptor: int
        :param data: bytes, in one write, which a killed process has done or not
        :raises DineroUnavailable: it can't be written: the disk is full, say
        """
        try:
            written = os.pwrite(descriptor, data, 0)
        except OSError as error:
            raise _lost(self._path, error) from None
        if written < len(data):
            raise _lost(self._path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))

    def place(self) -> str:
        """Return what this folder is known by: its name stays, wherever it is mounted.

        :raises DineroUnavailable: it can't be read
        """
        path = self._path / "place"
        try:
            if not path.exists():
                made = path.with_name(secrets.token_hex(8))
                try:
                    made.write_text(f"{socket.gethostname()}-{secrets.token_hex(4)}")
                    with suppress(FileExistsError):
                        os.link(made, path)
                finally:
                    made.unlink(missing_ok=True)
            with path.open("rb") as stream:
                told = stream.read(LONGEST_PLACE).decode(errors="replace")
            # What is damaged is a place all the same, as long as all who share the folder read the same of it.
            return "".join(each for each in told if each.isprintable()) or "a damaged file"
        except OSError as error:
            raise _lost(self._path, error) from None


def _wait_for(descriptor: int, path: Path, until: float) -> None:
    pause = PAUSE / 16
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise DineroUnavailable(f"Another process holds {path} for too long.", "Is it stopped?") from None
            time.sleep(pause)
            pause = min(2 * pause, PAUSE)
        else:
            return


def _lost(path: Path, error: OSError) -> DineroUnavailable:
    return DineroUnavailable(
        f"The folder {path}, by which processes keep out of each other's way, can't be used: {error.strerror}.",
        "Make it writable, or name another one in [dinero] coordination_url.",
    )


class FileHeld:
    """A lock of a file, held. What was left for the next holder is the content of the file.

    :param place: str
    :param descriptor: int
    :param note: str, whatever is in the file: a damaged note is one too
    """

    def __init__(self, place: str, descriptor: int, note: str) -> None:
        self.place = place
        self.note = note
        self._descriptor = descriptor

    def leave(self, note: str) -> None:
        """Leave a note for the next holders, or take it away with an empty one."""
        if note == self.note:
            return
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, note.encode(), 0)
            self.note = note
        except OSError as error:
            log.error("A note for other processes could not be left: %s", error.strerror)

    def is_held(self) -> bool:
        """Tell whether the lock is still held: always, while the process lives."""
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
        """Wait for the lock of this name, and hold it inside the `with`. The thread that holds it gets it again.

        :param name: str
        :raises DineroUnavailable: the folder can't be used, or somebody holds it for ten minutes
        """
        mine: dict[str, Held] = self._mine.__dict__
        if name in mine:
            yield mine[name]
            return
        with self._folder.locked(name, "lock") as descriptor:
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

    def reserve(self, key: str, per_minute: int, within: float) -> Slot:
        """Return the next slot; it is reserved if it lies within so many seconds.

        :param key: str, whose allowance it is
        :param per_minute: int
        :param within: float, seconds
        :raises DineroUnavailable: the folder can't be used
        """
        with self._folder.locked(key, "slots", longest=5.0) as descriptor:
            now = self._clock()
            slots = _slots(self._folder.read(descriptor, MOST_OF_SLOTS), now)
            found = next_slot(slots, now, per_minute, within)
            self._folder.write(descriptor, struct.pack(f"<dq{len(slots)}d", now, len(slots), *slots))
            return found


def _slots(data: bytes, now: float) -> list[float]:
    """Return the slots of a file in order; of a damaged one, those that can be slots."""
    if len(data) < 16:
        return []
    written, count = struct.unpack_from("<dq", data)
    count = max(0, min(count, len(data) // 8 - 2))  # on a full disk the end may be missing
    back = max(0.0, written - now) if math.isfinite(written) else 0.0  # where the clock was set back they go with it
    slots = [slot - back for slot in struct.unpack_from(f"<{count}d", data, 16)]
    return sorted(slot for slot in slots if now - WINDOW_SECONDS <= slot <= now + FARTHEST_SECONDS)
