"""A connection becomes a DineroClient."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow.sdk import BaseHook

from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroError
from airflow_provider_dinero.hooks.failures import mark

if TYPE_CHECKING:
    from airflow.sdk import Connection

    from airflow_provider_dinero.api.auth import Grant
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

    def _make_client(self, *, may_spend: bool = True) -> "DineroClient":
        try:
            return _client_of(self.get_connection(self.dinero_conn_id), self.organization_id, may_spend=may_spend)
        except DineroError as error:
            mark(error)
            raise

    def test_connection(self) -> tuple[bool, str]:
        """Name the organization and its subscription with one cheap read; never spends a refresh token.

        :return: (whether all is well, what was found or what to do)
        """
        try:
            client = self._make_client(may_spend=False)
            number = client.organization_id
            found = {each["Id"]: each for each in client.organizations.subscriptions()}
        except DineroError as error:
            return False, str(error)
        if number not in found:
            reached = ", ".join(f"{each['Id']} ({each['Name']})" for each in found.values()) or "none"
            return False, f"These credentials don't reach organization {number}. They reach: {reached}."
        subscription = found[number]["Subscription"]
        told = "Total" if subscription.get("HasTotal") else "Pro" if subscription.get("HasPro") else None
        name = f"{found[number]['Name']} ({number})"
        if told is None:
            return False, f"{name} has no Pro subscription: Dinero refuses all else. Renew it in Dinero."
        return True, f"{name}, subscription {told}."


def _client_of(connection: "Connection", organization_id: int | str | None, *, may_spend: bool) -> "DineroClient":
    from airflow.sdk.log import mask_secret

    from airflow_provider_dinero.api.client import DineroClient
    from airflow_provider_dinero.hooks.token_store import VariableTokenStore

    # The form saves every declared field, empty ones as null.
    extra = {name: value for name, value in connection.extra_dejson.items() if value not in (None, "")}
    for secret in (connection.password, extra.get("api_key"), extra.get("refresh_token")):
        mask_secret(secret)
    minute = extra.get("requests_per_minute")
    return DineroClient(
        organization_id or extra.get("organization_id"),
        _grant(connection, extra),
        base_url=_base_url(connection),
        token_store=VariableTokenStore(),
        requests_per_minute=None if minute is None else int(minute),
        timeout=float(extra.get("timeout", 60)),
        read_only=_true(extra.get("read_only")),
        allowed_organizations=_numbers(extra.get("allowed_organizations")),
        may_spend=may_spend,
        adapt=mark,
    )


def _grant(connection: "Connection", extra: Mapping[str, Any]) -> "Grant":
    from airflow_provider_dinero.api.auth import PersonalIntegration, VismaConnect

    name = extra.get("grant", "personal_integration")
    grants: dict[str, tuple[Any, str]] = {
        "personal_integration": (PersonalIntegration, "api_key"),
        "visma_connect": (VismaConnect, "refresh_token"),
    }
    if name not in grants:
        raise DineroConfigurationError(
            f"Connection {connection.conn_id}: {name!r} is no grant.", f"Choose {' or '.join(grants)}."
        )
    made, seed = grants[name]
    given = {
        "login (client id)": connection.login,
        "password (client secret)": connection.password,
        seed: extra.get(seed),
    }
    missing = [label for label, value in given.items() if not value]
    if missing:
        raise DineroConfigurationError(
            f"Connection {connection.conn_id} has no {', no '.join(missing)}.", f"The grant {name} needs all three."
        )
    where = {"auth_url": str(extra["auth_url"]).rstrip("/")} if "auth_url" in extra else {}
    grant: Grant = made(connection.login, connection.password, str(extra[seed]), **where)
    return grant


def _base_url(connection: "Connection") -> str:
    """Return the root of the API. A port alone changes nothing: it may be there for the Test button's sake."""
    from airflow_provider_dinero.api.client import BASE_URL

    if not connection.host:
        return BASE_URL
    given = connection.host.rstrip("/")
    if "://" not in given:
        given = f"{'http' if connection.schema == 'http' else 'https'}://{given}"
    port = f":{connection.port}" if connection.port and urlsplit(given).port is None else ""
    return given + port


def _true(value: object) -> bool:
    return value is True or str(value).strip().lower() in {"true", "1", "yes"}


def _numbers(value: Any) -> list[int]:
    """Return organization numbers given as a list, or as text with commas."""
    if value is None:
        return []
    members = value if isinstance(value, list) else str(value).split(",")
    try:
        return [int(member) for member in members]
    except ValueError as error:
        raise DineroConfigurationError(
            f"allowed_organizations: {value!r} is not a list of numbers.", "Write them with commas in between."
        ) from error
