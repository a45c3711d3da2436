"""What is asked of a token endpoint, and what its answers mean."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from airflow_provider_dinero.api.answers import decode
from airflow_provider_dinero.api.auth import Grant, TokenRequest
from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroRefused, DineroUnexpectedAnswer
from airflow_provider_dinero.api.operations import Operation
from airflow_provider_dinero.api.transport import Transport
from airflow_provider_dinero.api.wire import Request

REFUSALS = {"invalid_grant", "invalid_client", "unauthorized_client"}


class TokenEndpoint:
    """The token endpoint of a grant.

    :param grant: Grant
    :param transport: Transport
    :param require_safe: callable that raises for an address that credentials must not go to
    """

    def __init__(self, grant: Grant, transport: Transport, require_safe: Callable[[str], None]) -> None:
        self._grant = grant
        self._transport = transport
        self._require_safe = require_safe

    def fetch(self, request: TokenRequest) -> dict[str, Any]:
        """Send a request for a token, and return the endpoint's answer, which has an access token.

        :param request: TokenRequest
        :raises DineroUnauthorized: the credentials were refused
        :raises DineroConfigurationError: the request was refused for another reason
        """
        answer = self.send(request)
        if not isinstance(answer, dict) or not isinstance(answer.get("access_token"), str):
            raise DineroUnexpectedAnswer(
                f"The token endpoint {self._grant.auth_url} gave no access token.", "Check the auth_url."
            )
        return answer

    def send(self, request: TokenRequest) -> Any:
        """Send a request, and return the decoded answer, None when it is empty.

        :param request: TokenRequest
        :raises DineroUnauthorized: the credentials were refused
        :raises DineroConfigurationError: the request was refused for another reason
        """
        self._require_safe(request.url)
        prepared = Request(request.url, request.headers, None, request.body)
        operation = Operation("POST", urlsplit(request.url).path, request.repeat)
        try:
            return decode(operation, self._transport.perform(operation, prepared, None))
        except DineroRefused as error:
            if error.said in REFUSALS:
                raise self._grant.refused(error.said) from None
            raise DineroConfigurationError(
                f"The token endpoint {self._grant.auth_url} answered HTTP {error.status}: {error.said or 'no reason'}.",
                "Check the authorization address (auth_url) and the credentials of the connection.",
            ) from None

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()
