"""Up to four requests at once: four threads, each with a connection of its own and the same allowance."""

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from airflow_provider_dinero.api.http.background import Background
from airflow_provider_dinero.api.ports import Intents
from airflow_provider_dinero.api.resources.catalog import Resources
from airflow_provider_dinero.api.session import Session

T = TypeVar("T")
Outcome = Exception | None

LANES = 4


class Lane(Resources):
    """The resources of a thread.

    :param session: Session, its own
    """

    def __init__(self, session: Session) -> None:
        self.session = session


class Lanes:
    """Four threads that wait for work. They keep no process from ending.

    :param session: Session, whose pace, tokens and lock they share
    :param intents: Intents of what they send
    """

    def __init__(self, session: Session, intents: Intents) -> None:
        self._lanes = [(Background[Outcome](), Lane(session.another(intents))) for _ in range(LANES)]

    def each(self, works: Sequence[T], do: Callable[[Lane, T], None]) -> list[Outcome]:
        """Do something with each of up to four works at once, always with the same one in the same thread.

        :param works: sequence of at most four
        :param do: callable
        :return: list of what each has raised, or None
        """
        begun = [self.begin(at, work, do) for at, work in enumerate(works)]
        return [wait(threading.TIMEOUT_MAX) for wait in begun]

    def one(self, at: int, work: T, do: Callable[[Lane, T], None]) -> Outcome:
        """Do something in one thread.

        :param at: int, which thread
        :param work: what it is done with
        :param do: callable
        :return: what it has raised, or None
        """
        return self.begin(at, work, do)(threading.TIMEOUT_MAX)

    def begin(self, at: int, work: T, do: Callable[[Lane, T], None]) -> Callable[[float], Outcome]:
        """Begin something in one thread, which does it after what was begun there before.

        :param at: int, which thread
        :param work: what it is done with
        :param do: callable
        :return: callable that waits so many seconds for what it has raised
        """
        background, lane = self._lanes[at]
        return background.begin(lambda: _outcome(do, lane, work))

    def end(self) -> None:
        """Let the threads end when they have done what was begun."""
        for background, lane in self._lanes:
            background.begin(lambda lane=lane: lane.session.transport.close())  # type: ignore[misc]
            background.end()


class SharedIntents:
    """Intents that several threads share, one at a time: Airflow's `dag.test()` serves one.

    :param intents: Intents
    """

    def __init__(self, intents: Intents) -> None:
        self._intents = intents
        self._one_at_a_time = threading.Lock()

    def begun(self, name: str) -> bool:
        """Tell whether this write was begun, and not ended."""
        with self._one_at_a_time:
            return self._intents.begun(name)

    def begin(self, name: str) -> None:
        """Note that this write begins."""
        with self._one_at_a_time:
            self._intents.begin(name)

    def end(self, name: str) -> None:
        """Note that it is known how this write went."""
        with self._one_at_a_time:
            self._intents.end(name)

    def remember(self, name: str, made: str) -> None:
        """Keep what this write made."""
        with self._one_at_a_time:
            self._intents.remember(name, made)

    def recall(self, name: str) -> str | None:
        """Return what this write made, or None where it wasn't kept."""
        with self._one_at_a_time:
            return self._intents.recall(name)


def _outcome(do: Callable[[Lane, T], None], lane: Lane, work: T) -> Outcome:
    try:
        do(lane, work)
    except Exception as error:  # ruff: ignore[blind-except] - it is raised, or told, by whoever waits
        return error
    return None
