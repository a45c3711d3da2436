"""Progress in the log while long work runs."""

import logging
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_dinero.api import DineroClient

log = logging.getLogger(__name__)

PERIOD = 10.0
# The key of the last line in the task state store.
KEY = "progress"


class Progress:
    """Logs the progress of long work, at most one line every 10 seconds.

    :param client: DineroClient, whose requests and allowance are reported
    :param what: str, what is counted, such as rows
    :param total: int, how many there will be; default None, unknown
    :param store: Airflow's task state store, which the UI shows, to keep the last line there too; default none
    """

    def __init__(self, client: "DineroClient", what: str, total: int | None = None, store: Any = None) -> None:
        self._client = client
        self._store = store
        self._what = what
        self._total = total
        self._count = 0
        self._begun = self._told = time.monotonic()
        self._taken = client.pace.taken

    def step(self, count: int = 1) -> None:
        """Count completed work.

        :param count: int; default 1
        """
        self.reach(self._count + count, self._total)

    def reach(self, count: int, total: int | None) -> None:
        """Set how much work is completed.

        :param count: int
        :param total: int, or None if unknown
        """
        over = count == total != self._count and self._told > self._begun
        self._count, self._total = count, total
        now = time.monotonic()
        if now - self._told >= PERIOD or over:
            self._told = now
            line = self._line(now - self._begun)
            log.info("%s", line)
            if self._store is not None:
                self._store.set(KEY, line)

    def _line(self, seconds: float) -> str:
        of = "" if self._total is None else f" of {self._total:,}"
        left = 100 * self._client.remaining() // self._client.requests_per_minute
        sent = self._client.pace.taken - self._taken
        line = f"{self._count:,}{of} {self._what}, {sent:,} requests, {left} % of the allowance left"
        if self._total is None or not self._count:
            return line
        return f"{line}, about {seconds / self._count * max(0, self._total - self._count):.0f} s to go"
