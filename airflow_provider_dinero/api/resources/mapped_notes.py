"""Notes in the shared lock on what the mapped instances of a task have written: two must not undo each other's work."""

import hashlib
import time
from typing import NamedTuple

from airflow_provider_dinero.api.bodies.validation import CheckedBody, encode
from airflow_provider_dinero.api.ports import Held
from airflow_provider_dinero.api.session import Session

# A note of the lock can hold 64 KiB: more than Airflow's 1024 mapped items of a task, and no run is that long.
MOST, LONGEST_RUN = 1200, 86400.0


class Mapped(NamedTuple):
    """A mapped instance of a task.

    :param run: str, identifies the task and its run
    :param map_index: int
    """

    run: str
    map_index: int


class MappedNotes:
    """Notes of an organization's resource: what was written, by which mapped instance, with which content.

    A line has the time, a hash of the run, of the value and of the content, and the map index. The oldest are removed
    first.

    :param session: Session
    :param resource: str, such as contacts
    """

    def __init__(self, session: Session, resource: str) -> None:
        self._session = session
        self._name = f"{session.organization_id}/{resource}/mapped"

    def other(self, mapped: Mapped, value: str, body: CheckedBody) -> int | None:
        """Return the map index of another instance that has written this value with other content, or None.

        :param mapped: Mapped
        :param value: str, the value that identifies the object
        :param body: CheckedBody
        """
        wanted = [_hash(mapped.run), _hash(value)]
        with self._session.lock.hold(self._name) as held:
            for line in reversed(_lines(held)):
                if line[1:3] == wanted and int(line[4]) != mapped.map_index:
                    return int(line[4]) if line[3] != _hash(encode(body)) else None
        return None

    def add(self, mapped: Mapped, value: str, body: CheckedBody) -> None:
        """Record that an instance has written this value.

        :param mapped: Mapped
        :param value: str, the value that identifies the object
        :param body: CheckedBody
        """
        line = [f"{time.time():.0f}", _hash(mapped.run), _hash(value), _hash(encode(body)), str(mapped.map_index)]
        with self._session.lock.hold(self._name) as held:
            lines = [each for each in _lines(held) if each[1:] != line[1:]]
            held.leave("\n".join(" ".join(each) for each in [*lines, line][-MOST:]))


def _lines(held: Held) -> list[list[str]]:
    """Return the notes on runs that may still be active; damaged lines are ignored."""
    oldest = time.time() - LONGEST_RUN
    lines = [line.split(" ") for line in held.note.splitlines()]
    return [
        line for line in lines if len(line) == 5 and line[0].isdigit() and line[4].isdigit() and int(line[0]) > oldest
    ]


def _hash(content: str | bytes) -> str:
    return hashlib.sha256(content if isinstance(content, bytes) else content.encode()).hexdigest()[:11]
