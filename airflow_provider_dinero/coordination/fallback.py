"""What a worker does when it can't reach the shared allowance: it paces itself cautiously."""

import logging
import threading
import time

from airflow_provider_dinero.api.errors import DineroUnavailable
from airflow_provider_dinero.api.ports import Budget, ProcessBudget, Slot
from airflow_provider_dinero.api.usage import Usage

log = logging.getLogger(__name__)

# It isn't known how many others are cut off too.
SHARE = 10
# An unreachable budget isn't tried again for this long, since a try may take a while.
LOOK_AGAIN_SECONDS = 15.0


class FallbackBudget:
    """A shared Budget; while it can't be reached, a tenth of the allowance.

    :param shared: Budget
    """

    def __init__(self, shared: Budget) -> None:
        self._shared = shared
        self._alone = ProcessBudget()
        self._lock = threading.Lock()
        self._look_again = 0.0
        self._lost = False

    def reserve(self, key: str, per_minute: int, within: float, who: str = "") -> Slot:
        """Return the next slot, and reserve it if it is within this many seconds.

        :param key: str, identifies the allowance
        :param per_minute: int
        :param within: float, seconds
        :param who: str, who is named while it waits; default nobody
        """
        share = max(1, per_minute // SHARE)
        if time.monotonic() >= self._look_again:
            try:
                slot = self._shared.reserve(key, per_minute, within, who)
            except DineroUnavailable as error:
                with self._lock:
                    self._look_again = time.monotonic() + LOOK_AGAIN_SECONDS
                    if not self._lost:
                        told = "%s Until that is fixed, this process limits itself to %d requests per minute."
                        log.warning(told, error, share)
                    self._lost = True
            else:
                if self._lost:
                    log.info("The shared request allowance is available again.")
                    self._lost = False
                return slot
        return self._alone.reserve(key, share, within)

    def usage(self, key: str) -> Usage:
        """Return the use of the shared allowance in the last hour, and who waits for it.

        :param key: str, whose allowance it is
        :raises DineroUnavailable: it can't be reached
        """
        return self._shared.usage(key)
