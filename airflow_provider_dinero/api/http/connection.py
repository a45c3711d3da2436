"""One attempt: a request goes out, and its answer is read to the end. The one room that sends."""

import io
import os
import socket
import ssl
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_dinero import __version__
from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroError, DineroOutcomeUnknown
from airflow_provider_dinero.api.http.responses import Response, clean
from airflow_provider_dinero.api.http.retry import Failure
from airflow_provider_dinero.api.http.wholeness import (
    LARGEST,
    LARGEST_REFUSAL,
    Flaw,
    content_of,
    decode,
    file_of,
    is_framed,
    value_of,
)
from airflow_provider_dinero.api.masking import remember
from airflow_provider_dinero.api.operations import Operation, Repeat

if TYPE_CHECKING:
    import requests

LOOPBACK = ("127.0.0.1", "localhost", "::1")
HEADERS = {"User-Agent": f"airflow-provider-dinero/{__version__}", "Accept-Encoding": "gzip"}
CA_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
CONNECT_SECONDS = 10.0
FILE = "application/octet-stream"
# The refusals that say all by their status or in plain text.
PLAIN = (401, 429)
# An answer that drips, each piece within the timeout, is given up after so many timeouts.
TIMEOUTS_IN_TOTAL = 5


# The answer, or why there is none that counts, and what was raised.
Attempt = tuple[Response | None, Failure | None, Exception | None]


@dataclass(frozen=True)
class Request:
    """What goes to `requests`: everything but the bearer.

    :param url: str
    :param headers: dict
    :param params: mapping or None, the query
    :param data: bytes, str or None, the body; or a callable that gives it anew for each attempt
    :param sink: callable or None, takes the pieces of a success, anew for each attempt, instead of the memory
    """

    url: str
    headers: dict[str, str] = field(repr=False)
    params: Mapping[str, str] | None = field(default=None, repr=False)
    data: bytes | str | Callable[[], Any] | None = field(default=None, repr=False)
    sink: Callable[[Iterator[bytes]], None] | None = field(default=None, repr=False)

    @property
    def host(self) -> str:
        """Host and port."""
        return urlsplit(self.url).netloc

    @property
    def is_for_file(self) -> bool:
        """Whether a file is asked for, and not JSON."""
        return self.headers.get("Accept") == FILE


class Connection:
    """The connection to Dinero: one request at a time, over one kept connection. Safe to use from several threads.

    :param timeout: float, seconds to wait for an answer
    """

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self._environment: dict[str, dict[str, Any]] = {}
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        # Not a session: no redirects, so a token goes to the host that was configured and to no other; no cookies.
        self._adapter: requests.adapters.HTTPAdapter | None = None
        self._one_at_a_time = threading.Lock()
        self.socket: socket.socket | None = None

    @property
    def longest(self) -> float:
        """Seconds that an answer may take in total."""
        return TIMEOUTS_IN_TOTAL * self.timeout

    def cut(self) -> None:
        """End the request that is under way, as if the connection had broken."""
        if self.socket is not None:
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        with self._alone(seconds=0):
            if self._adapter is not None:
                self._adapter.close()

    @contextmanager
    def _alone(self, seconds: float) -> Generator[None]:
        """Wait for the request that is under way, so long and no longer."""
        if self._process != os.getpid():  # a fork: the connection and whatever is under way are the other process's
            self._begin()
        if not self._one_at_a_time.acquire(timeout=seconds):
            self.cut()
            self._one_at_a_time.acquire()
        try:
            yield
        finally:
            self._one_at_a_time.release()

    def ready(self) -> None:
        """Do what takes time in a process's first request: a slot of the allowance must not grow old meanwhile."""
        if self._adapter is None or self._process != os.getpid():
            with self._alone(self.longest):
                self._adapter = self._adapter or adapter(self)

    def attempt(self, operation: Operation, request: Request, bearer: str | None, *, watched: bool = True) -> Attempt:
        """Send a request once, and read its answer to the end.

        :param operation: Operation; a bare one goes over a fresh connection
        :param request: Request
        :param bearer: str or None
        :param watched: bool, cut the connection when the time in total is over; else whoever waits has to look to that
        :return: Attempt
        :raises DineroConfigurationError: the address or its certificate is wrong
        :raises DineroOutcomeUnknown: a bare write was interrupted
        """
        import requests
        from urllib3.exceptions import HTTPError

        remember(bearer)
        with self._alone(self.longest), self._within_total() if watched else nullcontext():
            self._adapter = self._adapter or adapter(self)
            if operation.repeat is Repeat.BARE:
                # A kept connection that the server is just closing would make the outcome unknown for nothing.
                self._adapter.close()
            try:
                prepared = requests.Request(
                    operation.method,
                    request.url,
                    headers={**HEADERS, **request.headers},
                    params=request.params,
                    data=request.data() if callable(request.data) else request.data,
                    auth=_Bearer(bearer) if bearer else _no_auth,
                ).prepare()
                response = self._adapter.send(
                    prepared, timeout=(CONNECT_SECONDS, self.timeout), stream=True, **self._surroundings(request.url)
                )
                with response:
                    answer = _read(response, operation, request)
                return answer, _counts(answer), None
            except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema):
                raise DineroConfigurationError(
                    f"{request.host}, or the proxy of the environment, is not an address.", "Correct it."
                ) from None
            except (requests.exceptions.RequestException, HTTPError) as error:
                if refused := next(
                    (each for each in chain(error) if isinstance(each, ssl.SSLCertVerificationError)), None
                ):
                    raise _not_accepted(request.host, refused) from None
                return None, _failure(error), error
            except DineroError:  # a file that changes while it is sent: Dinero has not got all of it
                self._adapter.close()
                raise
            except BaseException as interruption:  # Airflow's timeout, a signal
                if operation.repeat is Repeat.BARE:
                    raise unknown(operation, type(interruption).__name__) from interruption
                raise

    @contextmanager
    def _within_total(self) -> Generator[None]:
        """Cut the connection when the time in total is over: a timeout of `requests` begins anew with each byte."""
        self.socket = None
        timer = threading.Timer(self.longest, self.cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _surroundings(self, url: str) -> dict[str, Any]:
        """Return the proxies and the CA bundle of the environment, read once for each host."""
        from requests.utils import get_environ_proxies

        host = urlsplit(url).netloc
        if host not in self._environment:
            direct = urlsplit(url).hostname in LOOPBACK  # what stays on this machine goes through no proxy
            self._environment[host] = {"proxies": {} if direct else get_environ_proxies(url), "verify": _ca_bundle()}
        return self._environment[host]


def _read(response: "requests.Response", operation: Operation, request: Request) -> Response:
    """Read an answer to its end, and tell whether it is whole."""
    raw = response.raw
    answer, framed = Response(response.status_code, response.headers, b"", request.host), is_framed(raw)
    try:
        if not 200 <= answer.status < 300:
            answer = answer._replace(content=content_of(raw, LARGEST_REFUSAL))
            if answer.status not in PLAIN and 400 <= answer.status < 500:
                if answer.is_page:  # such as a 404 of somebody who knows nothing of Dinero's documents
                    raise Flaw("an HTML page")
                if not framed:
                    decode(answer, framed=False)
        elif request.is_for_file:
            pieces = file_of(raw, answer)
            if request.sink:
                request.sink(pieces)
            else:
                answer = answer._replace(content=b"".join(pieces))
        else:
            answer = answer._replace(content=content_of(raw, LARGEST))
            answer = answer._replace(content=b"", value=value_of(operation, answer, framed=framed))
    except Flaw as flaw:
        return answer._replace(flaw=str(flaw), cut=flaw.cut, too_large=flaw.too_large)
    return answer


def _counts(answer: Response) -> Failure | None:
    """Return why an answer doesn't count, or None."""
    if answer.too_large:
        return Failure.TOO_LARGE
    return Failure.UNWHOLE if answer.flaw else None


def _not_accepted(host: str, refused: ssl.SSLCertVerificationError) -> DineroConfigurationError:
    """Return the error for a certificate, with the verification's own reason."""
    name = next((each for each in CA_BUNDLES if os.environ.get(each)), None)
    if name:
        advice = (
            f"It was checked with {name}={os.environ[name]}. From Python 3.13 on a CA needs more than before: a "
            "critical basicConstraints, keyUsage, and key identifiers. One that lacks these has to be issued anew."
        )
    else:
        advice = "Check the host; behind a proxy of your own, set REQUESTS_CA_BUNDLE."
    reason = clean(refused.verify_message or refused.reason or type(refused).__name__)
    return DineroConfigurationError(f"The certificate of {host} was not accepted: {reason}.", advice)


def _ca_bundle() -> str | bool:
    """Return the CA bundle of the environment, as `requests` does it, or True for its own."""
    for name in CA_BUNDLES:
        if path := os.environ.get(name):
            if not os.path.exists(path):
                raise DineroConfigurationError(f"{name} names {path}, which is not there.", "Correct the environment.")
            return path
    return True


def adapter(connection: Connection) -> "requests.adapters.HTTPAdapter":
    """Return an adapter of `requests`. Its connections tell which socket is in use, so that it can be cut.

    Its answers end where they should: the end of the connection doesn't end a line.

    :param connection: Connection
    """
    from http.client import HTTPResponse, IncompleteRead

    from requests.adapters import HTTPAdapter

    class Lines(io.BufferedReader):
        def readline(self, size: Any = -1, /) -> bytes:
            line = super().readline(size)
            if not line.endswith(b"\n") and len(line) != size:
                raise IncompleteRead(line)
            return line

    class Whole(HTTPResponse):
        # http.client takes the end of a connection for the end of the headers, urllib3 for that of the last chunk.
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self.fp = Lines(self.fp.detach())

    class Tells:
        response_class = Whole

        def getresponse(self: Any) -> Any:
            connection.socket = self.sock
            return super().getresponse()  # type: ignore[misc]

    class Telling(HTTPAdapter):
        def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
            pool: Any = super().get_connection_with_tls_context(*args, **options)
            if not issubclass(pool.ConnectionCls, Tells):
                pool.ConnectionCls = type("Connection", (Tells, pool.ConnectionCls), {})
            return pool

    return Telling()


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
    return Failure.NOT_SENT if any(isinstance(each, never) for each in chain(error)) else Failure.LOST


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it wraps: requests wraps urllib3, which wraps the socket's."""
    inner: object = error
    while isinstance(inner, BaseException):
        yield inner
        inner = getattr(inner, "reason", None) or (inner.args[0] if inner.args else None)


def unknown(operation: Operation | str, told: str) -> DineroOutcomeUnknown:
    """Return the error for a write that may or may not have been done.

    :param operation: Operation, or its method and path
    :param told: str, why it can't be said
    """
    return DineroOutcomeUnknown(
        f"{operation} may or may not have been done: {told}.", "Look in Dinero before you send it again."
    )
