"""One poll for everything that waits in a triggerer: it never ends, never spins, and reports only what is new."""

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

# Other organizations' polls continue while one waits for its allowance; asyncio's own threads stay free.
THREADS = ThreadPoolExecutor(8, thread_name_prefix="dinero")
# Longest pause after a failed poll, in seconds.
LONGEST_PAUSE = 600.0
# Airflow can fail a task whose trigger fires immediately.
SHORTEST_DEFERRAL = 10.0
JITTER = 0.1
# Errors that a poll survives: refusals, missing objects, and unexpected responses.
FAILURES = (
    DineroError, AirflowException, AirflowRuntimeError, OSError, LookupError, TypeError, ValueError, AttributeError,
    ArithmeticError,
)  # fmt: skip
# After this many failures in a row, a permanent error is reported. Before that it may be a blip: Airflow also says
# that there is no connection if its API server or a secrets backend didn't respond.
SURE = 3

T = TypeVar("T")


@dataclass(frozen=True)
class Failed:
    """A failed poll.

    :param error: the exception
    :param times: int, how many polls in a row have failed
    """

    error: Exception
    times: int = 1

    @property
    def for_good(self) -> bool:
        """Whether waiting can't help."""
        passing = isinstance(self.error, DineroTemporaryError | DineroUnexpectedAnswer)
        return isinstance(self.error, DineroError) and not passing and self.times >= SURE


# Everything polled before this is handled, and its events are in Airflow's database.
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
    """Run blocking code in a thread of our own.

    :param do: callable
    """
    return await asyncio.get_running_loop().run_in_executor(THREADS, do)


class Poll(SharedStreamProducer):
    """Reads repeatedly, and gives all subscribers the result or Failed, and STORED once a result is handled.

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
        """Yield the results, each with its number."""
        number = failures = 0
        while True:
            number += 1
            try:
                found = await in_thread(self._read)
            except FAILURES as error:
                failures += 1
                if failures == 1:
                    unexpected = not isinstance(error, DineroError | AirflowException)
                    log.warning("%s can't be polled; trying again: %s", self._name, error, exc_info=unexpected)
                yield Failed(error, failures), number
                longest = max(LONGEST_PAUSE, self._interval)
                await self._pause(min(self._interval * 2 ** min(failures, 10), longest))
                continue
            if failures:
                log.info("%s can be polled again, after %d failures", self._name, failures)
                failures = 0
            yield found, number
            while self._advanced < number:
                self._moved.clear()
                await self._moved.wait()
            number += 1
            yield STORED, number
            await self._pause(self._interval)

    async def advance(self, batch: "Sequence[AdvanceItem]") -> None:
        """Record that everybody has handled a result.

        :param batch: of which the last item counts
        """
        self.handled(batch[-1].broker_payload)

    def handled(self, number: int) -> None:
        """Record that everybody has handled the result with this number.

        :param number: int
        """
        self._advanced = max(self._advanced, number)
        self._moved.set()

    async def alone(self) -> AsyncIterator[Any]:
        """Yield the results to a single subscriber, as in `dag.test()`."""
        async for found, number in self.open_stream():
            yield found
            self.handled(number)

    async def _pause(self, seconds: float) -> None:
        # Polls that were started together drift apart.
        await asyncio.sleep(seconds * random.uniform(1 - JITTER, 1))
