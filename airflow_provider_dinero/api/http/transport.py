"""Sends one request and returns one response: within the allowance, with a token, with retries where allowed."""

import logging
import os
import time
import weakref
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import urlsplit

from airflow_provider_dinero.api.errors import (
    DineroError,
    DineroThrottled,
    DineroUnavailable,
)
from airflow_provider_dinero.api.http.background import Background
from airflow_provider_dinero.api.http.connection import LOOPBACK, Attempt, Connection, Request, chain, unknown
from airflow_provider_dinero.api.http.pace import Pace
from airflow_provider_dinero.api.http.responses import Response, flawed, refused, unexpected
from airflow_provider_dinero.api.http.retry import Action, Failure, Verdict, decide
from airflow_provider_dinero.api.masking import mask_log
from airflow_provider_dinero.api.operations import Operation
from airflow_provider_dinero.api.ports import Meter

log = logging.getLogger(__name__)
mask_log("urllib3.connection")  # it logs headers that it can't parse, as a warning

# An attempt that can be made or has been started, and its bearer token.
Begun = tuple[str | None, Callable[[], Attempt]]


class Bearer(Protocol):
    """Provides access tokens."""

    def access(self) -> str:
        """Return a valid access token."""

    def renew(self, rejected: str) -> None:
        """Replace an access token that Dinero rejected."""


class Transport:
    """Sends requests one after another, within the allowance, and retries those that may be repeated.

    :param pace: Pace, or None for requests that don't count
    :param meter: Meter
    :param timeout: float, seconds to wait for a response
    :param attempts: int, maximum number of attempts per request
    :param sleep: callable that waits some seconds
    """

    def __init__(
        self,
        pace: Pace | None,
        meter: Meter,
        timeout: float,
        attempts: int,
        sleep: Callable[[float], None],
    ) -> None:
        self._pace = pace
        self._meter = meter
        self._attempts = attempts
        self._sleep = sleep
        self._connection = Connection(timeout)
        self._background: Background[Attempt] | None = None

    def perform(
        self, operation: Operation, request: Request, tokens: Bearer | None, begun: Begun | None = None
    ) -> Response:
        """Send a request until it is answered, and return the response, which is a success.

        :param operation: Operation, which defines how it may be repeated
        :param request: Request
        :param tokens: Bearer, or None for a request without a token
        :param begun: the first attempt, from `ahead`; default none
        :return: Response
        :raises DineroError: of the class that says what to do; its `lost` tells whether an attempt may have been done
        """
        number, renewed, lost = 0, tokens is None, False
        while True:
            number += 1
            try:
                bearer, attempt = begun or self._attempt(operation, request, tokens)
                answer, failure, cause = attempt()
            except DineroError as error:  # of the slot or the token; its own `lost` isn't about this request
                error.lost = lost
                raise
            begun = None
            self._meter.count("requests")
            if answer and answer.status == 429:
                self._meter.count("throttled")
            verdict = decide(
                operation.repeat,
                number,
                status=answer.status if answer else 0,
                retry_after=answer.headers.get("Retry-After") if answer else None,
                failure=failure,
                foreign=answer is not None and answer.is_foreign,
                renewed=renewed,
                now=time.time(),
                attempts=self._attempts,
            )
            if verdict.action is Action.DONE and answer:
                return answer
            lost = lost or verdict.lost
            told = _said(answer) if answer else _told(failure, cause)
            if verdict.action is Action.RENEW and tokens and bearer:
                log.info("Dinero rejected the token for %s: fetching a new one", operation)
                try:
                    tokens.renew(bearer)
                except DineroError as error:
                    error.lost = lost
                    raise
                renewed = True
            elif verdict.action is Action.AGAIN:
                advice = f"retrying in {verdict.seconds:.1f} s"
                log.info("%s: %s, %s (attempt %d of %d)", operation, told, advice, number, self._attempts)
                self._sleep(verdict.seconds)
            else:
                ended = _error(operation, request, verdict, answer, f"{told}, attempt {number}")
                ended.lost = lost
                # Not `from cause`: exceptions of `requests` contain the request, and the address with its query.
                raise ended from None

    def ahead(self, operation: Operation, request: Request, tokens: Bearer) -> Begun | None:
        """Start a read that will be needed soon, if a slot is free now: one attempt, in the background.

        :param operation: Operation, a read
        :param request: Request
        :param tokens: Bearer, whose access token is fetched now
        :return: the first attempt, for `perform`; None if there is no slot
        """
        bearer, connection = tokens.access(), self._connection
        connection.ready()
        if self._pace and not self._pace.free():
            return None
        if self._background is None or self._background.process != os.getpid():
            self._background = Background()
            weakref.finalize(self, self._background.end)
        waiting = self._background.begin(lambda: connection.attempt(operation, request, bearer, watched=False))

        def attempt() -> Attempt:
            try:
                return waiting(connection.longest) or (None, Failure.LOST, None)
            except TimeoutError:
                connection.cut()
                return None, Failure.LOST, None

        return bearer, attempt

    def another(self) -> "Transport":
        """Return one with its own connection and the same pace, so that two requests can run at once."""
        return Transport(self._pace, self._meter, self._connection.timeout, self._attempts, self._sleep)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
        if self._background is not None:
            self._background.end()
            self._background = None

    def _attempt(self, operation: Operation, request: Request, tokens: Bearer | None) -> Begun:
        """Wait for a token and a slot, and return the attempt that can then be made."""
        bearer = tokens.access() if tokens else None
        self._connection.ready()
        if self._pace and self._pace.wait(operation) and tokens:
            bearer = tokens.access()  # it may have expired meanwhile
        return bearer, lambda: self._connection.attempt(operation, request, bearer)


def _told(failure: Failure | None, cause: Exception | None) -> str:
    """Describe why there is no response, by the innermost error's class: the texts contain addresses."""
    root = [type(each).__name__ for each in chain(cause)][-1] if cause else ""
    return f"{failure.value if failure else 'no response'} ({root})"


def _said(answer: Response) -> str:
    """Describe the response, and why it isn't valid."""
    why = answer.flaw or ("not Dinero's own response" if answer.is_foreign else "")
    return f"HTTP {answer.status}, {why}" if why else f"HTTP {answer.status}"


def _error(
    operation: Operation,
    request: Request,
    verdict: Verdict,
    answer: Response | None,
    told: str,
) -> DineroError:
    """Return the error that ends a request."""
    named = f"{operation.method} {urlsplit(request.url).path}"
    if verdict.action is Action.UNKNOWN:
        return unknown(named, told)
    if answer is None:
        advice = "Check the host and port of the connection, the proxy and the network."
        if urlsplit(request.url).hostname in LOOPBACK:
            advice = "Start the sandbox with `dinero-sandbox serve`, or check the host and port of the connection."
        return DineroUnavailable(f"{request.host} did not respond to {named}: {told}.", advice)
    if answer.flaw and (answer.status < 300 or answer.is_page):
        return flawed(named, answer, told)
    until = datetime.fromtimestamp(time.time() + verdict.seconds, UTC) if verdict.seconds else None
    if answer.status == 429:
        return DineroThrottled(
            f"Dinero's request allowance is used up: {named} was rejected with HTTP 429.",
            f"It is available again at {until:%Y-%m-%d %H:%M:%S} UTC.",
            until=until,
        )
    if answer.status == 480:
        return DineroUnavailable(
            f"Dinero rejected {named} with HTTP 480, a brownout: this endpoint is about to be removed.",
            "Update the provider.",
        )
    if answer.status == 408 or answer.status >= 500:
        return DineroUnavailable(f"{request.host} answered {named} with {told}.", "Try again later.", until=until)
    return unexpected(named, answer) if answer.status < 400 else refused(named, answer)
