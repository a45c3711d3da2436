"""One attempt: send a request, and read its response to the end. Only this module sends anything."""

import io
import os
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_dinero import __version__
from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroError, DineroOutcomeUnknown
from airflow_provider_dinero.api.http.response_validation import (
    LARGEST,
    LARGEST_REFUSAL,
    Flaw,
    content_of,
    decode,
    file_of,
    is_framed,
    value_of,
)
from airflow_provider_dinero.api.http.responses import Response, clean
from airflow_provider_dinero.api.http.retry import Failure
from airflow_provider_dinero.api.http.watch import Watch
from airflow_provider_dinero.api.masking import remember
from airflow_provider_dinero.api.operations import Operation, Repeat

if TYPE_CHECKING:
    import requests

LOOPBACK = ("127.0.0.1", "localhost", "::1")
HEADERS = {"User-Agent": f"airflow-provider-dinero/{__version__}", "Accept-Encoding": "gzip"}
CA_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
# What OpenSSL reports, depending on its version, if the response to its greeting is plain text.
NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST")
CONNECT_SECONDS = 10.0
FILE = "application/octet-stream"
# Refusals whose status or plain text says everything.
PLAIN = (401, 429)
# A response whose pieces each arrive within the timeout is given up after this many timeouts in total.
TIMEOUTS_IN_TOTAL = 5


# The response, or why there is no valid one, and the exception.
Attempt = tuple[Response | None, Failure | None, Exception | None]


@dataclass(frozen=True)
class Request:
    """The input of `requests`, except the bearer token.

    :param url: str
    :param headers: dict
    :param params: mapping or None, the query
    :param data: bytes, str or None, the body; or a callable that returns a new one for each attempt
    :param sink: callable or None, receives the pieces of a success, from the start at each attempt, instead of memory
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
        """Whether the request is for a file, not JSON."""
        return self.headers.get("Accept") == FILE


class Connection:
    """The connection to Dinero: one request at a time, over one persistent connection. Thread-safe.

    :param timeout: float, seconds to wait for a response
    """

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self._environment: dict[str, dict[str, Any]] = {}
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        # Not a session: no redirects, so a token only goes to the configured host; no cookies.
        self._adapter: requests.adapters.HTTPAdapter | None = None
        self._one_at_a_time = threading.Lock()
        self.socket: socket.socket | None = None
        self._watch = Watch(self.longest, self.cut)

    @property
    def longest(self) -> float:
        """Seconds that a response may take in total."""
        return TIMEOUTS_IN_TOTAL * self.timeout

    def cut(self) -> None:
        """Abort the current request, as if the connection had broken."""
        if self.socket is not None:
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        with self._alone(seconds=0):
            self._watch.end()
            if self._adapter is not None:
                self._adapter.close()

    @contextmanager
    def _alone(self, seconds: float) -> Generator[None]:
        """Wait for the current request, up to this time."""
        if self._process != os.getpid():  # a fork: the connection and its request belong to the other process
            self._begin()
        if not self._one_at_a_time.acquire(timeout=seconds):
            self.cut()
            self._one_at_a_time.acquire()
        try:
            yield
        finally:
            self._one_at_a_time.release()

    def ready(self) -> None:
        """Do what takes time in a process's first request now, so that a slot of the allowance isn't held meanwhile."""
        if self._adapter is None or self._process != os.getpid():
            with self._alone(self.longest):
                self._adapter = self._adapter or adapter(self)

    def attempt(self, operation: Operation, request: Request, bearer: str | None, *, watched: bool = True) -> Attempt:
        """Send a request once, and read its response to the end.

        :param operation: Operation; a bare one goes over a new connection
        :param request: Request
        :param bearer: str or None
        :param watched: bool, whether to cut the connection when the total time is over; otherwise the caller must
        :return: Attempt
        :raises DineroConfigurationError: the address or its certificate is wrong
        :raises DineroOutcomeUnknown: a bare write was interrupted
        """
        import requests
        from urllib3.exceptions import HTTPError

        remember(bearer)
        with self._alone(self.longest), self._watch.on() if watched else nullcontext():
            self.socket = None if watched else self.socket
            self._adapter = self._adapter or adapter(self)
            if operation.repeat is Repeat.BARE:
                # A persistent connection that the server is just closing would needlessly make the outcome unknown.
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
                sent = time.monotonic()
                response = self._adapter.send(
                    prepared,
                    timeout=(CONNECT_SECONDS, self.timeout),
                    stream=True,
                    **self._from_environment(request.url),
                )
                with response:
                    answer = _read(response, operation, request)
                return answer._replace(seconds=time.monotonic() - sent), _counts(answer), None
            except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema):
                raise DineroConfigurationError(
                    f"{request.host}, or the proxy in the environment, is not a valid address.", "Correct it."
                ) from None
            except (requests.exceptions.RequestException, HTTPError) as error:
                if refused := next(
                    (each for each in chain(error) if isinstance(each, ssl.SSLCertVerificationError)), None
                ):
                    raise _not_accepted(request.host, refused) from None
                if any(isinstance(each, ssl.SSLError) and each.reason in NO_TLS for each in chain(error)):
                    raise DineroConfigurationError(
                        f"{request.host} speaks plain http, not https.",
                        "If that is right, as for a sandbox, write http:// before the host, or before auth_url.",
                        settings=("host", "auth_url"),
                    ) from None
                return None, _failure(error), error
            except DineroError:  # a file that changed while it was sent: Dinero doesn't have all of it
                self._adapter.close()
                raise
            except BaseException as interruption:  # Airflow's timeout, a signal
                if operation.repeat is Repeat.BARE:
                    raise unknown(operation, type(interruption).__name__) from interruption
                raise

    def _from_environment(self, url: str) -> dict[str, Any]:
        """Return the proxies and the CA bundle of the environment, read once per host."""
        from requests.utils import get_environ_proxies

        host = urlsplit(url).netloc
        if host not in self._environment:
            direct = urlsplit(url).hostname in LOOPBACK  # local traffic goes through no proxy
            self._environment[host] = {"proxies": {} if direct else get_environ_proxies(url), "verify": _ca_bundle()}
        return self._environment[host]


def _read(response: "requests.Response", operation: Operation, request: Request) -> Response:
    """Read a response to its end, and check that it is complete."""
    raw = response.raw
    answer, framed = Response(response.status_code, response.headers, b"", request.host), is_framed(raw)
    try:
        if not 200 <= answer.status < 300:
            answer = answer._replace(content=content_of(raw, LARGEST_REFUSAL))
            if answer.status not in PLAIN and 400 <= answer.status < 500:
                if answer.is_page:  # such as a 404 from something that isn't Dinero
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
    """Return why a response isn't valid, or None."""
    if answer.too_large:
        return Failure.TOO_LARGE
    return Failure.UNWHOLE if answer.flaw else None


def _not_accepted(host: str, refused: ssl.SSLCertVerificationError) -> DineroConfigurationError:
    """Return the error for a rejected certificate, with the reason of the verification."""
    name = next((each for each in CA_BUNDLES if os.environ.get(each)), None)
    if name:
        advice = (
            f"It was checked with {name}={os.environ[name]}. Python 3.13 and later require more of a CA: a critical "
            "basicConstraints, keyUsage, and key identifiers. A CA that lacks these must be issued again."
        )
    else:
        advice = "Check the host. If you use your own proxy, set REQUESTS_CA_BUNDLE."
    reason = clean(refused.verify_message or refused.reason or type(refused).__name__)
    return DineroConfigurationError(f"The certificate of {host} was not accepted: {reason}.", advice)


def _ca_bundle() -> str | bool:
    """Return the CA bundle of the environment, as `requests` finds it, or True for its default."""
    for name in CA_BUNDLES:
        if path := os.environ.get(name):
            if not os.path.exists(path):
                raise DineroConfigurationError(f"{name} is {path}, which doesn't exist.", "Correct the environment.")
            return path
    return True


def adapter(connection: Connection) -> "requests.adapters.HTTPAdapter":
    """Return an adapter of `requests` whose connections register the socket in use, so that it can be cut.

    It also detects truncated responses: the end of the connection doesn't count as the end of a line.

    :param connection: Connection
    """
    from http.client import HTTPResponse, IncompleteRead

    from requests.adapters import HTTPAdapter

    used_by = weakref.ref(connection)  # urllib3 keeps its open connections until their pool is no longer used

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
            if (owner := used_by()) is not None:
                owner.socket = self.sock
            return super().getresponse()  # type: ignore[misc]

    @cache
    def telling(kind: type) -> type:
        return type("Connection", (Tells, kind), {})

    class Telling(HTTPAdapter):
        def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
            pool: Any = super().get_connection_with_tls_context(*args, **options)
            if not issubclass(pool.ConnectionCls, Tells):
                pool.ConnectionCls = telling(pool.ConnectionCls)
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
    """Leave the headers unchanged; without an auth object, `requests` would read .netrc."""
    return request


def _failure(error: Exception) -> Failure:
    import requests
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    if isinstance(error, (requests.exceptions.ConnectTimeout, requests.exceptions.ProxyError)):
        return Failure.NOT_SENT
    never = (NewConnectionError, ConnectTimeoutError)
    return Failure.NOT_SENT if any(isinstance(each, never) for each in chain(error)) else Failure.LOST


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and the errors that it wraps: requests wraps urllib3, which wraps the socket's."""
    inner: object = error
    while isinstance(inner, BaseException):
        yield inner
        inner = getattr(inner, "reason", None) or (inner.args[0] if inner.args else None)


def unknown(operation: Operation | str, told: str) -> DineroOutcomeUnknown:
    """Return the error for a write that may or may not have been done.

    :param operation: Operation, or its method and path
    :param told: str, why the outcome is unknown
    """
    return DineroOutcomeUnknown(
        f"{operation} may or may not have been done: {told}.", "Check in Dinero before you send it again."
    )
