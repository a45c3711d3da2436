"""What all workers of a deployment share besides the token: locks, the request allowance, metrics."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from airflow_provider_dinero.api.ports import Budget, Lock


def coordination_url(extra: Mapping[str, Any]) -> str:
    """Return where workers share locks and the request allowance; its password is masked in logs.

    :param extra: mapping of a connection's own fields, which take precedence
    :return: str: the connection's field, else [dinero] coordination_url, else the folder dinero in AIRFLOW_HOME
    """
    from airflow.sdk import conf
    from airflow.sdk.log import mask_secret

    url = str(extra.get("coordination_url") or conf.get("dinero", "coordination_url", fallback="")).strip()
    if not url:
        home = os.path.expandvars(os.environ.get("AIRFLOW_HOME") or "~/airflow")
        return str(Path(home, "dinero").expanduser().absolute())
    with suppress(ValueError):  # not a URL: reported when it is used
        password = urlsplit(url).password or ""
        mask_secret(password)
        mask_secret(unquote(password))
    return url


def coordination_of(extra: Mapping[str, Any]) -> "tuple[Lock, Budget]":
    """Return the lock and the budget of a connection.

    :param extra: mapping of the connection's own fields
    :raises DineroConfigurationError: the URL is wrong
    """
    from airflow_provider_dinero.coordination.factory import coordination

    return coordination(coordination_url(extra))


def allowed_hosts() -> set[str]:
    """Return [dinero] allowed_hosts, in lower case: the hosts that connections may name; empty for any host."""
    from airflow.sdk import conf

    given = conf.get("dinero", "allowed_hosts", fallback="").lower().split(",")
    return {each.strip() for each in given} - {""}


def token_requests_count() -> bool:
    """Return [dinero] token_requests_count: whether requests for a token use the allowance."""
    from airflow.sdk import conf

    return bool(conf.getboolean("dinero", "token_requests_count", fallback=True))


class StatsMeter:
    """A Meter that feeds Airflow's metrics, tagged with client and organization.

    Counters: dinero.requests, dinero.throttled, dinero.token_renewals. Gauges: dinero.requests_left,
    dinero.wait_seconds.

    :param client: str, the client ID
    :param organization: str
    """

    def __init__(self, client: str, organization: str) -> None:
        self._tags = {"client": client, "organization": organization}

    def count(self, name: str) -> None:
        """Count one more.

        :param name: str
        """
        from airflow.sdk.observability import stats

        stats.incr(f"dinero.{name}", tags=self._tags)

    def measure(self, name: str, value: float) -> None:
        """Record a current value.

        :param name: str
        :param value: float
        """
        from airflow.sdk.observability import stats

        stats.gauge(f"dinero.{name}", value, tags=self._tags)
