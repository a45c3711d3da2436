"""One poll for all who wait in a triggerer: it never ends, never spins, and says only what is new of itself."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from airflow.sdk.exceptions import AirflowException, AirflowRuntimeError
from airflow.triggers.base import TriggerEvent
from airflow.triggers.shared_stream import SharedStreamProducer

from airflow_provider_dinero.api.errors import DineroError, DineroTemporaryError, DineroUnexpectedAnswer

if TYPE_CHECKING:
    from airflow.triggers.shared_stream import AdvanceItem

log = logging.getLogger(__name__)

# Polls of other organizations go on while one waits for its allowance; asyncio's own threads are left to others.
THREADS = ThreadPoolExecutor(8, thread_name_prefix="dinero")
# Between two polls that failed: so many seconds at the most.
LONGEST_PAUSE = 600.0
# Airflow can fail a task whose trigger fires at once.
SHORTEST_DEFERRAL = 10.0
JITTER = 0.1
# What a poll outlives: refusals, what is not there, and answers that are not what they should be.
FAILURES = (
    DineroError, AirflowException, AirflowRuntimeError, OSError, LookupError, TypeError, ValueError, AttributeError,
    ArithmeticError,
)  # fmt: skip
# So many times in a row a poll fails before those who wait are told that waiting can't help. What looks so can be a
# blip: Airflow says that there is no connection also where its API server or a secrets backend didn't answer.
SURE = 3

T = TypeVar("T")


@dataclass(frozen=True)
class Failed:
    """A poll that failed.

    :param error: the exception
    :param times: int, how many polls have failed in a row
    """

    error: Exception
    times: int = 1

    @property
    def for_good(self) -> bool:
        """Whether waiting can't help."""
        passing = isinstance(self.error, DineroTemporaryError | DineroUnexpectedAnswer)
        return isinstance(self.error, DineroError) and not passing and self.times >= SURE


# What was polled before this is handled, and the events that came of it are in Airflow's database.
STORED = object()


def event_of(payload: dict[str, Any]) -> TriggerEvent:
    """Return an event.

    :param payload: dict
    """
    return TriggerEvent(payload)  # type: ignore[no-untyped-call]


def failure(error: Exception) -> TriggerEvent:
    """Return the event that makes a sensor fail: what happened, and what to do.

    :param error: Exception, a DineroError as a rule
    """
    return event_of({"error": getattr(error, "message", str(error)), "advice": getattr(error, "advice", "")})


async def in_thread(do: Callable[[], T]) -> T:
    """Do what blocks in a thread of our own.

    :param do: callable
    """
    return await asyncio.get_running_loop().run_in_executor(THREADS, do)


class Poll(SharedStreamProducer):
    """Reads again and again, and gives to all subscribers: what was read, or Failed; and STORED after what was read.

    :param read: callable that reads, in a thread
    :param interval: float, seconds between two reads
    :param name: str, what is polled, for the log
    """

    def __init__(self, read: Callable[[], Any], interval: float, name: str) -> None:
        self._read = read
        self._interval = interval
        self._name = name
        self._advanced = 0
        self._moved = asyncio.Event()

    async def open_stream(self) -> AsyncIterator[tuple[Any, int]]:
        """Yield what was read, each with its number."""
        number = failures = 0
        while True:
            number += 1
            try:
                found = await in_thread(self._read)
            except FAILURES as error:
                failures += 1
                if failures == 1:
                    unexpected = not isinstance(error, DineroError | AirflowException)
                    log.warning("%s can't be polled, and is tried again: %s", self._name, error, exc_info=unexpected)
                yield Failed(error, failures), number
                longest = max(LONGEST_PAUSE, self._interval)
                await self._pause(min(self._interval * 2 ** min(failures, 10), longest))
                continue
            if failures:
                log.info("%s is polled again, after %d failures", self._name, failures)
                failures = 0
            yield found, number
            while self._advanced < number:
                self._moved.clear()
                await self._moved.wait()
            number += 1
            yield STORED, number
            await self._pause(self._interval)

    async def advance(self, batch: "Sequence[AdvanceItem]") -> None:
        """Note that everybody is through with what was read.

        :param batch: of which the last item counts
        """
        self.handled(batch[-1].broker_payload)

    def handled(self, number: int) -> None:
        """Note that everybody is through with this.

        :param number: int
        """
        self._advanced = max(self._advanced, number)
        self._moved.set()

    async def alone(self) -> AsyncIterator[Any]:
        """Yield what was read to one who waits alone, as `dag.test()` does."""
        async for found, number in self.open_stream():
            yield found
            self.handled(number)

    async def _pause(self, seconds: float) -> None:
        # Many that were started at once drift apart.
        await asyncio.sleep(seconds * random.uniform(1 - JITTER, 1))
