"""What the operators share: the connection, the organization, the retry policy."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from airflow_provider_dinero.retry_policy import DineroRetryPolicy

if TYPE_CHECKING:
    from airflow_provider_dinero.api import DineroClient
    from airflow_provider_dinero.hooks.dinero import DineroHook


class DineroBaseOperator(BaseOperator):
    """The base of the operators.

    :param dinero_conn_id: str, the connection; default dinero_default. Templated.
    :param organization_id: int, digits as str, or None for the connection's own; default None. Templated.
    """

    template_fields: Sequence[str] = ("dinero_conn_id", "organization_id")
    ui_color = "#d9f2e6"

    def __init__(
        self,
        *,
        dinero_conn_id: str = "dinero_default",
        organization_id: int | str | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("retry_policy", DineroRetryPolicy())
        # So that operator.output["ContactGuid"] works; the whole dict is the return value all the same.
        kwargs.setdefault("multiple_outputs", True)
        super().__init__(**kwargs)
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
