"""The pace of a client: each request waits for a slot in the request allowance."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from airflow_provider_dinero.api.errors import DineroThrottled
from airflow_provider_dinero.api.operations import Operation
from airflow_provider_dinero.api.ports import FARTHEST_SECONDS, WINDOW_SECONDS, Budget, Meter, Slot
from airflow_provider_dinero.api.usage import Usage

log = logging.getLogger(__name__)

# The allowance of an organization, by grant, in requests per minute.
PERSONAL_PER_MINUTE, VISMA_CONNECT_PER_MINUTE = 60, 100
# By default, the client doesn't wait for a slot further away than this, but tells the caller when to come back.
LONGEST_WAIT = WINDOW_SECONDS


class Pace:
    """Waits for slots.

    :param budget: Budget, where slots are reserved
    :param key: str, identifies the allowance
    :param per_minute: int, the allowance
    :param sleep: callable that waits some seconds
    :param meter: Meter
    :param keep_slots: bool, whether to keep a slot that is too far away, for a caller who comes back; default False
    :param longest_wait: float, longest wait for a slot, in seconds; default 61
    :param slot: float or None, a slot that was kept, for the first request; default none
    :param who: str, who is named to people while it waits; default nobody
    """

    __slots__ = (
        "_budget", "_keep_slots", "_key", "_longest_wait", "_meter", "_per_minute", "_quiet_until", "_sleep", "_slot",
        "_taken", "_threads", "_who",
    )  # fmt: skip

    def __init__(
        self,
        budget: Budget,
        key: str,
        per_minute: int,
        sleep: Callable[[float], None],
        meter: Meter,
        *,
        keep_slots: bool = False,
        longest_wait: float = LONGEST_WAIT,
        slot: float | None = None,
        who: str = "",
    ) -> None:
        self._who = who
        self._per_minute = per_minute
        self._budget = budget
        self._key = key
        self._sleep = sleep
        self._meter = meter
        self._keep_slots = keep_slots
        self._longest_wait = longest_wait
        self._slot = slot
        self._quiet_until = 0.0
        self._taken = 0
        self._threads = threading.Lock()

    @property
    def per_minute(self) -> int:
        """The allowance, in requests per minute."""
        return self._per_minute

    @property
    def taken(self) -> int:
        """The number of slots that were taken."""
        return self._taken

    def remaining(self) -> int:
        """Return how many requests can be sent at once."""
        slot = self._budget.reserve(self._key, self._per_minute, -1)
        return slot.left

    def usage(self) -> Usage:
        """Return what became of the allowance in the last hour, and who waits for it."""
        return self._budget.usage(self._key)

    def free(self) -> bool:
        """Take a slot if one is free now, and return whether it did."""
        free = self._reserve(0).at <= time.time()
        self._count(free)
        return free

    def wait(self, operation: Operation) -> bool:
        """Wait for a slot, and return whether that took time.

        :param operation: Operation, named in the log
        :raises DineroThrottled: the next slot is too far away; the pace keeps it if `keep_slots` is set
        """
        within = FARTHEST_SECONDS if self._keep_slots else self._longest_wait
        with self._threads:
            kept, self._slot = self._slot, None
        slot = self._reserve(within) if kept is None else Slot(kept, 0)
        seconds = slot.at - time.time()
        if seconds > self._longest_wait:
            until = datetime.fromtimestamp(slot.at, UTC)
            error = DineroThrottled(f"The request allowance is used up until {until:%H:%M:%S} UTC.", until=until)
            error.slot = slot.at if self._keep_slots and seconds <= FARTHEST_SECONDS else None
            raise error
        self._count(1)
        if seconds <= 0:
            return False
        if time.time() > self._quiet_until:
            told = "The allowance of %d requests per minute is used up: requests wait for their turn, %s %.1f s"
            log.info(told, self._per_minute, operation, seconds)
        # Log each stretch of waiting once: it ends when nothing has waited for a minute.
        self._quiet_until = slot.at + WINDOW_SECONDS
        self._meter.measure("wait_seconds", seconds)
        self._sleep(seconds)
        return True

    def _count(self, taken: int) -> None:
        with self._threads:
            self._taken += taken

    def _reserve(self, within: float) -> Slot:
        slot = self._budget.reserve(self._key, self._per_minute, within, self._who)
        self._meter.measure("requests_left", slot.left)
        return slot
