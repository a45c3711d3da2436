"""A connection becomes a DineroClient."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from airflow_provider_dinero.adapters.airflow_errors import mark
from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroError

if TYPE_CHECKING:
    from airflow_provider_dinero.api.client import DineroClient

# Airflow tests a copy of the connection, whose id no command knows.
SAVE_FIRST = "Save it and press Connect in Admin → Dinero, or run `airflow dinero authorize` with its ID."


class DineroHook(BaseHook):
    """Creates a DineroClient from a connection. It reads the connection when you first request the client.

    Errors of this client are marked for Airflow: an error that a retry can't fix fails the task immediately, even in a
    plain `@task` with retries.

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
        self._dinero_conn_id = dinero_conn_id
        self._organization_id = organization_id

    @property
    def dinero_conn_id(self) -> str:
        """The connection."""
        return self._dinero_conn_id

    @property
    def organization_id(self) -> int | str | None:
        """The organization, or None for the connection's own."""
        return self._organization_id

    def get_conn(self) -> "DineroClient":
        """Return the client, always the same one.

        :return: DineroClient
        :raises DineroConfigurationError: the connection is incomplete
        """
        return self._client

    @cached_property
    def _client(self) -> "DineroClient":
        return self.make_client()

    def make_client(self, **options: Any) -> "DineroClient":
        """Return a new client, whose errors are marked for Airflow.

        :param options: as for `DineroClient`; they override the connection
        :return: DineroClient
        :raises DineroConfigurationError: the connection is incomplete
        """
        from airflow_provider_dinero.adapters.connections import client_of, not_found

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
        """Name the organization and its subscription with one cheap read; this never uses a refresh token.

        :return: (whether everything is all right, what was found or what to do)
        """
        from airflow_provider_dinero.adapters.connections import PATIENCE
        from airflow_provider_dinero.adapters.subscription import subscription_of

        try:
            # One attempt: the user who pressed the button is waiting.
            client = self.make_client(may_spend=False, attempts=1, timeout=PATIENCE, consent_advice=SAVE_FIRST)
            return True, subscription_of(client)
        except DineroError as error:
            return False, _for_the_form(error)


def _for_the_form(error: DineroError) -> str:
    """Return the text of an error for a user who only has the form.

    :param error: DineroError
    """
    from airflow_provider_dinero.get_provider_info import get_provider_info

    told = error.about("This connection") if isinstance(error, DineroConfigurationError) else str(error)
    info: dict[str, Any] = get_provider_info()  # type: ignore[no-untyped-call]  # it imports nothing, not even Any
    fields = info["connection-types"][0]["conn-fields"]
    named = [f"{name} is {fields[name]['label']}" for name in error.settings if name in fields]
    return f"{told} (In the form {', '.join(named)}.)" if named else told
