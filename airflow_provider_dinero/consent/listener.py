"""Waits on this machine for the browser to return with Visma Connect's response."""

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

# How long a browser may take to request the page after the redirect.
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
ANSWERED = PAGE.format("Visma Connect has responded", "Continue in the terminal. You can close this window.")
NOT_OURS = PAGE.format("That is another response", "Nothing is waiting for this response. Use the newest link.")


class Listener:
    """Listens on a redirect URI, inside a `with` block, until the expected response arrives.

    :param redirect_uri: str, on this machine: http, a loopback host, a port and a path
    :param expected: callable that tells whether fields are the response; others are ignored
    :raises DineroConfigurationError: it isn't such a URI, or its port is taken
    """

    def __init__(self, redirect_uri: str, expected: Callable[[Mapping[str, str]], bool]) -> None:
        parts = urlsplit(redirect_uri)
        port = _port(parts)
        if port is None or parts.hostname not in LOOPBACK or parts.query or parts.fragment:
            raise DineroConfigurationError(
                f"{redirect_uri} is not an address of this machine.",
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
                f"Can't listen on {redirect_uri}: {error.strerror}.",
                "Stop the program that uses the port; or register another redirect URI and pass it as --redirect-uri; "
                "or use --paste, which needs no port.",
            ) from None

    def _listen(self, family: int, host: str, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        kind = type("Server", (_Server,), {"address_family": family})
        try:
            self._servers.append(kind((host, port), handler))
        except OSError as error:
            # Without IPv6 the other address is enough. If a port is in use, its program would receive the code.
            if error.errno not in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT} or host == "127.0.0.1":
                raise

    def __enter__(self) -> "Listener":
        """Start to listen."""
        for server in self._servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and free the port."""
        for server in self._servers:
            server.shutdown()
        self._close()

    def wait(self, seconds: float) -> dict[str, str]:
        """Return the fields of the response.

        :param seconds: float, how long to wait for a person
        :raises DineroConfigurationError: none arrived
        """
        try:
            answer = self._answers.get(timeout=seconds)
        except Empty:
            raise DineroConfigurationError(
                f"No response arrived within {seconds / 60:.0f} minutes.",
                "Start again; if the browser could not reach this machine, use --paste.",
            ) from None
        self._page_shown.wait(PAGE_SECONDS)
        return answer

    def _close(self) -> None:
        for server in self._servers:
            server.server_close()


class _Server(ThreadingHTTPServer):
    """Uses threads, since browsers open connections in advance that they don't use."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore errors in a request; by default they are printed."""


def _port(parts: SplitResult) -> int | None:
    """Return the port of an http address, None if it isn't one."""
    try:
        return (parts.port or 80) if parts.scheme == "http" else None
    except ValueError:
        return None


def _addresses(host: str | None) -> list[tuple[socket.AddressFamily, str]]:
    """Return the addresses to listen on: browsers resolve localhost to either."""
    both = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
    return both if host == "localhost" else [each for each in both if each[1] == host]


def _handler(
    path: str,
    expected: Callable[[Mapping[str, str]], bool],
    answers: "Queue[dict[str, str]]",
    page_shown: threading.Event,
) -> type[BaseHTTPRequestHandler]:
    """Return the class that handles each request."""

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
            # Move on from the address with the code, so that it isn't in the browser's history.
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
            """Log nothing: the address contains the code."""

    return Handler
