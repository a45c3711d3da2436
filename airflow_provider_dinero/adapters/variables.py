"""Airflow Variables, wherever the provider runs: in a task, a trigger, the API server or the CLI."""

import sys
import time
from typing import Any

from airflow_provider_dinero.api.errors import DineroUnavailable

# Pauses between attempts to store a value: a rotated refresh token must not be lost to a hiccup of the API server.
PAUSES = (1.0, 3.0, 6.0)
API_SERVER = "Check that its API server is running, and that [core] fernet_key is the same wherever Airflow runs."


def read(key: str, what: str, team: str | None = None) -> str | None:
    """Return a Variable, or None if it doesn't exist.

    Airflow also reports a missing Variable if it could not be read. An old refresh token, used up long ago, would then
    count as the newest. So this checks in the metadata database whether the Variable really is missing.

    :param key: str
    :param what: str, its content, named in errors
    :param team: str or None, its team in Airflow's multi-team mode; in a task Airflow knows it
    :raises DineroUnavailable: it can't be read
    """
    from airflow.sdk.exceptions import AirflowRuntimeError
    from sqlalchemy.exc import SQLAlchemyError

    options = {"default" if _in_task() else "default_var": None, **_scope(team)}
    try:
        value = _variable().get(key, **options)
        if value is None and _is_stored(key):
            value = _variable().get(key, **options)  # another process may have stored it just now
            if value is None:
                raise DineroUnavailable(f"{what} could not be read from Airflow.", API_SERVER)
    except (OSError, SQLAlchemyError, AirflowRuntimeError) as error:
        raise _lost(what, "read", error) from None
    return None if value is None else str(value)


def write(key: str, value: str, what: str, description: str, team: str | None = None) -> None:
    """Store a Variable.

    :param key: str
    :param value: str
    :param what: str, its content, named in errors
    :param description: str, shown with it
    :param team: str or None, as in `read`
    :raises DineroUnavailable: it can't be stored
    """
    from airflow.sdk.exceptions import AirflowRuntimeError
    from sqlalchemy.exc import SQLAlchemyError

    for seconds in (*(PAUSES if _in_task() else ()), None):
        try:
            _variable().set(key, value, description=description, **_scope(team))
        except (OSError, SQLAlchemyError, AirflowRuntimeError) as error:
            if seconds is None:
                raise _lost(what, "stored", error) from None
            time.sleep(seconds)
        else:
            return


def delete(key: str, team: str | None = None) -> None:
    """Delete a Variable. This needs the metadata database, as in the CLI and the API server.

    :param key: str
    :param team: str or None, as in `read`
    """
    from airflow.models import Variable

    Variable.delete(key, team_name=team)  # ruff: ignore[airflow3-suggested-update]


def _in_task() -> bool:
    """Tell whether this process talks to a supervisor: a task, a trigger, or `dag.test()`."""
    return hasattr(sys.modules.get("airflow.sdk.execution_time.task_runner"), "SUPERVISOR_COMMS")


def _variable() -> Any:
    if _in_task():
        from airflow.sdk import Variable
    else:
        # API server and CLI have the database but no supervisor: airflow.sdk.Variable can't write there.
        from airflow.models import Variable
    return Variable  # ruff: ignore[airflow3-suggested-update]


def _scope(team: str | None) -> dict[str, str]:
    """Return the arguments that name the Variable's team, outside tasks, and if there are teams."""
    return {} if team is None or _in_task() else {"team_name": team}


def _is_stored(key: str) -> bool:
    if _in_task():
        return key in _variable().keys(prefix=key)
    from airflow.utils.session import create_session
    from sqlalchemy import inspect, select

    with create_session() as session:
        if not inspect(session.connection()).has_table("variable"):  # a script outside Airflow, without its database
            return False
        stored = _variable()
        return session.scalar(select(stored.key).where(stored.key == key)) is not None


def _lost(what: str, verb: str, error: Exception) -> DineroUnavailable:
    """Return the error for a failing Variable, without the original text, which may contain the value."""
    return DineroUnavailable(f"{what} could not be {verb}: {type(error).__name__} from Airflow.", API_SERVER)
