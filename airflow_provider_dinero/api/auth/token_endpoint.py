"""Requests to a token endpoint, and the meaning of its responses."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from airflow_provider_dinero.api.auth.grants import Grant, TokenRequest
from airflow_provider_dinero.api.errors import (
    DineroConfigurationError,
    DineroRefused,
    DineroUnavailable,
    DineroUnexpectedAnswer,
)
from airflow_provider_dinero.api.http.connection import Request
from airflow_provider_dinero.api.http.transport import Transport
from airflow_provider_dinero.api.masking import LONGEST
from airflow_provider_dinero.api.operations import Operation

TOKEN, NOTHING = ("object", "access_token"), ("nothing", "")
REFUSALS = {"invalid_grant", "invalid_client", "unauthorized_client"}


class TokenEndpoint:
    """The token endpoint of a grant.

    :param grant: Grant
    :param transport: Transport
    :param require_safe: callable that raises for an address to which credentials must not be sent
    """

    def __init__(self, grant: Grant, transport: Transport, require_safe: Callable[[str], None]) -> None:
        self._grant = grant
        self._transport = transport
        self._require_safe = require_safe

    def fetch(self, request: TokenRequest) -> dict[str, Any]:
        """Request a token, and return the endpoint's response, which contains an access token.

        An incomplete response, or one without a token, is requested again: within its grace period a used refresh token
        still returns the token that was lost.

        :param request: TokenRequest
        :raises DineroUnauthorized: the credentials were rejected
        :raises DineroConfigurationError: the request was rejected for another reason
        :raises DineroUnavailable: there was no complete response
        """
        answer: dict[str, Any] = self._perform(request, TOKEN)
        if not _is_token(answer["access_token"]):
            raise self._no_token("its access_token is not a valid token.")
        if answer.get("refresh_token") and not _is_token(answer["refresh_token"]):
            raise self._no_token("its refresh_token is not a valid token.")
        if len(str(answer.get("scope", ""))) > LONGEST:
            raise self._no_token("its scope is not valid.")
        return answer

    def send(self, request: TokenRequest) -> None:
        """Send a request whose response has no content.

        :param request: TokenRequest
        :raises DineroUnauthorized: the credentials were rejected
        :raises DineroConfigurationError: the request was rejected for another reason
        """
        self._perform(request, NOTHING)

    def _perform(self, request: TokenRequest, answer: tuple[str, str]) -> Any:
        self._require_safe(request.url)
        prepared = Request(request.url, request.headers, None, request.body)
        operation = Operation("POST", urlsplit(request.url).path, request.repeat, answer=answer)
        try:
            return self._transport.perform(operation, prepared, None).value
        except DineroUnexpectedAnswer as error:
            raise self._no_token(str(error)) if error.lost else error from None
        except DineroRefused as error:
            if error.said in REFUSALS:
                raise self._grant.refused(error.said) from None
            raise DineroConfigurationError(
                f"The token endpoint {self._grant.auth_url} answered with HTTP {error.status}: "
                f"{error.said or 'no reason'}.",
                "Check the authorization address (auth_url) and the credentials of the connection.",
                settings=("auth_url",),
            ) from None

    def _no_token(self, told: str) -> DineroUnavailable:
        """Return the error for an endpoint that neither returns a token nor rejects the request."""
        error = DineroUnavailable(
            f"The token endpoint {self._grant.auth_url} returned no token and no reason: {told}",
            "Try again later. If this persists, something between this machine and the endpoint responds in its "
            "place, or auth_url is wrong.",
            settings=("auth_url",),
        )
        error.lost = True
        return error

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()


def _is_token(given: object) -> bool:
    """Tell whether a value can be sent as a token: short text without blanks and control characters (RFC 6750)."""
    return (
        isinstance(given, str) and 0 < len(given) <= LONGEST and given.isascii() and given.isprintable()
    ) and " " not in given
