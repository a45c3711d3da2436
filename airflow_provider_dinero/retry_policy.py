"""When to retry a failed task."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import RetryDecision, RetryPolicy

from airflow_provider_dinero.api.errors import DineroTemporaryError

if TYPE_CHECKING:
    from airflow.sdk import Context


class DineroRetryPolicy(RetryPolicy):
    """Waits as long as Dinero asks, if it does; otherwise the task's own retries and retry_delay apply.

    It is the default of all operators here. Errors that a retry can't fix never get this far, since they are
    AirflowFailException.
    """

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: "Context | None" = None
    ) -> RetryDecision:
        """Decide how to continue after a failed try.

        :param exception: BaseException, the error of the try
        :param try_number: int, from 1
        :param max_tries: int
        :param context: Context or None
        :return: RetryDecision
        """
        until = exception.until if isinstance(exception, DineroTemporaryError) else None
        if until is None:
            return RetryDecision.default()
        wait = max(until - datetime.now(UTC), timedelta(seconds=1))
        return RetryDecision.retry(wait, f"Dinero's request allowance is available again at {until:%H:%M:%S} UTC")

    def serialize(self) -> dict[str, Any]:
        """Return this policy in the serialized form of the DAG."""
        return {"__type": f"{__name__}.DineroRetryPolicy"}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> "DineroRetryPolicy":
        """Return the policy from its serialized form."""
        return cls()


DINERO_RETRY_POLICY = DineroRetryPolicy()
