"""Locks and request allowance of all processes that share a folder, usually those of one host."""

import logging
import math
import os
import struct
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from airflow_provider_dinero.api.ports import FARTHEST_SECONDS, WINDOW_SECONDS, Held, Slot, next_slot
from airflow_provider_dinero.api.usage import Usage
from airflow_provider_dinero.coordination.folder import Folder
from airflow_provider_dinero.coordination.locks import SharedLock

log = logging.getLogger(__name__)

# The most to read of a file: 8 MB are a million slots, and a note is one line.
MOST_OF_SLOTS = 8 * 1024 * 1024
MOST_OF_A_NOTE = 65536


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
            log.error("A note for other processes could not be stored: %s", error.strerror)

    def is_held(self) -> bool:
        """Tell whether the lock is still held: always, while the process runs."""
        return True


class FileLock(SharedLock):
    """A Lock for all processes that share a folder.

    :param path: Path
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._folder = Folder(path)

    @contextmanager
    def _taken(self, name: str, longest: float) -> Generator[Held | None]:
        with self._folder.try_locked(name, "lock", longest) as descriptor:
            if descriptor is None:
                yield None
            else:
                note = self._folder.read(descriptor, MOST_OF_A_NOTE).decode(errors="replace")
                yield FileHeld(self._folder.place(), descriptor, note)


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
        """Return the use of this allowance in the last hour, and who waits for it.

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
    if math.isnan(sum(slots)):
        slots = [slot for slot in slots if not math.isnan(slot)]
    slots.sort()
    return slots[bisect_left(slots, now - WINDOW_SECONDS) : bisect_right(slots, now + FARTHEST_SECONDS)]


def _count(data: bytes) -> int:
    (count,) = struct.unpack_from("<q", data, 8)
    return int(max(0, min(count, len(data) // 8 - 2)))  # on a full disk the end may be missing


def _usage(data: bytes) -> Usage:
    """Return the data after the slots of a file."""
    return Usage.unpack(data[16 + 8 * _count(data) :]) if len(data) >= 16 else Usage()
