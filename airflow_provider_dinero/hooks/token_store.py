"""The token of a deployment, kept in an Airflow Variable: encrypted at rest, masked by its name."""

import json
import logging
import os
import sys
import time
from typing import Any

from airflow_provider_dinero.api.errors import DineroConfigurationError
from airflow_provider_dinero.api.ports import MemoryTokenStore, Token

log = logging.getLogger(__name__)

# Between tries to store a token: a rotated refresh token is too dear to lose to a hiccup of the API server.
PAUSES = (1.0, 3.0, 6.0)


class VariableTokenStore:
    """A TokenStore that all workers, triggerers and API servers of a deployment share.

    Tasks and triggers reach Variables through the Task SDK; the API server (Test button) and the CLI through
    `airflow.models`.
    """

    def __init__(self) -> None:
        self._memory = MemoryTokenStore()

    def load(self, key: str) -> Token | None:
        """Return the stored token, or None.

        :param key: str, the name of the Variable
        """
        value = _get(key)
        if not value:
            return self._memory.load(key)
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
        from airflow.sdk.exceptions import AirflowRuntimeError
        from sqlalchemy.exc import SQLAlchemyError

        _mask(token)
        self._memory.save(key, token)
        value = json.dumps(token.as_dict())
        for seconds in (*PAUSES, None):
            try:
                _set(key, value)
                break
            except (OSError, SQLAlchemyError, AirflowRuntimeError) as error:
                if seconds is None:
                    # The new token is good: this process goes on with it, and says what the others are missing.
                    lost = (
                        "its new refresh token is lost when this process ends: consent again"
                        if (token.refresh_token)
                        else "other tasks log in for themselves"
                    )
                    log.error("The Dinero token could not be stored (%s): %s.", type(error).__name__, lost)
                    return
                time.sleep(seconds)
        if _get(key) != value:
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
        value = os.environ.get(f"AIRFLOW_VAR_{key.upper()}")
    return None if value is None else str(value)


def _set(key: str, value: str) -> None:
    _variable().set(key, value, description="The access token of a Dinero connection; written by the provider.")


def _mask(token: Token) -> None:
    from airflow.sdk.log import mask_secret

    mask_secret(token.access_token)
    mask_secret(token.refresh_token)
