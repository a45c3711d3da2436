"""What the transfers share: they only read Dinero, and wait for the allowance instead of deferring."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.operators.base import DineroBaseOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class DineroTransferOperator(DineroBaseOperator):
    """The base of the transfers."""

    writes = False

    def client_options(self) -> dict[str, Any]:
        """Return how the task's client waits: for as long as it takes.

        A list that was read in part can't be taken up again after a deferral: all requests so far would be made once
        more, by a task that is short of them.
        """
        from airflow_provider_dinero.api.ports import FARTHEST_SECONDS

        return {"longest_wait": FARTHEST_SECONDS}

    def perform(self, context: "Context") -> dict[str, Any]:
        """Transfer, in one go."""
        return self.transfer(context)

    @abstractmethod
    def transfer(self, context: "Context") -> dict[str, Any]:
        """Do the operator's work."""
