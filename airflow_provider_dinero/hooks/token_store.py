"""The token of a deployment, kept in an Airflow Variable: encrypted at rest, masked by its name."""

import json
import logging
import sys
import time
from typing import Any

from airflow_provider_dinero.api.errors import DineroConfigurationError
from airflow_provider_dinero.api.ports import TOKENS, Token

log = logging.getLogger(__name__)

# Between tries to store a token: a rotated refresh token is too dear to lose to a hiccup of the API server.
PAUSES = (1.0, 3.0, 6.0)
# Tokens whose ends lie this close were fetched by tasks that began together.
SAME_SECONDS = 300.0


class VariableTokenStore:
    """A TokenStore that all workers, triggerers and API servers of a deployment share.

    Tasks and triggers reach Variables through the Task SDK; the API server (Test button) and the CLI through
    `airflow.models`.
    """

    def load(self, key: str) -> Token | None:
        """Return the stored token, or None.

        :param key: str, the name of the Variable
        """
        return self._read(key) or TOKENS.load(key)

    def _read(self, key: str) -> Token | None:
        value = _get(key)
        if not value:
            return None
        try:
            stored = json.loads(value)
            token = Token(str(stored["access_token"]), float(stored["expires_at"]), stored.get("refresh_token"))
        except (ValueError, TypeError, KeyError):
            log.warning("The Airflow Variable %s holds no Dinero token; it is written anew.", key)
            return None
        _mask(token)
        return token

    def save(self, key: str, token: Token) -> None:
        """Store a token; it is read back, since an environment variable or a secrets backend may shadow it.

        :param key: str, the name of the Variable
        :param token: Token
        :raises DineroConfigurationError: the Variable is shadowed
        """
        _mask(token)
        TOKENS.save(key, token)
        if not _kept(key, json.dumps(token.as_dict())):
            # The new token is good: this process goes on with it, and says what the others are missing.
            lost = "its new refresh token ends with this process" if token.refresh_token else "others log in themselves"
            log.error("The Dinero token could not be stored: %s.", lost)
            return
        there = self._read(key)
        # Another task may have stored its token in this moment: that one is as good.
        if there is None or there.expires_at < token.expires_at - SAME_SECONDS:
            raise DineroConfigurationError(
                f"The Airflow Variable {key} can't be kept: something shadows it.",
                f"Remove AIRFLOW_VAR_{key.upper()}, or the entry in the secrets backend.",
            )


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


def _get(key: str) -> str | None:
    from sqlalchemy.exc import SQLAlchemyError

    try:
        value = _variable().get(key, **({"default": None} if _in_task() else {"default_var": None}))
    except SQLAlchemyError:  # a script beside Airflow, without its database
        return None
    return None if value is None else str(value)


def _kept(key: str, value: str) -> bool:
    """Store a Variable, and tell whether it could be done."""
    from airflow.sdk.exceptions import AirflowRuntimeError
    from sqlalchemy.exc import SQLAlchemyError

    for seconds in (*PAUSES, 0.0) if _in_task() else (0.0,):
        try:
            _variable().set(key, value, description="The token of a Dinero connection; written by the provider.")
        except (OSError, SQLAlchemyError, AirflowRuntimeError):
            time.sleep(seconds)
        else:
            return True
    return False


def _mask(token: Token) -> None:
    from airflow.sdk.log import mask_secret

    mask_secret(token.access_token)
    mask_secret(token.refresh_token)
