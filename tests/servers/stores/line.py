"""A line to a server: counts what goes over it, and goes dead after so many bytes."""

import re
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

_REQUEST = re.compile(rb"(GET|HEAD|PUT|POST|DELETE|PATCH) (\S+) HTTP/1\.1\r\n")
LONGEST_REQUEST = 4096


class Line:
    """A proxy before a server on this machine.

    :param port: int, the server's
    """

    def __init__(self, port: int) -> None:
        self.sent = 0  # bytes to the server
        self.requests: list[str] = []
        self.dead_after: int | None = None
        self.at_end: Callable[[], None] = lambda: None
        self._upstream = port
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._start(self._accept)

    def die_after(self, size: int | None, at_end: Callable[[], None] = lambda: None) -> None:
        """Let so many more bytes through, then none, and do something at that moment; None mends the line."""
        if size is None:
            self._hang_up()
        self.at_end, self.sent, self.dead_after = at_end, 0, size

    def close(self) -> None:
        """End it, with all connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # accept doesn't hear of a mere close
        self._listener.close()
        self._threads[0].join()  # none comes in any more
        self._hang_up()
        for each in self._threads:
            each.join()

    def _hang_up(self) -> None:
        """End all connections: whoever waits for one learns that it is gone."""
        for each in list(self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads = [each for each in self._threads if each.is_alive()]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._open.add(client)
                self._start(self._connect, client)

    def _connect(self, client: socket.socket) -> None:
        with suppress(OSError), client, socket.create_connection(("127.0.0.1", self._upstream)) as server:
            self._open.add(server)
            for each in (client, server):  # else the second part of a request waits 40 ms for an answer to the first
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            down = threading.Thread(target=self._pass, args=(server, client, False), daemon=True)
            down.start()
            self._pass(client, server, True)
            down.join()
            self._open.discard(server)
        self._open.discard(client)

    def _pass(self, source: socket.socket, target: socket.socket, up: bool) -> None:
        tail = b""
        with suppress(OSError):
            while data := source.recv(16384):
                if up:
                    tail = self._note(tail, data)
                    self.sent += len(data)
                    if self.dead_after is not None and self.sent >= self.dead_after:
                        target.sendall(data[: max(0, self.dead_after - self.sent + len(data))])
                        self.at_end()
                        while source.recv(16384):  # neither side hears of the other, until it ends
                            pass
                        break
                elif self.dead_after is not None and self.sent >= self.dead_after:
                    return
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def _note(self, tail: bytes, data: bytes) -> bytes:
        text = tail + data
        end = 0
        for match in _REQUEST.finditer(text):
            self.requests.append(f"{match[1].decode()} {match[2].decode()}")
            end = match.end()
        return text[max(end, len(text) - LONGEST_REQUEST) :]


@contextmanager
def line(port: int) -> Generator[Line]:
    """Lay a line to a server.

    :param port: int, the server's
    """
    made = Line(port)
    try:
        yield made
    finally:
        made.close()
