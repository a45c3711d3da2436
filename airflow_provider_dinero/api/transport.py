"""One request in, one answer out: the one room that sends."""

import logging
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_dinero import __version__
from airflow_provider_dinero.api.answers import refused, unexpected
from airflow_provider_dinero.api.errors import (
    DineroConfigurationError,
    DineroOutcomeUnknown,
    DineroThrottled,
    DineroUnavailable,
)
from airflow_provider_dinero.api.operations import Operation, Repeat
from airflow_provider_dinero.api.ports import Budget
from airflow_provider_dinero.api.retry import Action, Failure, Verdict, decide

if TYPE_CHECKING:
    import requests

    from airflow_provider_dinero.api.auth import Tokens

log = logging.getLogger(__name__)

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_DIRECT = {"http": "", "https": "", "all": ""}  # what stays on this machine goes through no proxy
CONNECT_SECONDS = 10.0
# A slot further away than this is not waited for: the caller is told when to come back.
LONGEST_WAIT = 60.0


@dataclass(frozen=True)
class Request:
    """What goes to `requests`: everything but the bearer."""

    url: str
    headers: dict[str, str] = field(repr=False)
    params: Mapping[str, str] | None = field(default=None, repr=False)
    data: bytes | str | None = field(default=None, repr=False)
    files: Any = field(default=None, repr=False)

    @property
    def host(self) -> str:
        """Host and port."""
        return urlsplit(self.url).netloc


class Transport:
    """Sends requests one after another, within the allowance, and repeats what may be repeated.

    :param budget: Budget, where slots are reserved
    :param budget_key: str, whose allowance it is
    :param per_minute: int, the allowance
    :param timeout: float, seconds to wait for an answer
    :param attempts: int, how often a request is tried
    :param sleep: callable that waits some seconds
    """

    def __init__(
        self,
        budget: Budget,
        budget_key: str,
        per_minute: int,
        timeout: float,
        attempts: int,
        sleep: Callable[[float], None],
    ) -> None:
        self._budget = budget
        self._budget_key = budget_key
        self._per_minute = per_minute
        self._timeout = timeout
        self._attempts = attempts
        self._sleep = sleep
        self._session: requests.Session | None = None

    def perform(self, operation: Operation, request: Request, tokens: "Tokens | None") -> "requests.Response":
        """Send a request until it is answered, and return the answer, which is a success.

        :param operation: Operation, which says how it may be repeated
        :param request: Request
        :param tokens: Tokens for the bearer, or None
        :return: requests.Response
        :raises DineroError: of the class that says what follows
        """
        number, renewed = 0, tokens is None
        while True:
            number += 1
            self._wait_for_slot(operation)
            bearer = tokens.access() if tokens else None
            answer, failure, cause = self._attempt(operation, request, bearer)
            verdict = decide(
                operation.repeat,
                number,
                status=answer.status_code if answer is not None else 0,
                retry_after=answer.headers.get("Retry-After") if answer is not None else None,
                failure=failure,
                renewed=renewed,
                now=time.time(),
                attempts=self._attempts,
            )
            if verdict.action is Action.DONE and answer is not None:
                return answer
            told = f"HTTP {answer.status_code}" if answer is not None else _told(failure, cause)
            if verdict.action is Action.RENEW and tokens and bearer:
                log.info("Dinero did not accept the token for %s: a new one is fetched", operation)
                tokens.renew(bearer)
                renewed = True
            elif verdict.action is Action.AGAIN:
                advice = f"again in {verdict.seconds:.1f} s"
                log.info("%s: %s, %s (attempt %d of %d)", operation, told, advice, number, self._attempts)
                self._sleep(verdict.seconds)
            else:
                # Not `from cause`: what `requests` raises holds the address with its query, and the request.
                raise _error(operation, request, verdict, answer, f"{told}, attempt {number}") from None

    def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            self._session.close()

    def _wait_for_slot(self, operation: Operation) -> None:
        slot = self._budget.reserve(self._budget_key, self._per_minute, LONGEST_WAIT)
        seconds = slot - time.time()
        if seconds > LONGEST_WAIT:
            until = datetime.fromtimestamp(slot, UTC)
            raise DineroThrottled(f"The request allowance is used up until {until:%H:%M:%S} UTC.", until=until)
        if seconds > 0:
            log.info("%s waits %.1f s for its share of %d requests a minute", operation, seconds, self._per_minute)
            self._sleep(seconds)

    def _attempt(
        self, operation: Operation, request: Request, bearer: str | None
    ) -> "tuple[requests.Response | None, Failure | None, Exception | None]":
        import requests

        if self._session is None:
            self._session = requests.Session()
            self._session.headers["User-Agent"] = f"airflow-provider-dinero/{__version__}"
        if operation.repeat is Repeat.BARE:
            # A kept connection that the server is just closing would make the outcome unknown for nothing.
            self._session.close()
        try:
            answer = self._session.request(
                operation.method,
                request.url,
                params=request.params,
                headers=request.headers,
                data=request.data,
                files=request.files,
                auth=_Bearer(bearer) if bearer else _no_auth,
                timeout=(CONNECT_SECONDS, self._timeout),
                proxies=_DIRECT if urlsplit(request.url).hostname in LOOPBACK else None,
                allow_redirects=False,  # a token goes to the host that was configured, and to no other
            )
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema):
            raise DineroConfigurationError(f"{request.host} is not an address.", "Correct the host.") from None
        except requests.exceptions.RequestException as error:
            if any(isinstance(each, ssl.SSLCertVerificationError) for each in _chain(error)):
                raise DineroConfigurationError(
                    f"The certificate of {request.host} was not accepted.",
                    "Check the host; behind a proxy of your own, set REQUESTS_CA_BUNDLE.",
                ) from None
            return None, _failure(error), error
        except BaseException as interruption:  # Airflow's timeout, a signal
            if operation.repeat is Repeat.BARE:
                raise unknown(operation, type(interruption).__name__) from interruption
            raise
        return answer, None, None


class _Bearer:
    """An auth object, because `requests` lets an entry of .netrc override a header."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: "requests.PreparedRequest") -> "requests.PreparedRequest":
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _no_auth(request: "requests.PreparedRequest") -> "requests.PreparedRequest":
    """Leave the headers as they were prepared; without any auth object .netrc would be read."""
    return request


def _failure(error: Exception) -> Failure:
    import requests
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    if isinstance(error, (requests.exceptions.ConnectTimeout, requests.exceptions.ProxyError)):
        return Failure.NOT_SENT
    never = (NewConnectionError, ConnectTimeoutError)
    return Failure.NOT_SENT if any(isinstance(each, never) for each in _chain(error)) else Failure.LOST


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it wraps: requests wraps urllib3, which wraps the socket's."""
    inner: object = error
    while isinstance(inner, BaseException):
        yield inner
        inner = getattr(inner, "reason", None) or (inner.args[0] if inner.args else None)


def _told(failure: Failure | None, cause: Exception | None) -> str:
    """Tell why there is no answer, by the innermost error's class: the texts hold addresses."""
    root = [type(each).__name__ for each in _chain(cause)][-1] if cause else ""
    return f"{failure.value if failure else 'no answer'} ({root})"


def unknown(operation: Operation | str, told: str) -> DineroOutcomeUnknown:
    """Return the error for a write that may or may not have been done.

    :param operation: Operation, or its method and path
    :param told: str, why it can't be said
    """
    return DineroOutcomeUnknown(
        f"{operation} may or may not have been done: {told}.", "Look in Dinero before you send it again."
    )


def _error(
    operation: Operation,
    request: Request,
    verdict: Verdict,
    answer: "requests.Response | None",
    told: str,
) -> Exception:
    """Return the error that ends a request."""
    named = f"{operation.method} {urlsplit(request.url).path}"
    if verdict.action is Action.UNKNOWN:
        return unknown(named, told)
    if answer is None:
        return DineroUnavailable(
            f"{request.host} gave no answer to {named}: {told}.",
            "Check the host and port of the connection, the proxy and the network.",
        )
    until = datetime.fromtimestamp(time.time() + verdict.seconds, UTC) if verdict.seconds else None
    if answer.status_code == 429:
        return DineroThrottled(
            f"Dinero's request allowance is used up: {named} was refused with HTTP 429.",
            f"It is free again at {until:%Y-%m-%d %H:%M:%S} UTC.",
            until=until,
        )
    if answer.status_code == 480:
        return DineroUnavailable(
            f"Dinero refused {named} with HTTP 480, a brownout: this endpoint is about to be removed.",
            "Update the provider.",
        )
    if answer.status_code == 408 or answer.status_code >= 500:
        return DineroUnavailable(f"{request.host} answered {named} with {told}.", "Try later.", until=until)
    return unexpected(named, answer) if answer.status_code < 400 else refused(named, answer)
