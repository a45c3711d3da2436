"""Ends requests that take too long in total: a timeout of `requests` restarts with each byte."""

import math
import threading
import time
import weakref
from collections.abc import Callable, Generator
from contextlib import contextmanager


class Watch:
    """A thread that calls a function if something takes too long.

    A timer for each request would start a thread each time, which takes longer than the rest of a fast request.

    :param seconds: float, the limit
    :param act: bound method; the thread ends with its object
    """

    def __init__(self, seconds: float, act: Callable[[], None]) -> None:
        self._seconds = seconds
        self._act = weakref.WeakMethod(act)
        self._until = math.inf
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        weakref.finalize(act.__self__, self.end)  # type: ignore[attr-defined]

    def end(self) -> None:
        """End the thread; the next `with` block starts another one."""
        self._thread = None
        self._over.set()

    @contextmanager
    def on(self) -> Generator[None]:
        """Watch the `with` block; one at a time."""
        self._until = time.monotonic() + self._seconds
        if self._thread is None or not self._thread.is_alive():  # a fork has none of its parent's threads
            self._over = threading.Event()
            self._thread = threading.Thread(target=self._run, args=(self._over,), name="dinero-watch", daemon=True)
            self._thread.start()
        try:
            yield
        finally:
            self._until = math.inf

    def _run(self, over: threading.Event) -> None:
        wait = self._seconds
        while not over.wait(wait):
            left = self._until - time.monotonic()
            if left <= 0 and (act := self._act()) is not None:
                self._until = math.inf
                act()
                del act
            wait = left if 0 < left < self._seconds else self._seconds
