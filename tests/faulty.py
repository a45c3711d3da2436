"""A proxy that loses responses: it passes the request on, and cuts the connection."""

import http.client
import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HOLD_SECONDS = 120


class Faults:
    """What the proxy does, and the requests that it has seen."""

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream).netloc
        self.url = ""
        self.lose: dict[str, int] = {}
        self.answer: dict[str, list[tuple[int, dict[str, str], bytes]]] = {}
        self.delay: dict[str, float] = {}
        self.hold: dict[str, threading.Event] = {}  # one request is passed on when it is set
        self.spoil: dict[str, bytes] = {}
        self.call: dict[str, Callable[[], None]] = {}  # when it is done, and before it is answered
        self.seen: list[str] = []
        self.done: list[str] = []

    def count(self, ending: str) -> int:
        """How many requests came whose "METHOD path" ends so."""
        return sum(each.endswith(ending) for each in self.seen)


@contextmanager
def before(upstream: str) -> Generator[Faults]:
    """Run a proxy. `lose["POST /book"] = 1` loses the first answer; `answer[...]` is given instead of passing on."""
    faults = Faults(upstream)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            place = f"{self.command} {urlsplit(self.path).path}"
            faults.seen.append(place)
            for ending, answers in faults.answer.items():
                if _is(place, ending) and answers:
                    status, headers, content = answers.pop(0)
                    return self._send(status, headers, content)
            for ending, passed in list(faults.hold.items()):
                if _is(place, ending):
                    del faults.hold[ending]
                    passed.wait(HOLD_SECONDS)
            connection = http.client.HTTPConnection(faults.upstream)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            content = answer.read()
            connection.close()
            faults.done.append(place)
            for ending, do in faults.call.items():
                if _is(place, ending):
                    do()
            time.sleep(sum(seconds for ending, seconds in faults.delay.items() if _is(place, ending)))
            for ending, left in faults.lose.items():
                if _is(place, ending) and left:
                    faults.lose[ending] -= 1
                    self.close_connection = True
                    return None
            for ending, spoilt in faults.spoil.items():
                content = spoilt if _is(place, ending) else content
            return self._send(answer.status, dict(answer.getheaders()), content)

        def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
            self.send_response_only(status)
            for name, value in headers.items():
                if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            with suppress(BrokenPipeError, ConnectionResetError):  # the client may have gone
                self.end_headers()
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = _pass

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    faults.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield faults
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def dripping(begin: bytes) -> Generator[str]:
    """Run a server that starts each response like this, and then sends a byte now and then, for ever."""
    listening = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with connection, suppress(OSError):
                    connection.recv(65536)
                    connection.sendall(begin)
                    while not ended.wait(0.05):
                        connection.sendall(b" ")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        ended.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def _is(place: str, ending: str) -> bool:
    method, _, path = ending.partition(" ")
    return place.startswith(method) and place.endswith(path)
