"""What the locks of files and of Redis have in common: how long one waits, and that they are reentrant."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager

from airflow_provider_dinero.api.errors import DineroUnavailable
from airflow_provider_dinero.api.ports import Held

LONGEST_HOLD = 600.0


class SharedLock(ABC):
    """A Lock for several processes."""

    def __init__(self) -> None:
        self._mine = threading.local()

    @abstractmethod
    def _taken(self, name: str, longest: float) -> AbstractContextManager[Held | None]:
        """Hold the lock of this name inside the `with` block, or yield None if somebody else holds it for too long.

        :param name: str
        :param longest: float, seconds to wait for it
        :raises DineroUnavailable: whatever it is shared by can't be used
        """

    @contextmanager
    def hold(self, name: str) -> Generator[Held]:
        """Wait for the lock of this name, and hold it inside the `with` block. It is reentrant for its thread.

        :param name: str
        :raises DineroUnavailable: whatever it is shared by can't be used, or somebody holds it for ten minutes
        """
        with self._held(name, LONGEST_HOLD) as held:
            if held is None:
                raise DineroUnavailable(
                    f"Another process has held the lock {name} for too long.", "Check whether it hangs."
                )
            yield held

    def try_hold(self, name: str) -> AbstractContextManager[Held | None]:
        """Hold the lock of this name inside the `with` block, or yield None at once if somebody else holds it.

        :param name: str
        :raises DineroUnavailable: whatever it is shared by can't be used
        """
        return self._held(name, 0.0)

    @contextmanager
    def _held(self, name: str, longest: float) -> Generator[Held | None]:
        mine: dict[str, Held] = self._mine.__dict__
        if name in mine:
            yield mine[name]
            return
        with self._taken(name, longest) as held:
            if held is not None:
                mine[name] = held
            try:
                yield held
            finally:
                mine.pop(name, None)
