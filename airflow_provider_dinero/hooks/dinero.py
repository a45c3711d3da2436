"""A connection becomes a DineroClient."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from airflow_provider_dinero.adapters.airflow_errors import mark
from airflow_provider_dinero.adapters.connections import PATIENCE, client_of, not_found
from airflow_provider_dinero.adapters.subscription import subscription_of
from airflow_provider_dinero.api.errors import DineroError

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
        :raises DineroConfigurationError: the connection lacks something
        """
        return self._client

    @cached_property
    def _client(self) -> "DineroClient":
        return self.make_client()

    def make_client(self, **options: Any) -> "DineroClient":
        """Return a new client, whose errors are marked for Airflow.

        :param options: as `DineroClient` takes them, in place of what the connection says
        :return: DineroClient
        :raises DineroConfigurationError: the connection lacks something
        """
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
            well, told = subscription_of(self.make_client(may_spend=False, attempts=1, timeout=PATIENCE))
        except DineroError as error:
            well, told = False, str(error)
        return well, told if well else _for_the_form(told, self.dinero_conn_id)


def _for_the_form(told: str, conn_id: str) -> str:
    """Return an error as it helps whoever has the form alone.

    :param told: str, the error
    :param conn_id: str, under which Airflow tests a copy: nobody can give it to a command
    """
    from airflow_provider_dinero.get_provider_info import get_provider_info

    told = told.replace(f"Connection {conn_id}", "This connection").replace(
        f"Run `airflow dinero authorize {conn_id}`.",
        "Save it and press Connect in Admin → Dinero, or run `airflow dinero authorize CONN_ID`.",
    )
    info: dict[str, Any] = get_provider_info()  # type: ignore[no-untyped-call]  # it imports nothing, not even Any
    fields = info["connection-types"][0]["conn-fields"]
    # Without an underscore a name is a word of the text.
    named = [f"{name} is {each['label']}" for name, each in fields.items() if "_" in name and name in told]
    return f"{told} (In the form {', '.join(named)}.)" if named else told
