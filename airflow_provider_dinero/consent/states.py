"""How the connections stand, told from what is stored: no request is sent."""

import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from airflow_provider_dinero.api.auth.grants import VismaConnect
from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroError
from airflow_provider_dinero.api.masking import hidden
from airflow_provider_dinero.consent.connections import ConnectionRecord, find, in_database

# What is known of a connection's consent.
GIVEN, UNTRIED, MISSING, REFUSED, NOT_NEEDED, UNKNOWN = (
    "given", "untried", "missing", "refused", "not needed", "unknown"
)  # fmt: skip

# What is shown of what a connection has for a grant.
LONGEST_NAME = 80


@dataclass(frozen=True)
class State:
    """How a connection stands.

    :param conn_id: str
    :param grant: str, visma_connect or personal_integration; empty where the connection says neither
    :param organization: str, the number; empty where the connection has none
    :param in_database: bool, whether Airflow can write the connection
    :param consent: str, given; untried (a refresh token is there that was not used yet); missing; refused;
        not needed (a personal integration); unknown (the connection is not complete)
    :param expires_at: datetime (UTC) or None, until when the stored access token is valid
    :param renewed_at: datetime (UTC) or None, when it was renewed
    :param place: str, the lock under which it was renewed
    :param scope: str, what it covers; empty where that is unknown
    :param who: str, who must act, and how; empty where nobody must
    """

    conn_id: str
    grant: str = ""
    organization: str = ""
    in_database: bool = True
    consent: str = UNKNOWN
    expires_at: datetime | None = None
    renewed_at: datetime | None = None
    place: str = ""
    scope: str = ""
    who: str = ""

    @property
    def is_valid(self) -> bool:
        """Whether the stored access token is valid now."""
        return self.expires_at is not None and self.expires_at.timestamp() > time.time()


def states(among: Collection[str] | None = None) -> list[State]:
    """Return how Dinero connections of the metadata database stand.

    :param among: collection of str, the ids of those that are wanted; default all
    """
    return [_of(conn_id, others=False) for conn_id in in_database() if among is None or conn_id in among]


def state_of(conn_id: str) -> State:
    """Return how a connection stands; what is wrong with it is told in `who`.

    :param conn_id: str
    """
    return _of(conn_id)


def _of(conn_id: str, *, others: bool = True) -> State:
    """Return how a connection stands; of one that is not from the database only if others are wanted."""
    try:
        found = find(conn_id)
        if not others:
            found.require_in_database()
    except DineroError as error:
        return State(conn_id, in_database=False, who=str(error))
    try:
        return _state(found)
    except DineroError as error:
        grant = str(found.extra.get("grant", "personal_integration"))[:LONGEST_NAME]
        return State(conn_id, grant, in_database=found.in_database, who=f"Whoever edits connections: {error}")


def _state(found: ConnectionRecord) -> State:
    client = found.client()
    token = client.tokens.stored()
    grant = client.grant
    if not isinstance(grant, VismaConnect):
        consent = NOT_NEEDED
    elif token and token.refused:
        consent = REFUSED
    elif token and token.refresh_token:
        consent = GIVEN
    else:
        consent = UNTRIED if grant.refresh_token else MISSING
    organization = str(found.extra.get("organization_id", ""))
    who = _who(found, consent, organization)
    try:
        expires_at = instant(token.expires_at) if token and token.access_token else None
        renewed_at = instant(token.renewed_at) if token else None
    except DineroError as error:
        expires_at, renewed_at, who = None, None, f"Whoever edits Variables: {error}"
    return State(
        found.conn_id,
        str(found.extra.get("grant", "personal_integration")),
        organization,
        found.in_database,
        consent,
        expires_at,
        renewed_at,
        token.place if token else "",
        hidden(token.scope) if token else "",
        who,
    )


def _who(found: ConnectionRecord, consent: str, organization: str) -> str:
    """Return who must act, and how."""
    consents = f"press Connect, or run `airflow dinero authorize {found.conn_id}`."
    if consent == MISSING:
        return f"A user of Dinero must consent: {consents}"
    if consent == REFUSED:
        return f"A user of Dinero must consent again, the last consent has ended: {consents}"
    if organization:
        return ""
    if not found.in_database:
        return "Whoever defines the connection must put organization_id into its extra."
    return f"Somebody must choose its organization: `airflow dinero organizations {found.conn_id} --choose NUMBER`."


def instant(seconds: float) -> datetime | None:
    """Return an instant that is stored with a token, None for none.

    :param seconds: float, since the epoch
    :raises DineroConfigurationError: no calendar has it
    """
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (ValueError, OverflowError, OSError):
        raise DineroConfigurationError(
            f"The stored token names a time that no calendar has: {seconds:g} seconds after 1970.",
            "The next renewal writes it anew. For Visma Connect, press Connect where it stays.",
        ) from None
