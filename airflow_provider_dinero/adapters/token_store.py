"""The token of a deployment, kept in an Airflow Variable: encrypted at rest, masked by its name."""

import json
import logging

from airflow_provider_dinero.adapters import variables
from airflow_provider_dinero.api.errors import DineroConfigurationError
from airflow_provider_dinero.api.ports import Token

log = logging.getLogger(__name__)

# Two hosts that share no lock may begin to renew so close to each other.
SAME_SECONDS = 5.0
WHAT = "The Dinero token"
DESCRIPTION = "The token of a Dinero connection; written by the provider."
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
        value = variables.read(key, WHAT, self._team)
        if not value:
            return None
        try:
            token = Token.from_dict(json.loads(value))
        except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError):
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
        variables.write(key, json.dumps(token.as_dict()), WHAT, DESCRIPTION, self._team)
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
        _unstored.pop(key, None)
        variables.delete(key, self._team)


def _mask(token: Token) -> None:
    from airflow.sdk.log import mask_secret

    mask_secret(token.access_token)
    mask_secret(token.refresh_token)
