"""When a task that failed is tried again."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import RetryDecision, RetryPolicy

from airflow_provider_dinero.api.errors import DineroTemporaryError

if TYPE_CHECKING:
    from airflow.sdk import Context


class DineroRetryPolicy(RetryPolicy):
    """Waits as long as Dinero says where it has said so; all else is the task's own retries and retry_delay.

    It is the default of all operators here. What repeating can't help never comes this far: those errors are
    AirflowFailException.
    """

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: "Context | None" = None
    ) -> RetryDecision:
        """Decide how a failed try goes on.

        :param exception: BaseException, what ended the try
        :param try_number: int, from 1
        :param max_tries: int
        :param context: Context or None
        :return: RetryDecision
        """
        until = exception.until if isinstance(exception, DineroTemporaryError) else None
        if until is None:
            return RetryDecision.default()
        wait = max(until - datetime.now(UTC), timedelta(seconds=1))
        return RetryDecision.retry(wait, f"Dinero's request allowance is free again at {until:%H:%M:%S} UTC")

    def serialize(self) -> dict[str, Any]:
        """Return what the DAG's serialized form says of this policy."""
        return {"__type": f"{__name__}.DineroRetryPolicy"}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> "DineroRetryPolicy":
        """Return the policy that was serialized."""
        return cls()


DINERO_RETRY_POLICY = DineroRetryPolicy()
