"""The token of a deployment, stored in an Airflow Variable: encrypted at rest, masked by its name."""

import json
import logging

from airflow_provider_dinero.adapters import variables
from airflow_provider_dinero.api.errors import DineroConfigurationError
from airflow_provider_dinero.api.ports import Token

log = logging.getLogger(__name__)

# Two hosts that don't share a lock may start a renewal this close to each other.
SAME_SECONDS = 5.0
WHAT = "The Dinero token"
DESCRIPTION = "The token of a Dinero connection; written by the provider."
# Tokens that this process could not store: only this process has them, and continues with them.
_unstored: dict[str, Token] = {}


class VariableTokenStore:
    """A TokenStore that all workers, triggerers and API servers of a deployment share.

    Tasks and triggers reach Variables through the Task SDK; the API server (Test button, consent) and the CLI through
    `airflow.models`.

    :param team: str or None, the token's team in Airflow's multi-team mode; in a task Airflow knows it
    """

    def __init__(self, team: str | None = None) -> None:
        self._team = team

    def load(self, key: str) -> Token | None:
        """Return the newest token: the stored one, or one that this process could not store.

        :param key: str, the name of the Variable
        :raises DineroUnavailable: Airflow's API server doesn't respond
        """
        there, mine = self._read(key), _unstored.get(key)
        return there if mine is None or (there and mine.renewed_at <= there.renewed_at) else mine

    def is_pending(self, key: str) -> bool:
        """Tell whether this process has a token that it could not store.

        :param key: str, the name of the Variable
        """
        return key in _unstored

    def _read(self, key: str) -> Token | None:
        value = variables.read(key, WHAT, self._team)
        if not value:
            return None
        try:
            token = Token.from_dict(json.loads(value))
        except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError):
            log.warning("The Airflow Variable %s contains no Dinero token; it will be overwritten.", key)
            return None
        _mask(token)
        return token

    def save(self, key: str, token: Token) -> None:
        """Store a token, and read it back, since an environment variable or a secrets backend may shadow it.

        :param key: str, the name of the Variable
        :param token: Token
        :raises DineroUnavailable: it could not be stored; this process will still find it
        :raises DineroConfigurationError: the Variable is shadowed
        """
        _mask(token)
        _unstored[key] = token
        variables.write(key, json.dumps(token.as_dict()), WHAT, DESCRIPTION, self._team)
        there = self._read(key)
        # Another host that doesn't share the lock may have stored its token just now; that is accepted.
        late = there and (there.renewed_at < token.renewed_at or there.begun_at < token.begun_at - SAME_SECONDS)
        if there is None or late:
            raise DineroConfigurationError(
                f"The Airflow Variable {key} can't be written: something shadows it.",
                f"Remove AIRFLOW_VAR_{key.upper()}, or the entry in the secrets backend.",
            )
        del _unstored[key]

    def delete(self, key: str) -> None:
        """Delete a token. This needs the metadata database, as in the CLI and the API server.

        :param key: str, the name of the Variable
        """
        _unstored.pop(key, None)
        variables.delete(key, self._team)


def _mask(token: Token) -> None:
    from airflow.sdk.log import mask_secret

    mask_secret(token.access_token)
    mask_secret(token.refresh_token)
