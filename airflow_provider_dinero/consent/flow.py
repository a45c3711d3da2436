"""Consent from end to end: the link, the response, storing the tokens, choosing the organization, disconnecting."""

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
from airflow_provider_dinero.consent import used_responses
from airflow_provider_dinero.consent.connections import ConnectionRecord, find, sharing, write


def begin(conn_id: str, redirect_uri: str, response_mode: str = "query") -> Consent:
    """Prepare a request for a person's consent; this sends and stores nothing.

    :param conn_id: str
    :param redirect_uri: str, exactly as registered at Visma
    :param response_mode: str, query or form_post; default query
    :return: Consent, to keep until the browser returns with the response
    :raises DineroConfigurationError: the connection is incomplete, is a personal integration, or has an address to
        which a person must not be sent
    """
    client = find(conn_id).client()
    grant = visma_connect(client)
    client.require_safe(grant.auth_url)
    return ask(grant, redirect_uri, response_mode, READ_ONLY_SCOPE if client.read_only else SCOPE)


def finish(
    conn_id: str, consent: Consent, answer: Mapping[str, str], organization: int | str | None = None
) -> list[dict[str, Any]]:
    """Turn the browser's response into a stored token, and set the connection's organization if it is unambiguous.

    The token is stored before anything else, so that whatever fails after that can be repeated without a person. The
    code is exchanged only once, however often the response arrives: repeating it would revoke the tokens.

    :param conn_id: str
    :param consent: Consent from `begin`
    :param answer: mapping, the fields that arrived at the redirect URI
    :param organization: int or digits as str, the organization to use; default the connection's own, else the only one
    :return: list of dicts with Id, Name and IsPro: the organizations that the person can use. If the connection has no
        organization yet and there are several, somebody must `choose`
    :raises DineroError: it says what happened, and whether the consent is stored
    """
    found = find(conn_id)
    client = found.client()
    if organization is not None:
        _require_writable(found, organization)
    code = code_of(consent, answer)
    with client.lock.hold(client.tokens.key):  # if the lock isn't available, this fails while the code is still valid
        if used_responses.take(consent.state):
            token = exchange(client, consent, code)
            try:
                _keep(found, token)
            except DineroError as error:
                error.done_before = "The consent could not be stored."
                raise
            used_responses.stored(consent.state)
        elif not used_responses.is_stored(consent.state):
            raise DineroConfigurationError(
                "This response of Visma Connect arrived before, and its code can be exchanged only once.",
                f"If {conn_id} is not connected within a minute, start again.",
            )
    found = find(conn_id)  # its present state
    try:
        rows = organizations(conn_id)
        if organization is None and "organization_id" not in found.extra and found.in_database and len(rows) == 1:
            organization = rows[0]["Id"]
        if organization is not None:
            choose(conn_id, organization, rows)
    except DineroError as error:
        error.done_before = "The consent is stored."
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
    """Set the connection's organization.

    :param conn_id: str
    :param organization: int or digits as str
    :param found: list of dicts, from `organizations`
    :raises DineroConfigurationError: it isn't among them, isn't allowed, or the connection can't be written
    """
    number = _require_writable(find(conn_id), organization)
    if number not in {each["Id"] for each in found}:
        raise DineroConfigurationError(
            f"These credentials don't reach organization {number}. {reached(found)}", "Choose one of these."
        )
    write([conn_id], {"organization_id": str(number)})


def disconnect(conn_id: str, editable: Collection[str] | None = None) -> list[str]:
    """Revoke a consent at Visma Connect, and delete its tokens here.

    :param conn_id: str
    :param editable: collection of str, the ids of the connections that may be written; default all
    :return: ids of the connections in the database from which it was removed
    :raises DineroUnauthorized: the client's credentials were rejected; nothing was changed
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
            # The refresh token stays where it is defined: this stops it from being used again.
            store.save(key, Token("", 0.0, refused=True))
    return shared


def _require_writable(found: ConnectionRecord, organization: int | str) -> int:
    """Return the number of an organization that can be set in the connection."""
    number = found.client(organization).organization_id
    if not found.in_database and str(found.extra.get("organization_id")) != str(number):
        raise DineroConfigurationError(
            f"Connection {found.conn_id} is not in Airflow's database, so its organization can't be written.",
            f'Add "organization_id": {number} to its extra, where it is defined.',
        )
    return number


def _keep(found: ConnectionRecord, token: Token) -> None:
    """Store the tokens of a new consent under the connection's name for them."""
    client = found.client()
    client.tokens.adopt(token)
    if "refresh_token" in found.extra or not found.in_database:
        return  # the name stays the same, and connections that shared the old consent share the new one
    # It had no consent before, so the token has the connection's own name. With the refresh token in the connection,
    # the Test button, which runs under another id, finds the token too, and a copy of the connection shares it.
    with client.lock.hold(client.tokens.key):
        write([found.conn_id], {"refresh_token": token.refresh_token})
        find(found.conn_id).client().tokens.adopt(token)
        found.store.delete(client.tokens.key)
