"""The two grants, and what they ask a token endpoint for. authlib prepares the requests, the transport sends them."""

import hashlib
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar

from airflow_provider_dinero.api.errors import (
    DineroConfigurationError,
    DineroReauthorizationRequired,
    DineroUnauthorized,
)
from airflow_provider_dinero.api.operations import Repeat
from airflow_provider_dinero.api.ports import Token

LONGEST_LIFE = 86400
CONSENT_AGAIN = "A person must consent again and put the new refresh token into the connection."


@dataclass(frozen=True)
class TokenRequest:
    """A prepared request to a token endpoint.

    :param url: str
    :param headers: dict
    :param body: str, a form
    :param repeat: Repeat; default KEYED: a refresh token whose answer is lost is of no more use unless it is presented
        again within its grace period
    """

    url: str
    headers: dict[str, str] = field(repr=False)
    body: str = field(repr=False)
    repeat: Repeat = Repeat.KEYED


@dataclass(frozen=True)
class PersonalIntegration:
    """The grant for one's own company: an API key, which covers one organization.

    :param client_id: str, from Dinero
    :param client_secret: str, from Dinero
    :param api_key: str, made in Dinero under Integrations; each organization has its own
    :param auth_url: str, root of the token endpoint; default https://authz.dinero.dk
    """

    client_id: str
    client_secret: str = field(repr=False)
    api_key: str = field(repr=False)
    auth_url: str = "https://authz.dinero.dk"

    requests_per_minute: ClassVar[int] = 60
    spends_refresh_token: ClassVar[bool] = False

    @property
    def seed(self) -> str:
        """What the token is made from; with the secret, so that a wrong one never lives on another's token."""
        return f"{self.client_secret}\n{self.api_key}"

    def request(self, stored: Token | None) -> TokenRequest:
        """Return the request for a token (`POST /dineroapi/oauth/token`); what is stored plays no part.

        :param stored: Token or None
        :return: TokenRequest
        """
        return prepare(
            f"{self.auth_url}/dineroapi/oauth/token",
            "client_secret_basic",
            self,
            grant_type="password",
            scope="read write",
            username=self.api_key,
            password=self.api_key,
        )

    def refused(self, reason: str) -> DineroUnauthorized:
        """Return the error for credentials that were not accepted."""
        told = f"Dinero's token endpoint refused the personal integration {self.client_id}: {reason}."
        if reason == "invalid_client":
            return DineroUnauthorized(told, "Check client id and client secret of the connection.")
        return DineroUnauthorized(
            told, "Check client id, client secret and API key of the connection; the subscription may have ended."
        )


@dataclass(frozen=True)
class VismaConnect:
    """The grant for integrations with many customers: one token covers all organizations of the user.

    :param client_id: str, begins with isv_
    :param client_secret: str
    :param refresh_token: str, from the user's consent; default empty, where the token store has it
    :param auth_url: str, root of Visma Connect; default https://connect.visma.com
    :param name: str, tells consents apart that have no refresh token here; default empty
    :param advice: str, how a person consents again, for the error that asks for it
    """

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)
    auth_url: str = "https://connect.visma.com"
    name: str = ""
    advice: str = CONSENT_AGAIN

    requests_per_minute: ClassVar[int] = 100
    spends_refresh_token: ClassVar[bool] = True

    @property
    def seed(self) -> str:
        """What the token is made from: a newly pasted refresh token gets an entry of its own, and so wins.

        Not the secret: when that is changed, the rotated refresh token must still be found.
        """
        return self.refresh_token or f"name {self.name}"

    def request(self, stored: Token | None) -> TokenRequest:
        """Return the request for a token (`POST /connect/token`), with the newest refresh token.

        :param stored: Token or None, which may hold a newer refresh token than the connection
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
        """Return the refresh token that is to be spent next; empty where there is none.

        :param stored: Token or None
        """
        return (stored.refresh_token if stored else None) or self.refresh_token

    def refused(self, reason: str) -> DineroUnauthorized:
        """Return the error for a refresh token, or a client, that was not accepted."""
        if reason != "invalid_grant":
            return DineroUnauthorized(
                f"Visma Connect refused the client {self.client_id}: {reason}.",
                "Check the client id and the client secret of the connection.",
            )
        return DineroReauthorizationRequired(
            f"Visma Connect refused the refresh token of {self.client_id}: {reason}.",
            self.advice,
        )


Grant = PersonalIntegration | VismaConnect


def token_key(grant: Grant) -> str:
    """Return the name under which a grant's token is stored: connections that share a grant share it.

    :param grant: Grant
    """
    digest = hashlib.sha256("\n".join((grant.auth_url, grant.client_id, grant.seed)).encode()).hexdigest()
    return f"dinero_token__{digest[:32]}"


def prepare(url: str, method: str, grant: Grant, grant_type: str, **parameters: str) -> TokenRequest:
    """Return a request to a token endpoint.

    :param url: str
    :param method: str, client_secret_basic or client_secret_post
    :param grant: Grant, for the client's credentials
    :param grant_type: str
    :param parameters: str, what else the form holds
    :raises DineroConfigurationError: the credentials can't be sent
    """
    from authlib.oauth2.auth import ClientAuth
    from authlib.oauth2.rfc6749.parameters import prepare_token_request

    if not (grant.client_id + grant.client_secret).isascii():
        raise DineroConfigurationError(
            f"The client id or secret of {grant.client_id!r} holds a character that none has.", "Copy it once more."
        )
    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    body = prepare_token_request(grant_type, **parameters)
    auth = ClientAuth(grant.client_id, grant.client_secret, method)
    url, headers, body = auth.prepare("POST", url, headers, body)
    return TokenRequest(url, headers, body)


def lifetime(expires_in: object) -> float:
    """Return the seconds that a token lives, a day at the most; an hour where its answer doesn't say.

    :param expires_in: what the endpoint's answer has under this name
    """
    return float(min(max(expires_in, 0), LONGEST_LIFE)) if isinstance(expires_in, int | float | Decimal) else 3600.0
