"""What the operators share: the connection, the organization, the retry policy."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.retry_policy import DINERO_RETRY_POLICY

if TYPE_CHECKING:
    from airflow.sdk import Context, RetryPolicy

    from airflow_provider_dinero.api import DineroClient
    from airflow_provider_dinero.hooks.dinero import DineroHook


class DineroBaseOperator(BaseOperator):
    """The base of the operators.

    :param dinero_conn_id: str, the connection; default dinero_default. Templated.
    :param organization_id: int, digits as str, or None for the connection's own; default None. Templated.
    :param retry_policy: RetryPolicy; default DineroRetryPolicy
    :param multiple_outputs: bool, also return each key by itself: operator.output["Guid"]; default True
    """

    template_fields: Sequence[str] = ("dinero_conn_id", "organization_id")
    ui_color = "#d9f2e6"

    def __init__(
        self,
        *,
        dinero_conn_id: str = "dinero_default",
        organization_id: int | str | None = None,
        # Defaults of parameters, and not of kwargs, since these reach mapped tasks too.
        retry_policy: "RetryPolicy | None" = DINERO_RETRY_POLICY,
        multiple_outputs: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(retry_policy=retry_policy, multiple_outputs=multiple_outputs, **kwargs)
        self.dinero_conn_id = dinero_conn_id
        self.organization_id = organization_id

    @cached_property
    def hook(self) -> "DineroHook":
        """The hook of the connection."""
        from airflow_provider_dinero.hooks.dinero import DineroHook

        return DineroHook(self.dinero_conn_id, self.organization_id)

    @property
    def client(self) -> "DineroClient":
        """The client of the connection."""
        return self.hook.get_conn()

    def execute(self, context: "Context") -> dict[str, Any]:
        """Perform the work; what is wrong with the arguments fails the task at once."""
        from airflow_provider_dinero.hooks.intents import TaskIntents

        self.client.intents = TaskIntents(context)
        with self.client.guard():
            return self.perform(context)

    @abstractmethod
    def perform(self, context: "Context") -> dict[str, Any]:
        """Do the operator's work."""


def whole(name: str, value: int | str) -> int:
    """Return a whole number that a template may have rendered as text.

    :param name: str, the argument, named in the error
    :param value: int or str
    """
    try:
        return int(value)
    except (TypeError, ValueError):
        raise DineroInvalidBody(f"{name}: {value!r} is not a whole number.", "Nothing was sent.") from None


def require_mapping(name: str, value: Any) -> Mapping[str, Any]:
    """Return a dict that an author gave.

    :param name: str, the argument, named in the error
    :param value: what was given
    """
    if not isinstance(value, Mapping):
        raise DineroInvalidBody(
            f"{name}: a dict is needed, not {type(value).__name__}.",
            "A template renders text: pass operator.output instead, or set render_template_as_native_obj.",
        )
    return value
