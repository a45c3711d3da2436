"""A hostile Dinero: every operation, and the token endpoints, with every kind of hostile answer.

Whatever comes, the outcome is a DineroError of the right class, or the right answer; nothing is written twice because
of it; memory and time stay within bounds.

    PYTHONPATH=scripts python -m tests.faults.hostile [share of the runs, default 1]

A seed says what is sent; so a run that went wrong can be had again: `... hostile run "invoices.get" "deep" 1`.
"""

import json
import logging
import multiprocessing
import random
import re
import sys
import threading
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from airflow_provider_dinero.api import DineroClient, PersonalIntegration, VismaConnect
from airflow_provider_dinero.api.__main__ import operations
from airflow_provider_dinero.api.consent import begin, exchange, revoke
from airflow_provider_dinero.api.errors import (
    DineroError,
    DineroOutcomeUnknown,
    DineroTemporaryError,
    DineroUnexpectedAnswer,
)
from airflow_provider_dinero.api.operations import Repeat
from airflow_provider_dinero.api.ports import MemoryTokenStore, ProcessBudget, ProcessIntents, ProcessLock, Token
from tests.api.calls import CALLS
from tests.contract import OPERATIONS, Contract, sample
from tests.faults.hostile_answers import KINDS, UNREADABLE, Right
from tests.faults.world import Report, share

SECONDS, MEGABYTES, LONGEST_TEXT = 30.0, 64, 3000
# Which answers are hostile: the first to the operation, all to it, or all to anything.
FIRST, ALL_OF_IT, EVERYTHING = "first", "all of it", "everything"
# Whoever says so has not done it: it is sent again, with a new token.
REFUSED = "unauthorized"
MODES = (FIRST, ALL_OF_IT, EVERYTHING)
TOKEN = {"access_token": "t", "expires_in": 3600, "token_type": "Bearer", "refresh_token": "r", "scope": "x"}
ENDPOINTS: dict[str, Callable[[DineroClient], Any]] = {
    "password": lambda client: client.tokens.access(),
    "refresh token": lambda client: client.tokens.access(),
    "code": lambda client: exchange(client, begin(client.grant, "http://localhost/"), "c").access_token,  # type: ignore[arg-type]
    "revocation": lambda client: revoke(client, "r"),
}
PATHS = {
    "password": "/oauth/token",
    "refresh token": "/connect/token",
    "code": "/connect/token",
    "revocation": "/connect/revocation",
}


class Order(NamedTuple):
    """What the server is to do.

    :param name: str, the operation as "METHOD path", or the end of a token endpoint's path
    :param kind: str, of KINDS; empty: the right answers
    :param mode: str, of MODES
    :param seed: str
    """

    name: str
    kind: str = ""
    mode: str = FIRST
    seed: str = ""


class Dinero:
    """The server's side: which answer comes next, and what was done."""

    def __init__(self) -> None:
        self.contract = Contract()
        self.order = Order("")
        self.sent: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.chance = random.Random()

    def begin(self, order: Order) -> None:
        """Begin anew, with this order."""
        self.order, self.sent, self.done = order, Counter(), Counter()
        self.chance = random.Random(repr(order))

    def answer(self, method: str, target: str, headers: Any, content: bytes) -> tuple[Iterator[bytes], bool]:
        """Return an answer, and whether the connection stays open."""
        path = target.partition("?")[0]
        if "/v" not in path[:3]:
            name, status = path, 200
            right = Right(b"", None) if "revocation" in path else _right(TOKEN)
        else:
            name, faults = self.contract.check(method, target, headers.get("Content-Type", ""), content)
            if self._is_hostile(name, self.sent[name] + 1) and self.order.kind == REFUSED:
                return KINDS[REFUSED](self.chance, Right(b"", None)), False
            right = _right_of(name, headers["Accept"]) if name else Right(b"", None)
            status = 400 if faults else self._status(name, target, content)
        self.sent[name] += 1
        if self._is_hostile(name, self.sent[name]):
            return KINDS[self.order.kind](self.chance, right), False
        body = right.content if status == 200 else json.dumps({"code": {409: 72}.get(status, 58)}).encode()
        lines = f"HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return iter([lines.encode() + body]), True

    def _status(self, name: str, target: str, content: bytes) -> int:
        """Do it, or refuse what was done before, as the operation's kind says."""
        repeat = BY_NAME[name].repeat
        key = f"{name} {target} {content!r}" if repeat is not Repeat.BARE else name
        if repeat is not Repeat.READ and self.done[key]:
            if repeat is Repeat.FENCED:
                return 400
            if repeat is Repeat.KEYED and name.startswith("POST"):
                return 409
        self.done[key] += 1
        return 200

    def _is_hostile(self, name: str, number: int) -> bool:
        if not self.order.kind or (self.order.mode != EVERYTHING and not name.endswith(self.order.name)):
            return False
        return self.order.mode != FIRST or number == 1


BY_NAME = {str(each): each for each in operations().values()}


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
    """Serve until the pipe is closed: an order comes, and what was sent and done goes back."""
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


class Client:
    """Our side.

    :param url: str
    :param name: str, which grant the endpoint of this name wants; default a personal integration with a token
    """

    def __init__(self, url: str, name: str = "") -> None:
        self.slept = 0.0
        personal = PersonalIntegration("id", "secret", "key", url)
        grant = personal if name in {"", "password"} else VismaConnect("isv_id", "secret", "r", url)
        self.client = DineroClient(
            100001,
            grant,
            base_url=url,
            token_store=MemoryTokenStore(),
            lock=ProcessLock(),
            budget=ProcessBudget(),
            requests_per_minute=10**6,
            timeout=2.0,
            sleep=self._sleep,
        )
        self.client.intents = ProcessIntents()
        if not name:
            self.client.tokens.adopt(Token("t", time.time() + 3600))

    def _sleep(self, seconds: float) -> None:
        self.slept += seconds

    def do(self, call: Callable[[DineroClient], Any]) -> Any:
        """Make a call, and return what it gave, lists in whole, or what it raised."""
        try:
            found = call(self.client)
            return repr(list(found) if isinstance(found, Iterator) else found)
        except Exception as error:  # ruff: ignore[blind-except] - whatever it is, it is looked at
            return error
        finally:
            self.client.close()


def memory(name: str) -> float:
    """Return a figure of this process in megabytes: VmRSS now, VmHWM the most since it was set back."""
    return int(re.findall(rf"{name}:\s+(\d+)", Path("/proc/self/status").read_text())[0]) / 1024


class Program:
    """The runs, and what was wrong with them."""

    def __init__(self, url: str, pipe: Any) -> None:
        self._url = url
        self._pipe = pipe
        self._right: dict[str, Any] = {}
        self.outcomes: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.most_seconds = self.most_megabytes = 0.0

    def order(self, order: Order) -> tuple[dict[str, int], dict[str, int]]:
        """Tell the server what to do next, and return what was sent to it and done before."""
        self._pipe.send(order)
        counted: tuple[dict[str, int], dict[str, int]] = self._pipe.recv()
        return counted

    def run(self, name: str, kind: str, mode: str, seed: str) -> None:
        """Make a call with hostile answers, and judge what comes of it."""
        call = CALLS.get(name) or ENDPOINTS[name]
        operation = operations().get(name)
        grant = "" if operation else name
        if name not in self._right:
            self.order(Order(""))
            self._right[name] = Client(self._url, grant).do(call)
        self.order(Order(PATHS.get(name) or str(operation), kind, mode, seed))
        Path("/proc/self/clear_refs").write_text("5")
        before, began = memory("VmRSS"), time.monotonic()
        client = Client(self._url, grant)
        found = client.do(call)
        seconds, most = time.monotonic() - began, memory("VmHWM") - before
        sent, done = self.order(Order(""))
        self.most_seconds, self.most_megabytes = max(self.most_seconds, seconds), max(self.most_megabytes, most)
        answer = "the right answer" if found == self._right[name] else "another answer"
        self.outcomes[answer if isinstance(found, str) else type(found).__name__] += 1
        for told in judge(kind, mode, operation and operation.repeat, found, self._right[name], sent, done):
            self._tell(name, kind, mode, seed, told)
        if seconds > SECONDS:
            self._tell(name, kind, mode, seed, f"took {seconds:.1f} s")
        if most > MEGABYTES + LIMIT:
            self._tell(name, kind, mode, seed, f"took {most:.0f} MB")

    def _tell(self, name: str, kind: str, mode: str, seed: str, told: str) -> None:
        self.wrong.append(f"{name!r} {kind!r} {mode!r} {seed}: {told}")
        print(self.wrong[-1], flush=True)


def judge(
    kind: str, mode: str, repeat: Repeat | None, found: Any, right: Any, sent: dict[str, int], done: dict[str, int]
) -> Iterator[str]:
    """Yield what is wrong with an outcome."""
    if isinstance(found, Exception):
        if not isinstance(found, DineroError):
            yield f"raised {type(found).__name__}: {str(found)[:200]}"
        text = str(found)
        if len(text) > LONGEST_TEXT or any(unicodedata.category(each) in {"Cc", "Zl", "Zp", "Cf"} for each in text):
            yield f"an error of {len(text)} characters: {text[:200]!r}"
    for name, count in done.items():
        known = BY_NAME.get(name)
        if count > 1 and known and known.repeat in {Repeat.BARE, Repeat.FENCED}:
            yield f"{name} was done {count} times"
    for name, count in sent.items():
        if count > 1 and name in BY_NAME and BY_NAME[name].repeat is Repeat.BARE:
            yield f"{name} was sent {count} times"
    if kind not in UNREADABLE or found == right or not isinstance(found, Exception | str):
        return
    if isinstance(found, str):
        yield f"was taken for an answer: {found[:200]}"
    elif repeat is Repeat.BARE and mode != FIRST and not isinstance(found, DineroOutcomeUnknown):
        yield f"{type(found).__name__} of a bare write: {found}"
    elif repeat is Repeat.READ and not isinstance(found, DineroTemporaryError | DineroUnexpectedAnswer):
        yield f"{type(found).__name__} of a read: {found}"


@contextmanager
def running() -> Generator[Program]:
    """Run the server in a process of its own."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield Program(ours.recv(), ours)
    finally:
        process.kill()
        process.join()


def main() -> None:
    """Run all of it, or a share, or one."""
    logging.disable(logging.CRITICAL)
    one = sys.argv[1:2] == ["run"]
    runs = [(name, kind, mode, "1") for name in (*CALLS, *ENDPOINTS) for kind in KINDS for mode in MODES]
    chance = random.Random(1)
    if one:
        runs = [tuple(sys.argv[2:6])]  # type: ignore[list-item]
    else:  # one of the modes for each operation and kind
        runs = [chance.choice(runs[begin : begin + len(MODES)]) for begin in range(0, len(runs), len(MODES))]
        runs = chance.sample(runs, max(100, round(len(runs) * share())))
    report, began = Report(), time.monotonic()
    with running() as program:
        for each in runs:
            program.run(*each)
    report.line(
        f"{len(runs)} hostile answers, {len(CALLS)} operations and {len(ENDPOINTS)} endpoints, {len(KINDS)} kinds",
        f"{dict(program.outcomes.most_common())}, {time.monotonic() - began:.0f} s",
        not program.wrong,
    )
    report.line("the longest and the largest", f"{program.most_seconds:.1f} s, {program.most_megabytes:.0f} MB", True)
    report.end()


LIMIT = 64  # megabytes


if __name__ == "__main__":
    main()
