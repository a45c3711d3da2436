"""One thread that does what will be wanted soon. It keeps no process from ending, as those of an executor would."""

import os
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")
Job = tuple[Callable[[], T], "queue.SimpleQueue[T | None]"]


class Background(Generic[T]):
    """A thread that does one thing after another, until it is ended."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Job[T] | None] = queue.SimpleQueue()
        self.process = os.getpid()  # a fork has no threads
        threading.Thread(target=_work, args=(self._jobs,), name="dinero-next-page", daemon=True).start()

    def begin(self, job: Callable[[], T]) -> Callable[[float], T | None]:
        """Begin a job, and return what waits for its result: None when it raised an exception.

        :param job: callable
        :return: callable that takes the longest wait in seconds, and raises TimeoutError when that is over
        """
        done: queue.SimpleQueue[T | None] = queue.SimpleQueue()
        self._jobs.put((job, done))

        def wait(seconds: float) -> T | None:
            try:
                return done.get(timeout=seconds)
            except queue.Empty:
                raise TimeoutError from None

        return wait

    def end(self) -> None:
        """Let the thread end when it has done what was begun."""
        self._jobs.put(None)


def _work(jobs: "queue.SimpleQueue[Job[T] | None]") -> None:
    while (job := jobs.get()) is not None:
        result = None
        # What goes wrong here goes wrong again, and is told, when it is asked for in the usual way.
        with suppress(Exception):
            result = job[0]()
        job[1].put(result)
        del job, result
