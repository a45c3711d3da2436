"""Up to four requests at once: four threads, each with its own connection, that share one allowance."""

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
    """The resources of one thread.

    :param session: Session of this thread
    """

    def __init__(self, session: Session) -> None:
        self.session = session


class Lanes:
    """Four threads that wait for work. They don't keep the process alive.

    :param session: Session, whose pace, tokens and lock they share
    :param intents: Intents for the writes that they send
    """

    def __init__(self, session: Session, intents: Intents) -> None:
        self._lanes = [(Background[Outcome](), Lane(session.another(intents))) for _ in range(LANES)]

    def each(self, works: Sequence[T], do: Callable[[Lane, T], None]) -> list[Outcome]:
        """Call `do` with up to four works in parallel; the first work runs in the first thread, and so on.

        :param works: sequence of at most four
        :param do: callable
        :return: list with the exception of each call, or None
        """
        begun = [self.begin(at, work, do) for at, work in enumerate(works)]
        return [wait(threading.TIMEOUT_MAX) for wait in begun]

    def one(self, at: int, work: T, do: Callable[[Lane, T], None]) -> Outcome:
        """Call `do` in one thread, and wait for it.

        :param at: int, which thread
        :param work: the argument of `do`
        :param do: callable
        :return: the exception of the call, or None
        """
        return self.begin(at, work, do)(threading.TIMEOUT_MAX)

    def begin(self, at: int, work: T, do: Callable[[Lane, T], None]) -> Callable[[float], Outcome]:
        """Queue a call of `do` in one thread, after the calls that are already queued there.

        :param at: int, which thread
        :param work: the argument of `do`
        :param do: callable
        :return: callable that waits up to this many seconds, and returns the exception of the call, or None
        """
        background, lane = self._lanes[at]
        return background.begin(lambda: _outcome(do, lane, work))

    def end(self) -> None:
        """Let the threads end after the calls that are queued."""
        for background, lane in self._lanes:
            background.begin(lambda lane=lane: lane.session.transport.close())  # type: ignore[misc]
            background.end()


class SharedIntents:
    """Intents that several threads share, with one call at a time: Airflow's `dag.test()` serves only one.

    :param intents: Intents
    """

    def __init__(self, intents: Intents) -> None:
        self._intents = intents
        self._one_at_a_time = threading.Lock()

    def begun(self, name: str) -> bool:
        """Tell whether this write was started but not ended."""
        with self._one_at_a_time:
            return self._intents.begun(name)

    def begin(self, name: str) -> None:
        """Record that this write starts."""
        with self._one_at_a_time:
            self._intents.begin(name)

    def end(self, name: str) -> None:
        """Record that the outcome of this write is known."""
        with self._one_at_a_time:
            self._intents.end(name)

    def remember(self, name: str, made: str) -> None:
        """Store what this write created."""
        with self._one_at_a_time:
            self._intents.remember(name, made)

    def recall(self, name: str) -> str | None:
        """Return what this write created, or None if that wasn't stored."""
        with self._one_at_a_time:
            return self._intents.recall(name)


def _outcome(do: Callable[[Lane, T], None], lane: Lane, work: T) -> Outcome:
    try:
        do(lane, work)
    except Exception as error:  # ruff: ignore[blind-except] - the caller that waits raises or reports it
        return error
    return None
