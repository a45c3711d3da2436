"""A person's consent at Visma Connect: the link that asks for it, the answer, the tokens that follow, and its end."""

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

# How the endpoints that end a consent took a client's credentials, in this process: by address and client id.
_spellings: dict[tuple[str, str], bool] = {}

# What to do about the errors that Visma Connect sends back with the browser.
_ADVICE = {
    "access_denied": "Start again, and allow it.",
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
        """Its token endpoint."""


@dataclass(frozen=True)
class Consent:
    """A consent that is asked for: what has to be kept until the browser brings the answer.

    :param url: str, where the person's browser goes
    :param redirect_uri: str, where it comes back to
    :param scope: str, what is asked for
    :param state: str, comes back with the answer, and shows that it is the answer to this question
    :param nonce: str, comes back in an id_token
    :param verifier: str, shows at the token endpoint that whoever has the code has asked for it (PKCE)
    :param issuer: str, who was asked; default empty, unknown
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
        """Return it as plain JSON, to keep where only the same person gets at it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> "Consent":
        """Return the consent that `as_dict` gave.

        :param kept: mapping
        :raises KeyError: it is none
        """
        known = {"issuer": "", **kept}
        return cls(**{each.name: str(known[each.name]) for each in fields(cls)})

    def is_answered_by(self, answer: Mapping[str, str]) -> bool:
        """Tell whether an answer belongs to this question, in constant time.

        :param answer: mapping, the fields that came to the redirect URI
        """
        return hmac.compare_digest(answer.get("state", "").encode(), self.state.encode())


def begin(grant: VismaConnect, redirect_uri: str, response_mode: str = "query", scope: str = SCOPE) -> Consent:
    """Return what is needed to ask a person for consent (`GET /connect/authorize`); nothing is sent.

    :param grant: VismaConnect
    :param redirect_uri: str, exactly as it is registered at Visma
    :param response_mode: str, query or form_post; default query
    :param scope: str, with spaces; default reading, writing, and doing so while the person is away
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
    """Return the code of an answer that the browser has brought.

    :param consent: Consent
    :param answer: mapping, the fields that came to the redirect URI, by query or by form
    :raises DineroRefused: the person, or Visma Connect, said no
    :raises DineroConfigurationError: it is not an answer to this question
    """
    if not consent.is_answered_by(answer):
        raise DineroConfigurationError(
            "This is not the answer to the consent that was asked for.", "Start again, with the newest link."
        )
    # One redirect URI serves all servers, and the code of one must not go to another (RFC 9207).
    _require_issuer(answer.get("iss", ""), consent.issuer, f"This answer is not from {consent.issuer}")
    if error := answer.get("error"):
        said = f"{error}: {answer['error_description']}" if answer.get("error_description") else error
        said = "".join(each for each in said if each.isprintable())[:LONGEST]
        advice = _ADVICE.get(error, "Check client id, redirect URI and scopes of the application at Visma.")
        raise DineroRefused(f"Visma Connect gave no consent ({said}).", advice, said=error)
    if not answer.get("code"):
        raise DineroConfigurationError("The answer holds no code.", "Start again.")
    return answer["code"]


def exchange(client: HasGrant, consent: Consent, code: str) -> Token:
    """Return the tokens that a code stands for (`POST /connect/token`); they are not stored.

    :param client: DineroClient with the grant that began the consent
    :param consent: Consent
    :param code: str, good for once
    :raises DineroRefused: the code is used or too old, or the client's credentials are wrong
    :raises DineroConfigurationError: there is no refresh token, so the consent would end within the hour; or the code
        is that of another server
    :raises DineroUnavailable: there was no answer
    """
    remember(code)
    grant = visma_connect(client)
    _require_issuer(consent.issuer, grant.auth_url, f"The consent was asked for at {consent.issuer}")
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
        # Once: a code that comes twice is taken for stolen, and what came of it is revoked.
        answer = client.endpoint.fetch(replace(request, repeat=Repeat.BARE))
    except DineroOutcomeUnknown as error:
        raise DineroUnavailable(
            "Visma Connect's answer to the code was lost.", "Start again: a code is good for once."
        ) from error
    except DineroReauthorizationRequired as error:
        raise DineroRefused(
            "Visma Connect did not accept the code (invalid_grant): it was used before, or is too old.",
            "Start again. A code is good for a few minutes, and for once.",
            said="invalid_grant",
        ) from error
    if not hmac.compare_digest(_nonce(answer.get("id_token"), consent.nonce).encode(), consent.nonce.encode()):
        raise DineroConfigurationError("The id_token belongs to another consent.", "Start again.")
    if not answer.get("refresh_token"):
        raise DineroConfigurationError(
            f"Visma Connect gave no refresh token: {OFFLINE} was not granted.",
            f"The application at Visma must be granted {OFFLINE}; then start again, and allow it.",
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
    """End a consent (`POST /connect/revocation`). A token that Visma Connect doesn't know any more is not an error.

    :param client: DineroClient
    :param refresh_token: str, the newest; the others of its grant end with it
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
    """Return the client's grant, which a person can consent to.

    :param client: DineroClient
    :raises DineroConfigurationError: it is another
    """
    if not isinstance(client.grant, VismaConnect):
        raise DineroConfigurationError(
            "A personal integration needs no consent: its API key is all.",
            "For consent, set the grant of the connection to visma_connect.",
        )
    return client.grant


def _require_issuer(said: str, wanted: str, told: str) -> None:
    """Make sure that a server, where it is named, is the one that the code is to go to."""
    if said and wanted and normal(said) != normal(wanted):
        raise DineroConfigurationError(
            f"{told}, and its code would go to another server. Nothing was sent.",
            "Look at auth_url in the connection, and start again.",
        )


def _nonce(id_token: object, default: str) -> str:
    """Return the nonce of an id_token. It came from the token endpoint by TLS, which stands for its signature."""
    if not isinstance(id_token, str):
        return default  # there is one only with the scope openid
    try:
        payload = id_token.split(".")[1]
        return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["nonce"])
    except (IndexError, ValueError, KeyError, TypeError, RecursionError):
        return ""
