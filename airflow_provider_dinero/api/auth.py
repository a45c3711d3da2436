"""The two grants, and the token that a deployment shares. authlib prepares the requests, the transport sends them."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar

from airflow_provider_dinero.api.errors import (
    DineroConfigurationError,
    DineroReauthorizationRequired,
    DineroUnauthorized,
)
from airflow_provider_dinero.api.ports import Lock, Token, TokenStore

# A token this close to its end is renewed before it is used: a request may wait a minute for its slot.
LEEWAY_SECONDS = 90.0


@dataclass(frozen=True)
class TokenRequest:
    """A prepared request to a token endpoint."""

    url: str
    headers: dict[str, str] = field(repr=False)
    body: str = field(repr=False)


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
        return _prepare(
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
        return DineroUnauthorized(
            f"Dinero's token endpoint refused the personal integration {self.client_id}: {reason}.",
            "Check client id, client secret and API key of the connection; the subscription may have ended.",
        )


@dataclass(frozen=True)
class VismaConnect:
    """The grant for integrations with many customers: one token covers all organizations of the user.

    :param client_id: str, begins with isv_
    :param client_secret: str
    :param refresh_token: str, from the user's consent
    :param auth_url: str, root of Visma Connect; default https://connect.visma.com
    """

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    auth_url: str = "https://connect.visma.com"

    requests_per_minute: ClassVar[int] = 100
    spends_refresh_token: ClassVar[bool] = True

    @property
    def seed(self) -> str:
        """What the token is made from: a newly pasted refresh token gets an entry of its own, and so wins.

        Not the secret: when that is changed, the rotated refresh token must still be found.
        """
        return self.refresh_token

    def request(self, stored: Token | None) -> TokenRequest:
        """Return the request for a token (`POST /connect/token`), with the newest refresh token.

        :param stored: Token or None, which may hold a newer refresh token than the connection
        :return: TokenRequest
        """
        return _prepare(
            f"{self.auth_url}/connect/token",
            "client_secret_post",
            self,
            grant_type="refresh_token",
            refresh_token=(stored.refresh_token if stored else None) or self.refresh_token,
        )

    def refused(self, reason: str) -> DineroUnauthorized:
        """Return the error for a refresh token, or a client, that was not accepted."""
        if reason != "invalid_grant":
            return DineroUnauthorized(
                f"Visma Connect refused the client {self.client_id}: {reason}.",
                "Check the client id and the client secret of the connection.",
            )
        return DineroReauthorizationRequired(
            f"Visma Connect refused the refresh token of {self.client_id}: {reason}.",
            "A person must consent again and put the new refresh token into the connection.",
        )


Grant = PersonalIntegration | VismaConnect


def _prepare(url: str, method: str, grant: Grant, grant_type: str, **parameters: str) -> TokenRequest:
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


class Tokens:
    """The access token of a grant: from the store while it is valid, else fetched once and stored before it is used.

    :param grant: Grant
    :param store: TokenStore
    :param lock: Lock
    :param fetch: callable that sends a TokenRequest and returns the decoded answer of the endpoint
    :param may_spend: bool, whether a refresh token may be spent; default True
    """

    def __init__(
        self,
        grant: Grant,
        store: TokenStore,
        lock: Lock,
        fetch: Callable[[TokenRequest], dict[str, object]],
        *,
        may_spend: bool = True,
    ) -> None:
        self._grant = grant
        self._store = store
        self._lock = lock
        self._fetch = fetch
        self._may_spend = may_spend or not grant.spends_refresh_token
        self._current: Token | None = None
        digest = hashlib.sha256("\n".join((grant.auth_url, grant.client_id, grant.seed)).encode()).hexdigest()
        self.key = f"dinero_token__{digest[:32]}"

    def access(self) -> str:
        """Return a valid access token.

        :raises DineroUnauthorized: the credentials were not accepted
        """
        if not _valid(self._current):
            self._current = self._renewed(rejected=None)
        assert self._current is not None
        return self._current.access_token

    def renew(self, rejected: str) -> None:
        """Replace an access token that Dinero did not accept.

        :param rejected: str, that token
        """
        self._current = self._renewed(rejected)

    def _renewed(self, rejected: str | None) -> Token:
        with self._lock.hold(self.key):
            stored = self._store.load(self.key)
            if stored and _valid(stored) and stored.access_token != rejected:
                return stored
            if not self._may_spend:
                raise DineroConfigurationError(
                    "No valid access token is stored for this connection, and a test never spends a refresh token.",
                    "Run a task that uses the connection, which renews the token, then test again.",
                )
            answer = self._fetch(self._grant.request(stored))
            token = Token(
                access_token=str(answer["access_token"]),
                expires_at=time.time() + _lifetime(answer.get("expires_in")),
                refresh_token=self._newest_refresh_token(answer, stored),
            )
            self._store.save(self.key, token)
            return token

    def _newest_refresh_token(self, answer: dict[str, object], stored: Token | None) -> str | None:
        if not isinstance(self._grant, VismaConnect):
            return None
        # An answer without one means: keep the one that was used.
        kept = (stored.refresh_token if stored else None) or self._grant.refresh_token
        return str(answer.get("refresh_token") or kept)


def _lifetime(expires_in: object) -> float:
    """Return the seconds that a token lives; an hour where its answer doesn't say."""
    return float(expires_in) if isinstance(expires_in, int | float | Decimal) else 3600.0


def _valid(token: Token | None) -> bool:
    return token is not None and token.expires_at - time.time() > LEEWAY_SECONDS
