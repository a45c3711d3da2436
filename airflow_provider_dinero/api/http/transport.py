"""One request in, one answer out: within the allowance, with a token, repeated as far as it may be."""

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
from airflow_provider_dinero.api.http.connection import Attempt, Connection, Request, chain, unknown
from airflow_provider_dinero.api.http.pace import Pace
from airflow_provider_dinero.api.http.responses import Response, flawed, refused, unexpected
from airflow_provider_dinero.api.http.retry import Action, Failure, Verdict, decide
from airflow_provider_dinero.api.masking import mask_log
from airflow_provider_dinero.api.operations import Operation
from airflow_provider_dinero.api.ports import Meter

log = logging.getLogger(__name__)
mask_log("urllib3.connection")  # it logs headers that it can't read, as a warning

# An attempt that may be made, or was begun, and its bearer.
Begun = tuple[str | None, Callable[[], Attempt]]


class Bearer(Protocol):
    """Gives access tokens."""

    def access(self) -> str:
        """Return a valid access token."""

    def renew(self, rejected: str) -> None:
        """Replace an access token that Dinero did not accept."""


class Transport:
    """Sends requests one after another, within the allowance, and repeats what may be repeated.

    :param pace: Pace, or None for requests that don't count
    :param meter: Meter
    :param timeout: float, seconds to wait for an answer
    :param attempts: int, how often a request is tried
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
        """Send a request until it is answered, and return the answer, which is a success.

        :param operation: Operation, which says how it may be repeated
        :param request: Request
        :param tokens: Bearer, or None for a request without a token
        :param begun: what `ahead` returned for this request: its first attempt; default none
        :return: Response
        :raises DineroError: of the class that says what follows; its `lost` tells whether a try may have been done
        """
        number, renewed, lost = 0, tokens is None, False
        while True:
            number += 1
            try:
                bearer, attempt = begun or self._attempt(operation, request, tokens)
                answer, failure, cause = attempt()
            except DineroError as error:  # of the slot or the token; what it says of itself is not of this request
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
                log.info("Dinero did not accept the token for %s: a new one is fetched", operation)
                try:
                    tokens.renew(bearer)
                except DineroError as error:
                    error.lost = lost
                    raise
                renewed = True
            elif verdict.action is Action.AGAIN:
                advice = f"again in {verdict.seconds:.1f} s"
                log.info("%s: %s, %s (attempt %d of %d)", operation, told, advice, number, self._attempts)
                self._sleep(verdict.seconds)
            else:
                ended = _error(operation, request, verdict, answer, f"{told}, attempt {number}")
                ended.lost = lost
                # Not `from cause`: what `requests` raises holds the address with its query, and the request.
                raise ended from None

    def ahead(self, operation: Operation, request: Request, tokens: Bearer) -> Begun | None:
        """Begin a read that will be wanted soon, if there is a slot for it now: one attempt, in the background.

        :param operation: Operation, a read
        :param request: Request
        :param tokens: Bearer, whose access token is fetched now
        :return: what `perform` takes as its first attempt; None where there is no slot
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
        """Return one with a connection of its own, which keeps the same pace: two requests can be under way at once."""
        return Transport(self._pace, self._meter, self._connection.timeout, self._attempts, self._sleep)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
        if self._background is not None:
            self._background.end()
            self._background = None

    def _attempt(self, operation: Operation, request: Request, tokens: Bearer | None) -> Begun:
        """Wait for a token and a slot, and return the attempt that may be made then."""
        bearer = tokens.access() if tokens else None
        self._connection.ready()
        if self._pace and self._pace.wait(operation) and tokens:
            bearer = tokens.access()  # it may have come to its end meanwhile
        return bearer, lambda: self._connection.attempt(operation, request, bearer)


def _told(failure: Failure | None, cause: Exception | None) -> str:
    """Tell why there is no answer, by the innermost error's class: the texts hold addresses."""
    root = [type(each).__name__ for each in chain(cause)][-1] if cause else ""
    return f"{failure.value if failure else 'no answer'} ({root})"


def _said(answer: Response) -> str:
    """Tell what was answered, and whether that counts."""
    why = answer.flaw or ("which is not Dinero's own" if answer.is_foreign else "")
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
        return DineroUnavailable(
            f"{request.host} gave no answer to {named}: {told}.",
            "Check the host and port of the connection, the proxy and the network.",
        )
    if answer.flaw and (answer.status < 300 or answer.is_page):
        return flawed(named, answer, told)
    until = datetime.fromtimestamp(time.time() + verdict.seconds, UTC) if verdict.seconds else None
    if answer.status == 429:
        return DineroThrottled(
            f"Dinero's request allowance is used up: {named} was refused with HTTP 429.",
            f"It is free again at {until:%Y-%m-%d %H:%M:%S} UTC.",
            until=until,
        )
    if answer.status == 480:
        return DineroUnavailable(
            f"Dinero refused {named} with HTTP 480, a brownout: this endpoint is about to be removed.",
            "Update the provider.",
        )
    if answer.status == 408 or answer.status >= 500:
        return DineroUnavailable(f"{request.host} answered {named} with {told}.", "Try later.", until=until)
    return unexpected(named, answer) if answer.status < 400 else refused(named, answer)
