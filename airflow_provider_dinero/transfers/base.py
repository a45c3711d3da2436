"""What the transfers share: they only read Dinero, one at a time, and wait for the allowance instead of deferring."""

import time
from abc import abstractmethod
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk.exceptions import AirflowFailException

from airflow_provider_dinero.api.errors import DineroUnavailable
from airflow_provider_dinero.operators.base import SHORTEST_DEFERRAL, DineroBaseOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_dinero.api.ports import Held

LONGEST_DEFERRAL = timedelta(minutes=1)
WAITING = "waiting_since"


class DineroTransferOperator(DineroBaseOperator):
    """The base of the transfers.

    Two tasks with the same work wait for each other: while one works, the other one defers, and sends nothing.

    :param lock_timeout: float, how many seconds the task waits for another one that does the same; default 3600
    """

    writes = False

    def __init__(self, *, lock_timeout: float = 3600.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.lock_timeout = lock_timeout

    def client_options(self) -> dict[str, Any]:
        """Return how the task's client waits: as long as necessary.

        A partly read list can't be continued after a deferral: the task would repeat all requests so far, although the
        allowance is short.
        """
        from airflow_provider_dinero.api.ports import FARTHEST_SECONDS

        return {"longest_wait": FARTHEST_SECONDS}

    def perform(self, context: "Context") -> dict[str, Any]:
        """Transfer in one go, while no other task does the same; a dry run doesn't wait."""
        if self.is_dry_run:
            return self.transfer(context)
        with ExitStack() as stack:
            try:
                held = stack.enter_context(self._turn(context))
            except DineroUnavailable as error:
                self.log.warning("%s This task can't see whether another one is doing the same now.", error)
            else:
                if held is None:
                    self._wait(context)
            return self.transfer(context)

    def _turn(self, context: "Context") -> "AbstractContextManager[Held | None]":
        return self.client.lock.try_hold(self.lock_name(context))

    def _wait(self, context: "Context") -> NoReturn:
        """Defer, or fail if the task has waited for too long: no request was sent yet."""
        now = time.time()
        waited = timedelta(seconds=now - self._done.setdefault(WAITING, now))
        if waited.total_seconds() >= self.lock_timeout:
            raise AirflowFailException(
                f"Another task is doing the same ({self.lock_name(context)}), and didn't finish within "
                f"{self.lock_timeout:.0f} s. Nothing was read. Check whether it hangs, or raise lock_timeout."
            )
        self.log.info("Another task is doing the same (%s): this one waits for it.", self.lock_name(context))
        self.defer_until(datetime.now(UTC) + min(max(waited / 2, SHORTEST_DEFERRAL), LONGEST_DEFERRAL))

    @abstractmethod
    def lock_name(self, context: "Context") -> str:
        """Return the name of the lock of this work, which only one task at a time may do.

        :param context: Context
        """

    @abstractmethod
    def transfer(self, context: "Context") -> dict[str, Any]:
        """Do the operator's work."""
