"""What waits on this machine for the browser to come back with Visma Connect's answer."""

import errno
import socket
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from types import TracebackType
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from airflow_provider_dinero.api.errors import DineroConfigurationError
from airflow_provider_dinero.api.http.connection import LOOPBACK

# How long a browser may take to ask for the page that the redirect names.
PAGE_SECONDS = 3.0
LONGEST_FORM = 65536
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Connection": "close",
}
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<title>Airflow and Dinero</title><body style="font: 1.1rem/1.5 sans-serif; max-width: 32rem; margin: 4rem auto">
<h1>{}</h1><p>{}</p></body></html>"""
ANSWERED = PAGE.format("Visma Connect has answered", "Go on in the terminal. You can close this window.")
NOT_OURS = PAGE.format("That is another answer", "This is not the one that is waited for. Use the newest link.")


class Listener:
    """Listens on a redirect URI, inside a `with`, until the answer comes that is waited for.

    :param redirect_uri: str, on this machine: http, a loopback host, a port and a path
    :param expected: callable that tells whether fields are the answer; all else is passed over
    :raises DineroConfigurationError: it is no such URI, or its port is taken
    """

    def __init__(self, redirect_uri: str, expected: Callable[[Mapping[str, str]], bool]) -> None:
        parts = urlsplit(redirect_uri)
        port = _port(parts)
        if port is None or parts.hostname not in LOOPBACK or parts.query or parts.fragment:
            raise DineroConfigurationError(
                f"{redirect_uri} is no address of this machine.",
                "Use --paste, or one like http://localhost:8766/callback.",
            )
        self._answers: Queue[dict[str, str]] = Queue()
        self._page_shown = threading.Event()
        handler = _handler(parts.path or "/", expected, self._answers, self._page_shown)
        self._servers: list[ThreadingHTTPServer] = []
        try:
            for family, host in _addresses(parts.hostname):
                self._listen(family, host, port, handler)
        except OSError as error:
            self._close()
            raise DineroConfigurationError(
                f"Nothing can listen on {redirect_uri}: {error.strerror}.",
                "End what uses the port; or register another redirect URI and give it as --redirect-uri; or use "
                "--paste, which needs no port.",
            ) from None

    def _listen(self, family: int, host: str, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        kind = type("Server", (_Server,), {"address_family": family})
        try:
            self._servers.append(kind((host, port), handler))
        except OSError as error:
            # Without IPv6 the other address does. A port in use would let the code go to whoever uses it.
            if error.errno not in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT} or host == "127.0.0.1":
                raise

    def __enter__(self) -> "Listener":
        """Begin to listen."""
        for server in self._servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it, and free the port."""
        for server in self._servers:
            server.shutdown()
        self._close()

    def wait(self, seconds: float) -> dict[str, str]:
        """Return the fields of the answer.

        :param seconds: float, how long to wait for a person
        :raises DineroConfigurationError: none came
        """
        try:
            answer = self._answers.get(timeout=seconds)
        except Empty:
            raise DineroConfigurationError(
                f"No answer came within {seconds / 60:.0f} minutes.",
                "Start again; if the browser could not reach this machine, use --paste.",
            ) from None
        self._page_shown.wait(PAGE_SECONDS)
        return answer

    def _close(self) -> None:
        for server in self._servers:
            server.server_close()


class _Server(ThreadingHTTPServer):
    """Threads, since browsers open connections ahead that they don't use."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over whatever goes wrong with a request: the default prints it."""


def _port(parts: SplitResult) -> int | None:
    """Return the port of an http address, None if it is none."""
    try:
        return (parts.port or 80) if parts.scheme == "http" else None
    except ValueError:
        return None


def _addresses(host: str | None) -> list[tuple[socket.AddressFamily, str]]:
    """Return where to listen: browsers take localhost for the one or the other."""
    both = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
    return both if host == "localhost" else [each for each in both if each[1] == host]


def _handler(
    path: str,
    expected: Callable[[Mapping[str, str]], bool],
    answers: "Queue[dict[str, str]]",
    page_shown: threading.Event,
) -> type[BaseHTTPRequestHandler]:
    """Return the class that answers each request."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 10  # seconds that a connection may stay silent

        def do_GET(self) -> None:
            where = urlsplit(self.path)
            if where.path != path:
                self._answer(404, NOT_OURS)
            elif where.query == "answered":
                self._answer(200, ANSWERED)
                page_shown.set()
            else:
                self._take(where.query)

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if urlsplit(self.path).path != path or not length.isdecimal() or int(length) > LONGEST_FORM:
                self._answer(404, NOT_OURS)
            else:
                self._take(self.rfile.read(int(length)).decode("utf-8", "replace"))

        def _take(self, form: str) -> None:
            fields = dict(parse_qsl(form))
            if not expected(fields):
                self._answer(400, NOT_OURS)
                return
            # Away from the address that holds the code, so that it stays in no history.
            self._answer(303, "", Location=f"{path}?answered")
            answers.put(fields)

        def _answer(self, status: int, page: str, **headers: str) -> None:
            content = page.encode()
            self.send_response_only(status)
            for name, value in {**HEADERS, **headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Log nothing: an address holds the code."""

    return Handler
