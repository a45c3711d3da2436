"""Consent from end to end: the link, the answer, the tokens kept, the organization chosen; and the end of it."""

from collections.abc import Collection, Mapping
from typing import Any

from airflow_provider_dinero.adapters.connections import PATIENCE
from airflow_provider_dinero.adapters.subscription import described, reached
from airflow_provider_dinero.api.auth.consent import (
    READ_ONLY_SCOPE,
    SCOPE,
    Consent,
    code_of,
    exchange,
    revoke,
    visma_connect,
)
from airflow_provider_dinero.api.auth.consent import begin as ask
from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroError
from airflow_provider_dinero.api.ports import Token
from airflow_provider_dinero.consent import taken
from airflow_provider_dinero.consent.connections import ConnectionRecord, find, sharing, write


def begin(conn_id: str, redirect_uri: str, response_mode: str = "query") -> Consent:
    """Return what is needed to ask a person for consent; nothing is sent and nothing is stored.

    :param conn_id: str
    :param redirect_uri: str, exactly as it is registered at Visma
    :param response_mode: str, query or form_post; default query
    :return: Consent, to keep until the browser brings the answer
    :raises DineroConfigurationError: the connection lacks something, is a personal integration, or has an address that
        a person must not be led to
    """
    client = find(conn_id).client()
    grant = visma_connect(client)
    client.require_safe(grant.auth_url)
    return ask(grant, redirect_uri, response_mode, READ_ONLY_SCOPE if client.read_only else SCOPE)


def finish(
    conn_id: str, consent: Consent, answer: Mapping[str, str], organization: int | str | None = None
) -> list[dict[str, Any]]:
    """Turn the browser's answer into a stored token, and settle the connection's organization where that is clear.

    The token is stored before anything else is tried: what fails after that can be repeated without a person. The code
    is exchanged once, however often the answer comes: one that is sent again ends what came of it.

    :param conn_id: str
    :param consent: Consent that `begin` gave
    :param answer: mapping, the fields that came to the redirect URI
    :param organization: int or digits as str, what to use from now on; default the connection's own, else the only one
    :return: list of dicts with Id, Name and IsPro: what the person may use. Where the connection has no organization
        yet and there are several, somebody has to `choose`
    :raises DineroError: says what happened, and whether the consent is stored
    """
    found = find(conn_id)
    client = found.client()
    if organization is not None:
        _require_writable(found, organization)
    code = code_of(consent, answer)
    with client.lock.hold(client.tokens.key):  # who can't have it is told so while the code is still good
        if taken.take(consent.state):
            token = exchange(client, consent, code)
            try:
                _keep(found, token)
            except DineroError as error:
                error.args = (f"The consent could not be stored. {error}",)
                raise
            taken.stored(consent.state)
        elif not taken.is_stored(consent.state):
            raise DineroConfigurationError(
                "This answer of Visma Connect came before, and its code is exchanged once only.",
                f"If {conn_id} is not connected in a minute, start again.",
            )
    found = find(conn_id)  # as it is now
    try:
        rows = organizations(conn_id)
        if organization is None and "organization_id" not in found.extra and found.in_database and len(rows) == 1:
            organization = rows[0]["Id"]
        if organization is not None:
            choose(conn_id, organization, rows)
    except DineroError as error:
        error.args = (f"The consent is stored. {error}",)
        raise
    return rows


def organizations(conn_id: str) -> list[dict[str, Any]]:
    """Return the organizations that a connection reaches (`GET /v1/organizations`).

    :param conn_id: str
    :return: list of dicts with Id, Name and IsPro
    :raises DineroUnexpectedAnswer: one has no number or no name
    """
    client = find(conn_id).client(timeout=PATIENCE)
    with client.session.guard():
        rows = client.organizations.list(fields=("Id", "Name", "IsPro"))
        return [{**described(each), "IsPro": bool(each["IsPro"])} for each in rows]


def choose(conn_id: str, organization: int | str, found: list[dict[str, Any]]) -> None:
    """Make an organization the connection's own.

    :param conn_id: str
    :param organization: int or digits as str
    :param found: list of dicts, what `organizations` gave
    :raises DineroConfigurationError: it is not among them, or not allowed, or the connection can't be written
    """
    number = _require_writable(find(conn_id), organization)
    if number not in {each["Id"] for each in found}:
        raise DineroConfigurationError(
            f"These credentials don't reach organization {number}. {reached(found)}", "Choose one of these."
        )
    write([conn_id], {"organization_id": str(number)})


def disconnect(conn_id: str, editable: Collection[str] | None = None) -> list[str]:
    """End a consent at Visma Connect, and forget its tokens here.

    :param conn_id: str
    :param editable: collection of str, the ids of the connections that may be written; default all
    :return: ids of the connections in the database that it is taken from
    :raises DineroUnauthorized: the client's credentials were not accepted; nothing was changed
    """
    found = find(conn_id)
    client, store = found.client(), found.store
    key = client.tokens.key
    with client.lock.hold(key):
        spent = visma_connect(client).newest(client.tokens.stored())
        if spent:
            revoke(client, spent)
        sharers = sharing(key)
        shared = [each for each in sharers if editable is None or each in editable]
        write(shared, {"refresh_token": None})
        if found.in_database and shared == sharers:
            store.delete(key)
            store.delete(client.tokens.earlier_key)
        else:
            # A refresh token stays where it is defined: this keeps it from being presented again.
            store.save(key, Token("", 0.0, refused=True))
    return shared


def _require_writable(found: ConnectionRecord, organization: int | str) -> int:
    """Return the number of an organization that can become the connection's own."""
    number = found.client(organization).organization_id
    if not found.in_database and str(found.extra.get("organization_id")) != str(number):
        raise DineroConfigurationError(
            f"Connection {found.conn_id} is not in Airflow's database, so its organization can't be written.",
            f'Put "organization_id": {number} into its extra, where it is defined.',
        )
    return number


def _keep(found: ConnectionRecord, token: Token) -> None:
    """Store the tokens of a new consent, under the name that the connection looks for."""
    client = found.client()
    client.tokens.adopt(token)
    if "refresh_token" in found.extra or not found.in_database:
        return  # its name stays, and whoever shared the old consent shares the new one
    # It had no consent before, so its token's name is its own. With the refresh token in it, the Test button, which
    # runs under another id, finds the token too, and a copy of the connection shares it.
    with client.lock.hold(client.tokens.key):
        write([found.conn_id], {"refresh_token": token.refresh_token})
        find(found.conn_id).client().tokens.adopt(token)
        found.store.delete(client.tokens.key)
