"""A thread for work that will be needed soon. Unlike an executor's threads, it doesn't keep the process alive."""

import os
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")
Job = tuple[Callable[[], T], "queue.SimpleQueue[T | None]"]


class Background(Generic[T]):
    """A thread that runs one job after another, until it is ended."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Job[T] | None] = queue.SimpleQueue()
        self.process = os.getpid()  # a fork has no threads
        threading.Thread(target=_work, args=(self._jobs,), name="dinero-next-page", daemon=True).start()

    def begin(self, job: Callable[[], T]) -> Callable[[float], T | None]:
        """Start a job, and return a function that waits for its result, which is None if it raised an exception.

        :param job: callable
        :return: callable that takes the longest wait in seconds, and raises TimeoutError after it
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
        """Let the thread end when it has finished the jobs that were started."""
        self._jobs.put(None)


def _work(jobs: "queue.SimpleQueue[Job[T] | None]") -> None:
    while (job := jobs.get()) is not None:
        result = None
        # An error here recurs, and is reported, when the result is requested in the usual way.
        with suppress(Exception):
            result = job[0]()
        job[1].put(result)
        del job, result
