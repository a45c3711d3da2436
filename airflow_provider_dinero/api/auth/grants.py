"""The two grants and their token requests. authlib prepares the requests, the transport sends them."""

import hashlib
import json
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, TypeVar
from urllib.parse import quote_plus, urlsplit

from airflow_provider_dinero.api.errors import (
    DineroConfigurationError,
    DineroReauthorizationRequired,
    DineroUnauthorized,
)
from airflow_provider_dinero.api.http.pace import PERSONAL_PER_MINUTE, VISMA_CONNECT_PER_MINUTE
from airflow_provider_dinero.api.masking import remember
from airflow_provider_dinero.api.operations import Repeat
from airflow_provider_dinero.api.ports import Token

T = TypeVar("T")

LONGEST_LIFE = 86400
CONSENT_AGAIN = "A person must consent again and put the new refresh token into the connection."


@dataclass(frozen=True)
class TokenRequest:
    """A prepared request to a token endpoint.

    :param url: str
    :param headers: dict
    :param body: str, a form
    :param repeat: Repeat; default KEYED: a refresh token whose response was lost only helps if it is sent again within
        its grace period
    """

    url: str
    headers: dict[str, str] = field(repr=False)
    body: str = field(repr=False)
    repeat: Repeat = Repeat.KEYED


@dataclass(frozen=True)
class PersonalIntegration:
    """The grant for your own company: an API key, which covers one organization.

    :param client_id: str, from Dinero
    :param client_secret: str, from Dinero
    :param api_key: str, created in Dinero under Integrations; each organization has its own
    :param auth_url: str, root of the token endpoint; default https://authz.dinero.dk
    """

    client_id: str
    client_secret: str = field(repr=False)
    api_key: str = field(repr=False)
    auth_url: str = "https://authz.dinero.dk"

    kind: ClassVar[str] = "personal_integration"
    requests_per_minute: ClassVar[int] = PERSONAL_PER_MINUTE
    spends_refresh_token: ClassVar[bool] = False

    def __post_init__(self) -> None:
        remember(*self.secrets)

    @property
    def secrets(self) -> tuple[str, str]:
        """What must not be shown."""
        return self.client_secret, self.api_key

    def request(self, stored: Token | None, secret_as_is: bool = False) -> TokenRequest:
        """Return the request for a token (`POST /dineroapi/oauth/token`).

        :param stored: Token or None; not used
        :param secret_as_is: bool, whether to send the client's credentials unencoded; default False
        :return: TokenRequest
        """
        return prepare(
            f"{self.auth_url}/dineroapi/oauth/token",
            "client_secret_basic",
            self,
            secret_as_is=secret_as_is,
            grant_type="password",
            scope="read write",
            username=self.api_key,
            password=self.api_key,
        )

    def refused(self, reason: str) -> DineroUnauthorized:
        """Return the error for rejected credentials."""
        told = f"Dinero's token endpoint rejected the personal integration {self.client_id}: {reason}."
        if reason == "invalid_client":
            return DineroUnauthorized(told, "Check the client ID and client secret of the connection.", said=reason)
        return DineroUnauthorized(
            told,
            "Check the client ID, client secret and API key of the connection; the subscription may have ended.",
            said=reason,
        )


@dataclass(frozen=True)
class VismaConnect:
    """The grant for integrations with many customers: one token covers all organizations of the user.

    :param client_id: str, starts with isv_
    :param client_secret: str
    :param refresh_token: str, from the user's consent; default empty, if the token store has it
    :param auth_url: str, root of Visma Connect; default https://connect.visma.com
    :param name: str, distinguishes consents without a refresh token here; default empty
    :param advice: str, how a person consents again, for the error message
    """

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)
    auth_url: str = "https://connect.visma.com"
    name: str = ""
    advice: str = CONSENT_AGAIN

    kind: ClassVar[str] = "visma_connect"
    requests_per_minute: ClassVar[int] = VISMA_CONNECT_PER_MINUTE
    spends_refresh_token: ClassVar[bool] = True

    def __post_init__(self) -> None:
        remember(*self.secrets)

    @property
    def secrets(self) -> tuple[str, str]:
        """What must not be shown."""
        return self.client_secret, self.refresh_token

    def request(self, stored: Token | None, secret_as_is: bool = False) -> TokenRequest:
        """Return the request for a token (`POST /connect/token`), with the newest refresh token.

        :param stored: Token or None, which may have a newer refresh token than the connection
        :param secret_as_is: bool; not used, since the credentials are in the form
        :return: TokenRequest
        """
        return prepare(
            f"{self.auth_url}/connect/token",
            "client_secret_post",
            self,
            grant_type="refresh_token",
            refresh_token=self.newest(stored),
        )

    def newest(self, stored: Token | None) -> str:
        """Return the refresh token to use next; empty if there is none.

        :param stored: Token or None
        """
        return (stored.refresh_token if stored else None) or self.refresh_token

    def refused(self, reason: str) -> DineroUnauthorized:
        """Return the error for a rejected refresh token or client."""
        if reason != "invalid_grant":
            return DineroUnauthorized(
                f"Visma Connect rejected the client {self.client_id}: {reason}.",
                "Check the client ID and the client secret of the connection.",
                said=reason,
            )
        return DineroReauthorizationRequired(
            f"Visma Connect rejected the refresh token of {self.client_id}: {reason}.",
            self.advice,
            said=reason,
        )


Grant = PersonalIntegration | VismaConnect


def token_key(grant: Grant, base_url: str) -> str:
    """Return the name under which a grant's token is stored: connections that share a grant share the token.

    For a personal integration the name depends on everything that the token depends on. For Visma Connect it depends on
    the consent: the first refresh token, or else the connection's name. So a newly pasted refresh token has its own
    entry, and is used. The name doesn't depend on the secret and the API: after a change of these, the rotated refresh
    token must still be found, since reusing an old one ends the consent. `binding` stops the access token from being
    used with them.

    :param grant: Grant
    :param base_url: str, root of the API
    """
    if isinstance(grant, PersonalIntegration):
        made_from = ["secret and key", binding(grant, base_url), grant.api_key]
    elif grant.refresh_token:
        made_from = ["refresh token", grant.refresh_token]
    else:
        made_from = ["name", grant.name]
    return f"dinero_token__{_digest(grant.kind, normal(grant.auth_url), grant.client_id, *made_from)}"


def binding(grant: Grant, base_url: str) -> str:
    """Return a fingerprint of what an access token is bound to: the client secret and the API.

    :param grant: Grant
    :param base_url: str, root of the API
    """
    return _digest(normal(base_url), grant.client_secret)


def earlier_key(grant: Grant) -> str:
    """Return the name of a consent's token before release 0.1.0; empty if there is nothing to migrate.

    :param grant: Grant
    """
    # A refresh token with a blank in it had the same name as a connection without a refresh token.
    if isinstance(grant, PersonalIntegration) or any(each.isspace() for each in grant.refresh_token):
        return ""
    made_from = grant.refresh_token or f"name {grant.name}"
    digest = hashlib.sha256("\n".join((grant.auth_url, grant.client_id, made_from)).encode()).hexdigest()
    return f"dinero_token__{digest[:32]}"


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def normal(url: str) -> str:
    """Return an address in its normal form: host in lower case, no default port, no slash at the end."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # not an address: reported when it is used
        return url
    named = port and port != {"https": 443, "http": 80}.get(parts.scheme)
    return f"{parts.scheme}://{parts.hostname}{f':{port}' if named else ''}{parts.path.rstrip('/')}"


def prepare(
    url: str, method: str, grant: Grant, *, secret_as_is: bool = False, grant_type: str, **parameters: str
) -> TokenRequest:
    """Return a request to a token endpoint.

    :param url: str
    :param method: str, client_secret_basic or client_secret_post
    :param grant: Grant, for the client's credentials
    :param secret_as_is: bool, whether client_secret_basic sends them unencoded; default False
    :param grant_type: str
    :param parameters: str, other fields of the form
    :raises DineroConfigurationError: the credentials can't be sent
    """
    from authlib.oauth2.rfc6749.parameters import prepare_token_request

    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    return authenticated(url, method, grant, secret_as_is, headers, prepare_token_request(grant_type, **parameters))


def authenticated(
    url: str, method: str, grant: Grant, secret_as_is: bool, headers: MutableMapping[str, str], body: str
) -> TokenRequest:
    """Return a request with the client's credentials; its parameters are those of `prepare`.

    For client_secret_basic, RFC 6749, 2.3.1, requires form-encoding both parts before joining them. Most clients don't.

    :raises DineroConfigurationError: the credentials can't be sent
    """
    from authlib.oauth2.auth import ClientAuth

    if not (grant.client_id + grant.client_secret).isascii():
        raise DineroConfigurationError(
            f"The client ID or secret of {grant.client_id!r} contains an invalid character.", "Copy it again."
        )
    remember(*grant.secrets)  # a process that has used many since still hides these
    credentials = grant.client_id, grant.client_secret
    if method == "client_secret_basic" and not secret_as_is:
        credentials = quote_plus(grant.client_id), quote_plus(grant.client_secret)
    return TokenRequest(*ClientAuth(*credentials, method).prepare("POST", url, dict(headers), body))


def in_either_spelling(
    send: Callable[[TokenRequest], T], prepared: Callable[[bool], TokenRequest], secret_as_is: bool
) -> tuple[T, bool]:
    """Send a request; if the client is rejected, send it again with the credentials in the other encoding.

    A rejected request has done nothing, so it is safe to send again even if it must succeed only once.

    :param send: callable
    :param prepared: callable that returns the request, with the credentials unencoded (True) or form-encoded (False)
    :param secret_as_is: bool, the encoding to try first
    :return: (the response, the encoding that worked)
    :raises DineroUnauthorized: the client was rejected in both encodings, or they are the same
    """
    first, second = prepared(secret_as_is), prepared(not secret_as_is)
    try:
        return send(first), secret_as_is
    except DineroUnauthorized as error:
        if error.said != "invalid_client" or first == second:
            raise
    return send(second), not secret_as_is


def lifetime(expires_in: object) -> float:
    """Return the lifetime of a token in seconds: at most a day; an hour if the response doesn't say.

    :param expires_in: the value of this property in the endpoint's response
    """
    return float(min(max(expires_in, 0), LONGEST_LIFE)) if isinstance(expires_in, int | float | Decimal) else 3600.0
