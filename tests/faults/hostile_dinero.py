"""The server of `hostile.py`: the right responses, by openapi.json, and a hostile one if requested."""

import json
import multiprocessing
import random
import threading
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from airflow_provider_dinero.api.__main__ import operations
from airflow_provider_dinero.api.operations import Repeat
from tests.contract import OPERATIONS, Contract, sample
from tests.faults.hostile_answers import KINDS, Right

# Which answers are hostile: the first to the operation, all to it, or all to anything.
FIRST, ALL_OF_IT, EVERYTHING = "first", "all of it", "everything"
# Whoever says so has not done it: it is sent again, with a new token.
REFUSED = "unauthorized"
MODES = (FIRST, ALL_OF_IT, EVERYTHING)
TOKEN = {"access_token": "t", "expires_in": 3600, "token_type": "Bearer", "refresh_token": "r", "scope": "x"}
BY_NAME = {str(each): each for each in operations().values()}


class Order(NamedTuple):
    """What the server is to do.

    :param name: str, the operation as "METHOD path", or the end of a token endpoint's path; empty: any
    :param kind: str, of KINDS; empty: the right answers
    :param mode: str, of MODES
    :param seed: str
    """

    name: str
    kind: str = ""
    mode: str = FIRST
    seed: str = ""


class Dinero:
    """The server's side: which response comes next, and what was done."""

    def __init__(self) -> None:
        self.contract = Contract()
        self.order = Order("")
        self.came: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.chance = random.Random()

    def begin(self, order: Order) -> None:
        """Start again, with this order."""
        self.order, self.came, self.sent, self.done = order, Counter(), Counter(), Counter()
        self.chance = random.Random(repr(order))

    def answer(self, method: str, target: str, headers: Any, content: bytes) -> tuple[Iterator[bytes], bool]:
        """Return an answer, and whether the connection stays open."""
        path = target.partition("?")[0]
        if "/v" not in path[:3]:
            name, status = path, 200
            right = Right(b"", None) if "revocation" in path else _right(TOKEN)
        else:
            name, faults = self.contract.check(method, target, headers.get("Content-Type", ""), content)
            if self._is_hostile(name) and self.order.kind == REFUSED:
                self.came[name] += 1
                return KINDS[REFUSED](self.chance, Right(b"", None)), False
            right = _right_of(name, headers["Accept"]) if name else Right(b"", None)
            status = 400 if faults else self._status(name, target, content)
        hostile = self._is_hostile(name)
        self.came[name] += 1
        self.sent[name] += 1
        if hostile:
            return KINDS[self.order.kind](self.chance, right), False
        body = right.content if status == 200 else json.dumps({"code": {409: 72}.get(status, 58)}).encode()
        lines = f"HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return iter([lines.encode() + body]), True

    def _status(self, name: str, target: str, content: bytes) -> int:
        """Do it, or refuse what was done before, according to the kind of operation."""
        repeat = BY_NAME[name].repeat
        key = f"{name} {target} {content!r}" if repeat is not Repeat.BARE else name
        if repeat is not Repeat.READ and self.done[key]:
            if repeat is Repeat.FENCED:
                return 400
            if repeat is Repeat.KEYED and name.startswith("POST"):
                return 409
        self.done[key] += 1
        return 200

    def _is_hostile(self, name: str) -> bool:
        if not self.order.kind or (self.order.mode != EVERYTHING and not name.endswith(self.order.name)):
            return False
        return self.order.mode != FIRST or not self.came[name]


def _right(value: Any) -> Right:
    return Right(json.dumps(value).encode(), value)


def _right_of(name: str, accept: str) -> Right:
    method, _, path = name.partition(" ")
    answers = OPERATIONS[method, path]["responses"]["200"].get("content", {})
    if "json" not in accept:
        return Right(b"%PDF-1.4" + b"x" * 100, None)
    schema = answers.get("application/json", {}).get("schema")
    if schema is None:
        return _right([]) if method == "GET" else Right(b"", None)  # two are documented without an answer
    return _right(sample(schema))


def serve(pipe: Any) -> None:
    """Serve until the pipe is closed: receive an order, and send back the requests and the writes."""
    dinero = Dinero()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            length = self.headers.get("Content-Length")
            content = self.rfile.read(int(length or 0))
            pieces, stays = dinero.answer(self.command, self.path, self.headers, content)
            self.close_connection = not stays
            with suppress(OSError):
                for piece in pieces:
                    self.wfile.write(piece)

        do_GET = do_POST = do_PUT = do_DELETE = _answer

        def log_message(self, *args: object) -> None:
            pass

        def handle(self) -> None:
            with suppress(OSError):
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    pipe.send(f"http://127.0.0.1:{server.server_address[1]}")
    with suppress(EOFError):
        while True:
            order = pipe.recv()
            pipe.send((dict(dinero.sent), dict(dinero.done)))
            dinero.begin(order)


class Server(NamedTuple):
    """The server, in a separate process.

    :param url: str
    :param pipe: Connection, to it
    """

    url: str
    pipe: Any

    def order(self, order: Order) -> tuple[dict[str, int], dict[str, int]]:
        """Set what it does next, and return the requests and the writes since the last order."""
        self.pipe.send(order)
        counted: tuple[dict[str, int], dict[str, int]] = self.pipe.recv()
        return counted


@contextmanager
def running() -> Generator[Server]:
    """Run the server."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield Server(ours.recv(), ours)
    finally:
        process.kill()
        process.join()
