"""A connection becomes a DineroClient."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from airflow_provider_dinero.api.errors import DineroError
from airflow_provider_dinero.hooks.connections import client_of, not_found
from airflow_provider_dinero.hooks.failures import mark
from airflow_provider_dinero.hooks.subscription import subscription_of

if TYPE_CHECKING:
    from airflow_provider_dinero.api.client import DineroClient


class DineroHook(BaseHook):
    """Gives a DineroClient for a connection. The connection is looked up when the client is first asked for.

    Errors of this client are marked for Airflow: what repeating can't help fails the task at once, also in a plain
    `@task` with retries.

    :param dinero_conn_id: str, the connection; default dinero_default
    :param organization_id: int, digits as str, or None for the connection's own
    """

    conn_name_attr = "dinero_conn_id"
    default_conn_name = "dinero_default"
    conn_type = "dinero"
    hook_name = "Dinero"

    def __init__(
        self, dinero_conn_id: str = default_conn_name, organization_id: int | str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.dinero_conn_id = dinero_conn_id
        self.organization_id = organization_id

    def get_conn(self) -> "DineroClient":
        """Return the client, always the same one.

        :return: DineroClient
        :raises DineroConfigurationError: the connection lacks something
        """
        return self._client

    @cached_property
    def _client(self) -> "DineroClient":
        return self._make_client()

    def _make_client(self, **options: Any) -> "DineroClient":
        try:
            try:
                connection = self.get_connection(self.dinero_conn_id)
            except AirflowNotFoundException:
                raise not_found(self.dinero_conn_id) from None
            return client_of(connection, self.organization_id, adapt=mark, **options)
        except DineroError as error:
            mark(error)
            raise

    def test_connection(self) -> tuple[bool, str]:
        """Name the organization and its subscription with one cheap read; never spends a refresh token.

        :return: (whether all is well, what was found or what to do)
        """
        try:
            # One try: whoever pressed the button is waiting.
            return subscription_of(self._make_client(may_spend=False, attempts=1))
        except DineroError as error:
            # Airflow tests a copy under an id of its own, which nobody can give to a command; what is tested here can
            # be connected in the browser too.
            told = str(error).replace(f"Connection {self.dinero_conn_id}", "This connection")
            command = f"Run `airflow dinero authorize {self.dinero_conn_id}`."
            return False, told.replace(
                command, "Save it and press Connect in Admin → Dinero, or run `airflow dinero authorize CONN_ID`."
            )
