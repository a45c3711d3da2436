"""Consent at Visma Connect: the link that asks for it, the response, the resulting tokens, and its revocation."""

import base64
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Protocol

from airflow_provider_dinero.api.auth.grants import (
    Grant,
    VismaConnect,
    authenticated,
    in_either_spelling,
    lifetime,
    normal,
    prepare,
)
from airflow_provider_dinero.api.auth.token_endpoint import TokenEndpoint
from airflow_provider_dinero.api.errors import (
    DineroConfigurationError,
    DineroOutcomeUnknown,
    DineroReauthorizationRequired,
    DineroRefused,
    DineroUnavailable,
)
from airflow_provider_dinero.api.masking import remember
from airflow_provider_dinero.api.operations import Repeat
from airflow_provider_dinero.api.ports import Token

READ = "dineropublicapi:read"
WRITE = "dineropublicapi:write"
OFFLINE = "offline_access"
SCOPE = f"{READ} {WRITE} {OFFLINE}"
READ_ONLY_SCOPE = f"{READ} {OFFLINE}"
LONGEST = 200

# How each endpoint accepted a client's credentials in this process, by address and client ID.
_spellings: dict[tuple[str, str], bool] = {}

# What to do about the errors that Visma Connect returns through the browser.
_ADVICE = {
    "access_denied": "Start again, and allow the access.",
    "invalid_scope": f"The application at Visma must be granted the scopes {SCOPE}.",
    "unauthorized_client": "The application at Visma must be a Web application with the authorization code grant.",
    "unsupported_response_type": "The application at Visma must be a Web application.",
    "server_error": "Try again later.",
    "temporarily_unavailable": "Try again later.",
}


class HasGrant(Protocol):
    """A client, as far as consent needs it."""

    @property
    def grant(self) -> Grant:
        """The grant."""

    @property
    def endpoint(self) -> TokenEndpoint:
        """The token endpoint of the grant."""


@dataclass(frozen=True)
class Consent:
    """A request for consent: what you must keep until the browser returns with the response.

    :param url: str, the address to open in the person's browser
    :param redirect_uri: str, the address to which the browser returns
    :param scope: str, the requested scopes
    :param state: str, returned with the response, to match it to this request
    :param nonce: str, returned in an id_token
    :param verifier: str, proves to the token endpoint that the code was requested by you (PKCE)
    :param issuer: str, the server that was asked; default empty, unknown
    """

    url: str = field(repr=False)
    redirect_uri: str
    scope: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    issuer: str = ""

    def __post_init__(self) -> None:
        remember(self.state, self.nonce, self.verifier)

    def as_dict(self) -> dict[str, str]:
        """Return it as plain JSON. Store it where only the same person can access it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> "Consent":
        """Return the consent from the dict that `as_dict` returned.

        :param kept: mapping
        :raises KeyError: the mapping isn't a consent
        """
        known = {"issuer": "", **kept}
        return cls(**{each.name: str(known[each.name]) for each in fields(cls)})

    def is_answered_by(self, answer: Mapping[str, str]) -> bool:
        """Tell whether a response belongs to this request, in constant time.

        :param answer: mapping, the fields that arrived at the redirect URI
        """
        return hmac.compare_digest(answer.get("state", "").encode(), self.state.encode())


def begin(grant: VismaConnect, redirect_uri: str, response_mode: str = "query", scope: str = SCOPE) -> Consent:
    """Prepare a request for a person's consent (`GET /connect/authorize`); this sends nothing.

    :param grant: VismaConnect
    :param redirect_uri: str, exactly as registered at Visma
    :param response_mode: str, query or form_post; default query
    :param scope: str, separated by spaces; default reading, writing, and offline access
    :return: Consent
    """
    from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
    from authlib.oauth2.rfc7636 import create_s256_code_challenge

    state, nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    url = prepare_grant_uri(
        f"{grant.auth_url}/connect/authorize",
        grant.client_id,
        "code",
        redirect_uri,
        scope,
        state,
        nonce=nonce,
        response_mode=response_mode,
        code_challenge=create_s256_code_challenge(verifier),
        code_challenge_method="S256",
    )
    return Consent(str(url), redirect_uri, scope, state, nonce, verifier, grant.auth_url)


def code_of(consent: Consent, answer: Mapping[str, str]) -> str:
    """Return the code from the response that the browser brought.

    :param consent: Consent
    :param answer: mapping, the fields that arrived at the redirect URI, by query or by form
    :raises DineroRefused: the person, or Visma Connect, denied it
    :raises DineroConfigurationError: the response doesn't belong to this request
    """
    if not consent.is_answered_by(answer):
        raise DineroConfigurationError(
            "This response doesn't belong to the latest request for consent.", "Start again with the newest link."
        )
    # One redirect URI serves all servers, and a code must not go to a server that didn't issue it (RFC 9207).
    _require_issuer(answer.get("iss", ""), consent.issuer, f"This response is not from {consent.issuer}")
    if error := answer.get("error"):
        said = f"{error}: {answer['error_description']}" if answer.get("error_description") else error
        said = "".join(each for each in said if each.isprintable())[:LONGEST]
        advice = _ADVICE.get(error, "Check the client ID, redirect URI and scopes of the application at Visma.")
        raise DineroRefused(f"Visma Connect didn't grant consent ({said}).", advice, said=error)
    if not answer.get("code"):
        raise DineroConfigurationError("The response contains no code.", "Start again.")
    return answer["code"]


def exchange(client: HasGrant, consent: Consent, code: str) -> Token:
    """Exchange a code for tokens (`POST /connect/token`); this doesn't store them.

    :param client: DineroClient with the grant that requested the consent
    :param consent: Consent
    :param code: str, valid once
    :raises DineroRefused: the code is used or expired, or the client's credentials are wrong
    :raises DineroConfigurationError: there is no refresh token, so the consent would end within the hour; or the code
        is from another server
    :raises DineroUnavailable: there was no response
    """
    remember(code)
    grant = visma_connect(client)
    _require_issuer(consent.issuer, grant.auth_url, f"The consent was requested at {consent.issuer}")
    request = prepare(
        f"{grant.auth_url}/connect/token",
        "client_secret_post",
        grant,
        grant_type="authorization_code",
        code=code,
        redirect_uri=consent.redirect_uri,
        code_verifier=consent.verifier,
    )
    try:
        # Once only: a server takes a repeated code for a stolen one, and revokes the tokens issued for it.
        answer = client.endpoint.fetch(replace(request, repeat=Repeat.BARE))
    except DineroOutcomeUnknown as error:
        raise DineroUnavailable(
            "Visma Connect's response to the code was lost.", "Start again: a code is valid only once."
        ) from error
    except DineroReauthorizationRequired as error:
        raise DineroRefused(
            "Visma Connect did not accept the code (invalid_grant): it was already used, or it has expired.",
            "Start again. A code is valid once, for a few minutes.",
            said="invalid_grant",
        ) from error
    if not hmac.compare_digest(_nonce(answer.get("id_token"), consent.nonce).encode(), consent.nonce.encode()):
        raise DineroConfigurationError("The id_token belongs to another consent.", "Start again.")
    if not answer.get("refresh_token"):
        raise DineroConfigurationError(
            f"Visma Connect returned no refresh token: {OFFLINE} was not granted.",
            f"Grant the application {OFFLINE} at Visma; then start again, and allow the access.",
        )
    now = time.time()
    return Token(
        str(answer["access_token"]),
        now + lifetime(answer.get("expires_in")),
        str(answer["refresh_token"]),
        renewed_at=now,
        scope=str(answer.get("scope") or consent.scope),
    )


def revoke(client: HasGrant, refresh_token: str) -> None:
    """Revoke a consent (`POST /connect/revocation`). A token that Visma Connect doesn't know isn't an error.

    :param client: DineroClient
    :param refresh_token: str, the newest; the other tokens of its grant are revoked with it
    :raises DineroUnauthorized: the client's credentials were not accepted; nothing was revoked
    """
    from authlib.oauth2.rfc7009 import prepare_revoke_token_request

    grant = visma_connect(client)
    url = f"{grant.auth_url}/connect/revocation"
    body, headers = prepare_revoke_token_request(refresh_token, "refresh_token", headers={"Accept": "application/json"})
    remember(refresh_token)
    _, _spellings[url, grant.client_id] = in_either_spelling(
        client.endpoint.send,
        lambda as_is: authenticated(url, "client_secret_basic", grant, as_is, headers, body),
        _spellings.get((url, grant.client_id), False),
    )


def visma_connect(client: HasGrant) -> VismaConnect:
    """Return the client's grant, if a person can consent to it.

    :param client: DineroClient
    :raises DineroConfigurationError: it is a personal integration
    """
    if not isinstance(client.grant, VismaConnect):
        raise DineroConfigurationError(
            "A personal integration needs no consent: it works with its API key.",
            "If you need consent, set the grant of the connection to visma_connect.",
        )
    return client.grant


def _require_issuer(said: str, wanted: str, told: str) -> None:
    """Check that the server, if named, is the one that will receive the code."""
    if said and wanted and normal(said) != normal(wanted):
        raise DineroConfigurationError(
            f"{told}, but its code would be sent to another server. Nothing was sent.",
            "Check auth_url in the connection, and start again.",
            settings=("auth_url",),
        )


def _nonce(id_token: object, default: str) -> str:
    """Return the nonce of an id_token. Its signature isn't checked: it came from the token endpoint over TLS."""
    if not isinstance(id_token, str):
        return default  # an id_token exists only with the scope openid
    try:
        payload = id_token.split(".")[1]
        return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["nonce"])
    except (IndexError, ValueError, KeyError, TypeError, RecursionError):
        return ""
