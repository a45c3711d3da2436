"""The state of connections, from what is stored: no request is sent."""

import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from airflow_provider_dinero.api.auth.grants import VismaConnect
from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroError
from airflow_provider_dinero.api.masking import hidden
from airflow_provider_dinero.consent.connections import ConnectionRecord, find, in_database

# The possible states of a connection's consent.
GIVEN, UNTRIED, MISSING, REFUSED, NOT_NEEDED, UNKNOWN = (
    "given", "untried", "missing", "refused", "not needed", "unknown"
)  # fmt: skip

# What is shown of what a connection has for a grant.
LONGEST_NAME = 80


@dataclass(frozen=True)
class State:
    """The state of a connection.

    :param conn_id: str
    :param grant: str, visma_connect or personal_integration; empty if the connection has neither
    :param organization: str, the number; empty if the connection has none
    :param in_database: bool, whether Airflow can write the connection
    :param consent: str, given; untried (a refresh token exists that was never used); missing; refused;
        not needed (a personal integration); unknown (the connection is incomplete)
    :param expires_at: datetime (UTC) or None, when the stored access token expires
    :param renewed_at: datetime (UTC) or None, when it was renewed
    :param place: str, the lock under which it was renewed
    :param scope: str, its scope; empty if unknown
    :param who: str, who must act, and how; empty if nobody must
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
    """Return the states of Dinero connections in the metadata database.

    :param among: collection of str, their ids; default all
    """
    return [_of(conn_id, others=False) for conn_id in in_database() if among is None or conn_id in among]


def state_of(conn_id: str) -> State:
    """Return the state of a connection; `who` says what is wrong with it.

    :param conn_id: str
    """
    return _of(conn_id)


def _of(conn_id: str, *, others: bool = True) -> State:
    """Return the state of a connection; of one that isn't from the database only if others are wanted."""
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
        return State(conn_id, grant, in_database=found.in_database, who=f"Somebody who edits connections: {error}")


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
        expires_at, renewed_at, who = None, None, f"Somebody who edits Variables: {error}"
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
        return f"A user of Dinero must consent again, since the last consent has ended: {consents}"
    if organization:
        return ""
    if not found.in_database:
        return "Whoever defines the connection must add organization_id to its extra."
    button = "press Choose the organization, or " if consent == GIVEN else ""
    command = f"`airflow dinero organizations {found.conn_id} --choose NUMBER`"
    return f"Somebody must choose its organization: {button}run {command}."


def instant(seconds: float) -> datetime | None:
    """Return the instant stored with a token, None for 0.

    :param seconds: float, since the epoch
    :raises DineroConfigurationError: it is outside the calendar
    """
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (ValueError, OverflowError, OSError):
        raise DineroConfigurationError(
            f"The stored token has an impossible time: {seconds:g} seconds after 1970.",
            "The next renewal corrects it. For Visma Connect, press Connect if it doesn't.",
        ) from None
