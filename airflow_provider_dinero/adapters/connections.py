"""The meaning of a connection's fields. Empty and null both mean unset, since the form saves every declared field."""

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_dinero.api.errors import DineroConfigurationError
from airflow_provider_dinero.api.masking import LONGEST

if TYPE_CHECKING:
    from airflow.sdk import Connection

    from airflow_provider_dinero.api.auth.grants import Grant
    from airflow_provider_dinero.api.client import DineroClient

# The time limit for a response that a person waits for, whatever the connection sets: a host that doesn't respond must
# not keep the API server busy.
PATIENCE = 30.0
TEXTS = ("grant", "api_key", "refresh_token", "auth_url", "organization_id", "coordination_url")


def client_of(
    connection: "Connection",
    organization_id: int | str | None,
    team: str | None = None,
    consent_advice: str = "",
    **options: Any,
) -> "DineroClient":
    """Return the client that a connection describes.

    :param connection: Connection
    :param organization_id: int, digits as str, or None for the connection's own
    :param team: str or None, the connection's team in Airflow's multi-team mode; a task needs none
    :param consent_advice: str, how a person consents again, for errors; default the command for this connection
    :param options: as for DineroClient
    :raises DineroConfigurationError: it names the field
    """
    from airflow.sdk.log import mask_secret

    from airflow_provider_dinero.adapters.settings import StatsMeter, coordination_of, token_requests_count
    from airflow_provider_dinero.adapters.token_store import VariableTokenStore
    from airflow_provider_dinero.api.client import DineroClient

    given = connection.extra_dejson
    if not isinstance(given, Mapping):
        raise DineroConfigurationError(
            "has an extra that is not a JSON object.", "Correct it.", conn_id=connection.conn_id
        )
    extra = fields_of(connection)
    texts = {name: getattr(connection, name) for name in ("host", "login", "password")} | {
        n: extra.get(n) for n in TEXTS
    }
    if long := [name for name, value in texts.items() if len(str(value)) > LONGEST]:
        raise _wrong(long[0], f"of at most {LONGEST} characters")
    for secret in (connection.password, extra.get("api_key"), extra.get("refresh_token")):
        mask_secret(str(secret or ""))
    minute = _number(extra, "requests_per_minute", 1, 1_000_000)
    grant = _grant(connection, extra, consent_advice or f"Run `airflow dinero authorize {connection.conn_id}`.")
    organization = extra.get("organization_id") if organization_id is None else organization_id
    lock, budget = coordination_of(extra)
    said = {
        "base_url": _base_url(connection),
        "token_store": VariableTokenStore(team),
        "lock": lock,
        "budget": budget,
        "meter": StatsMeter(grant.client_id, str(organization)),
        "token_requests_count": token_requests_count(),
        "requests_per_minute": None if minute is None else int(minute),
        "timeout": _number(extra, "timeout", 1, 86_400) or 60.0,
        "read_only": _true(extra, "read_only"),
        "allowed_organizations": _numbers(extra, "allowed_organizations"),
        "who": _who(),
    }
    return DineroClient(organization, grant, **{**said, **options})


def _who() -> str:
    """Return DAG and task of the running task; empty elsewhere, as in a trigger."""
    from airflow.sdk import get_current_context

    try:
        ti = get_current_context()["ti"]
    except RuntimeError:
        return ""
    return f"{ti.dag_id}/{ti.task_id}"


def not_found(conn_id: str) -> DineroConfigurationError:
    """Return the error for a connection that Airflow doesn't find, or whose environment variable it can't read.

    :param conn_id: str
    """
    variable = f"AIRFLOW_CONN_{conn_id.upper()}"
    if variable in os.environ:
        return DineroConfigurationError(
            f"Airflow can't read {variable}.", "It must be JSON, or a URI whose parts are URL-encoded."
        )
    return DineroConfigurationError(
        f"There is no connection {conn_id}.", f"Create one of type Dinero, or set {variable}."
    )


def fields_of(connection: "Connection") -> dict[str, Any]:
    """Return what a connection's extra sets, neither empty nor null. Blanks around a text are ignored.

    :param connection: Connection
    """
    given = {name: _stripped(value) for name, value in connection.extra_dejson.items()}
    return {name: value for name, value in given.items() if value not in (None, "")}


def _stripped(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _grant(connection: "Connection", extra: Mapping[str, Any], consent_advice: str) -> "Grant":
    from airflow_provider_dinero.api.auth.grants import PersonalIntegration, VismaConnect

    name = str(extra.get("grant", "personal_integration"))
    needed = {"login (client ID)": connection.login, "password (client secret)": connection.password}
    if name == "personal_integration":
        needed["api_key"] = extra.get("api_key")
    elif name != "visma_connect":
        raise DineroConfigurationError(
            f"has the grant {name!r}, which doesn't exist.",
            "Choose personal_integration or visma_connect.",
            conn_id=connection.conn_id,
        )
    missing = [label for label, value in needed.items() if not value]
    if missing:
        other = " A client ID that starts with isv_ belongs to the grant Visma Connect."
        is_other = name == "personal_integration" and str(connection.login).strip().startswith("isv_")
        raise DineroConfigurationError(
            f"has no {', no '.join(missing)}.",
            f"The grant {name} needs {', '.join(needed)}.{other if is_other else ''}",
            settings=needed.keys() & {"api_key"},
            conn_id=connection.conn_id,
        )
    given = str(connection.login).strip(), str(connection.password).strip()  # pasted text often has blanks around it
    where = {"auth_url": _allowed("auth_url", _root("auth_url", str(extra["auth_url"])))} if "auth_url" in extra else {}
    if name == "personal_integration":
        return PersonalIntegration(*given, str(extra["api_key"]), **where)
    # Without a refresh token, a person's consent is stored under the connection's name.
    refresh_token = str(extra.get("refresh_token", ""))
    return VismaConnect(*given, refresh_token, name=connection.conn_id, advice=consent_advice, **where)


def _base_url(connection: "Connection") -> str:
    """Return the root of the API. A port without a host is ignored: it may be there for the Test button."""
    from airflow_provider_dinero.api.client import BASE_URL

    if not connection.host:
        return BASE_URL
    scheme = "http://" if connection.schema == "http" and "://" not in connection.host else ""
    given = _root("host", f"{scheme}{connection.host}")
    if connection.port and urlsplit(given).port is None:
        if not 0 < connection.port < 65536:
            raise _wrong("port", "a number from 1 to 65535")
        given = f"{given}:{connection.port}"
    return _allowed("host", given)


def _root(name: str, given: str) -> str:
    """Return an address without its final slash, if it is a host, perhaps with a port, and nothing else.

    If the scheme is left out, it is https.

    A user who may edit connections must not choose which page the API server requests from another server.

    :param name: str, name of the field
    :param given: str
    """
    root = given.strip().rstrip("/")
    host = root.partition("://")[2] or root.removeprefix("//")
    address = root if "://" in root else f"https://{host}"
    try:
        _ = urlsplit(address).port
    except ValueError:  # a port that is not a number, or an unclosed bracket
        raise _wrong(name, "an address") from None
    if "@" in host:
        raise DineroConfigurationError(
            f"The connection's {name} contains a user name.",
            "Remove it: credentials have fields of their own.",
            settings=(name,),
        )
    if not host.isprintable() or not re.fullmatch(r"[^/?#\\\s]*", host):
        raise DineroConfigurationError(
            f"The connection's {name} contains a path or a query.",
            "Enter the host only, as in https://api.dinero.dk.",
            settings=(name,),
        )
    return address


def _allowed(name: str, address: str) -> str:
    """Return an address if connections may name its host, so that no secret of a connection goes elsewhere.

    :param name: str, name of the field
    :param address: str, as `_root` returns it
    """
    from airflow_provider_dinero.adapters.settings import allowed_hosts

    host, allowed = urlsplit(address).netloc.lower().removesuffix(":443"), allowed_hosts()
    if allowed and host not in allowed:
        raise DineroConfigurationError(
            f"The connection's {name} is {host}, which is not among the [dinero] allowed_hosts of this Airflow.",
            "Correct it, or leave it empty for Dinero's own host.",
            settings=(name,),
        )
    return address


def _number(extra: Mapping[str, Any], name: str, least: int, most: int) -> float | None:
    try:
        number = None if name not in extra else float(extra[name])
    except (TypeError, ValueError, OverflowError):
        raise _wrong(name, "a number") from None
    if number is not None and not least <= number <= most:
        raise _wrong(name, f"a number from {least} to {most}")
    return number


def _true(extra: Mapping[str, Any], name: str) -> bool:
    """Return a switch; a value that is neither true nor false is an error, so that no typo turns off a protection."""
    text = str(extra.get(name, False)).strip().lower()
    if text not in {"true", "1", "false", "0"}:
        raise _wrong(name, "true or false")
    return text in {"true", "1"}


def _numbers(extra: Mapping[str, Any], name: str) -> list[int]:
    """Return organization numbers given as a list, or as comma-separated text."""
    value = extra.get(name, [])
    members = value if isinstance(value, list) else str(value).split(",")
    try:
        return [int(str(member)) for member in members]
    except ValueError:
        raise _wrong(name, "a list of numbers separated by commas") from None


def _wrong(name: str, wanted: str) -> DineroConfigurationError:
    return DineroConfigurationError(
        f"The connection's {name} is not {wanted}.", "Correct it in the connection.", settings=(name,)
    )
