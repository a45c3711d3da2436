"""The token of a deployment, kept in an Airflow Variable: encrypted at rest, masked by its name."""

import json
import logging
import sys
import time
from typing import Any

from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroUnavailable
from airflow_provider_dinero.api.ports import Token

log = logging.getLogger(__name__)

# Between tries to store a token: a rotated refresh token is too dear to lose to a hiccup of the API server.
PAUSES = (1.0, 3.0, 6.0)
# Two hosts that share no lock may begin to renew so close to each other.
SAME_SECONDS = 5.0
API_SERVER = "Is its API server up, and [core] fernet_key the same wherever Airflow runs?"
# What this process could not store: it goes on with it, and only it can.
_unstored: dict[str, Token] = {}


class VariableTokenStore:
    """A TokenStore that all workers, triggerers and API servers of a deployment share.

    Tasks and triggers reach Variables through the Task SDK; the API server (Test button, consent) and the CLI through
    `airflow.models`.

    :param team: str or None, whose token it is in Airflow's multi-team mode; in a task Airflow knows that itself
    """

    def __init__(self, team: str | None = None) -> None:
        self._team = team

    def load(self, key: str) -> Token | None:
        """Return the newest token: the stored one, or one that this process could not store.

        :param key: str, the name of the Variable
        :raises DineroUnavailable: Airflow's API server doesn't answer
        """
        there, mine = self._read(key), _unstored.get(key)
        return there if mine is None or (there and mine.renewed_at <= there.renewed_at) else mine

    def is_pending(self, key: str) -> bool:
        """Tell whether this process has a token that it could not store.

        :param key: str, the name of the Variable
        """
        return key in _unstored

    def _read(self, key: str) -> Token | None:
        value = _get(key, self._team)
        if not value:
            return None
        try:
            token = Token.from_dict(json.loads(value))
        except (ValueError, TypeError, KeyError, RecursionError):
            log.warning("The Airflow Variable %s holds no Dinero token; it is written anew.", key)
            return None
        _mask(token)
        return token

    def save(self, key: str, token: Token) -> None:
        """Store a token; it is read back, since an environment variable or a secrets backend may shadow it.

        :param key: str, the name of the Variable
        :param token: Token
        :raises DineroUnavailable: it could not be stored; this process will find it all the same
        :raises DineroConfigurationError: the Variable is shadowed
        """
        _mask(token)
        _unstored[key] = token
        _set(key, token, self._team)
        there = self._read(key)
        # Another host, which shares no lock, may have stored its token in this moment: it has to live with that.
        late = there and (there.renewed_at < token.renewed_at or there.begun_at < token.begun_at - SAME_SECONDS)
        if there is None or late:
            raise DineroConfigurationError(
                f"The Airflow Variable {key} can't be kept: something shadows it.",
                f"Remove AIRFLOW_VAR_{key.upper()}, or the entry in the secrets backend.",
            )
        del _unstored[key]

    def delete(self, key: str) -> None:
        """Forget a token. Only where the metadata database is at hand: in the CLI and the API server.

        :param key: str, the name of the Variable
        """
        from airflow.models import Variable

        _unstored.pop(key, None)
        Variable.delete(key, team_name=self._team)  # ruff: ignore[airflow3-suggested-update]


def _in_task() -> bool:
    """Tell whether this process talks to a supervisor: a task, a trigger, or `dag.test()`."""
    return hasattr(sys.modules.get("airflow.sdk.execution_time.task_runner"), "SUPERVISOR_COMMS")


def _variable() -> Any:
    if _in_task():
        from airflow.sdk import Variable
    else:
        # API server and CLI have the database and no supervisor: airflow.sdk.Variable can't write there.
        from airflow.models import Variable
    return Variable  # ruff: ignore[airflow3-suggested-update]


def _scope(team: str | None) -> dict[str, str]:
    """Return the arguments that say whose Variable it is: outside tasks, and where there are teams."""
    return {} if team is None or _in_task() else {"team_name": team}


def _get(key: str, team: str | None) -> str | None:
    """Return a Variable, None where there is none.

    Airflow says that there is none also where it could not be read, and then an older refresh token, spent long ago,
    would be taken for the newest: so the metadata database is asked whether that is true.
    """
    from airflow.sdk.exceptions import AirflowRuntimeError
    from sqlalchemy.exc import SQLAlchemyError

    options = {"default" if _in_task() else "default_var": None, **_scope(team)}
    try:
        value = _variable().get(key, **options)
        if value is None and _is_stored(key):
            value = _variable().get(key, **options)  # another may have stored it just now
            if value is None:
                raise DineroUnavailable("The Dinero token could not be read from Airflow.", API_SERVER)
    except (OSError, SQLAlchemyError, AirflowRuntimeError) as error:
        raise _lost("read", error) from None
    return None if value is None else str(value)


def _is_stored(key: str) -> bool:
    if _in_task():
        return key in _variable().keys(prefix=key)
    from airflow.utils.session import create_session
    from sqlalchemy import inspect, select

    with create_session() as session:
        if not inspect(session.connection()).has_table("variable"):  # a script beside Airflow, without its database
            return False
        stored = _variable()
        return session.scalar(select(stored.key).where(stored.key == key)) is not None


def _set(key: str, token: Token, team: str | None) -> None:
    from airflow.sdk.exceptions import AirflowRuntimeError
    from sqlalchemy.exc import SQLAlchemyError

    value = json.dumps(token.as_dict())
    told = {"description": "The token of a Dinero connection; written by the provider.", **_scope(team)}
    for seconds in (*(PAUSES if _in_task() else ()), None):
        try:
            _variable().set(key, value, **told)
        except (OSError, SQLAlchemyError, AirflowRuntimeError) as error:
            if seconds is None:
                raise _lost("stored", error) from None
            time.sleep(seconds)
        else:
            return


def _lost(what: str, error: Exception) -> DineroUnavailable:
    """Return the error for a store that fails; its own text may hold what was to be stored."""
    return DineroUnavailable(f"The Dinero token could not be {what}: {type(error).__name__} from Airflow.", API_SERVER)


def _mask(token: Token) -> None:
    from airflow.sdk.log import mask_secret

    mask_secret(token.access_token)
    mask_secret(token.refresh_token)
