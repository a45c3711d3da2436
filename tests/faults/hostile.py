"""A hostile Dinero: every operation, and the token endpoints, with every kind of hostile answer.

The outcome is always a DineroError of the right class, or the right result; nothing is written twice because of it;
memory and time stay within bounds.

    PYTHONPATH=scripts python -m tests.faults.hostile [share of the runs, default 1]

A seed determines what is sent, so a failed run can be repeated: `... hostile run "invoices.get" "deep" 1`.
"""

import logging
import random
import re
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from airflow_provider_dinero.api import DineroClient, PersonalIntegration, VismaConnect
from airflow_provider_dinero.api.__main__ import operations
from airflow_provider_dinero.api.auth.consent import begin, exchange, revoke
from airflow_provider_dinero.api.errors import (
    DineroError,
    DineroOutcomeUnknown,
    DineroTemporaryError,
    DineroUnexpectedAnswer,
)
from airflow_provider_dinero.api.http.response_validation import LARGEST
from airflow_provider_dinero.api.operations import Operation, Repeat
from airflow_provider_dinero.api.ports import MemoryTokenStore, ProcessBudget, ProcessLock, Token
from tests.api.calls import CALLS
from tests.faults.hostile_answers import KINDS, MEGABYTE, NO_FILE, UNREADABLE
from tests.faults.hostile_dinero import BY_NAME, FIRST, MODES, Order, Server, running
from tests.faults.once_calls import ONCE
from tests.faults.world import Report, share

# Of one call, beside the documented looks; of memory beyond the documented limit.
SECONDS, MEGABYTES, LONGEST_TEXT = 30.0, 64, 3000
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


ALL = {**CALLS, **ONCE, **ENDPOINTS}
# What is uploaded so is in no list, and a second one does no harm but to be there.
HARMLESS = "POST /v1/{organizationId}/files/attachment"
# How these answer is undocumented.
UNDOCUMENTED = ("GET /v1/{organizationId}/webhooks/events", "GET /v1/{organizationId}/webhooks/subscriptions")


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
        if not name:
            self.client.tokens.adopt(Token("t", time.time() + 3600))

    def _sleep(self, seconds: float) -> None:
        self.slept += seconds

    def do(self, call: Callable[[DineroClient], Any]) -> Any:
        """Make a call, and return its result (lists completely), or what it raised."""
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

    def __init__(self, server: Server) -> None:
        self._server = server
        self._right: dict[str, Any] = {}
        self.outcomes: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.most_seconds = self.most_megabytes = 0.0

    def run(self, name: str, kind: str, mode: str, seed: str) -> None:
        """Make a call with hostile answers, and judge what comes of it."""
        call = ALL[name]
        operation = operations().get(name)
        grant = name if name in ENDPOINTS else ""
        if name not in self._right:
            self._server.order(Order(""))
            self._right[name] = Client(self._server.url, grant).do(call)
        self._server.order(Order(PATHS.get(name) or str(operation or ""), kind, mode, seed))
        Path("/proc/self/clear_refs").write_text("5")
        before, began = memory("VmRSS"), time.monotonic()
        client = Client(self._server.url, grant)
        found = client.do(call)
        seconds, most = time.monotonic() - began, memory("VmHWM") - before
        sent, done = self._server.order(Order(""))
        self.most_seconds, self.most_megabytes = max(self.most_seconds, seconds), max(self.most_megabytes, most)
        answer = "the right answer" if found == self._right[name] else "another answer"
        self.outcomes[answer if isinstance(found, str) else type(found).__name__] += 1
        for told in judge(kind, mode, operation, found, self._right[name], sent, done):
            self._tell(name, kind, mode, seed, told)
        if seconds > SECONDS:
            self._tell(name, kind, mode, seed, f"took {seconds:.1f} s")
        if most > MEGABYTES + LARGEST / MEGABYTE:
            self._tell(name, kind, mode, seed, f"took {most:.0f} MB")

    def _tell(self, name: str, kind: str, mode: str, seed: str, told: str) -> None:
        self.wrong.append(f"{name!r} {kind!r} {mode!r} {seed}: {told}")
        print(self.wrong[-1], flush=True)


def judge(
    kind: str,
    mode: str,
    operation: Operation | None,
    found: Any,
    right: Any,
    sent: dict[str, int],
    done: dict[str, int],
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
        if count > 1 and known and known.repeat in {Repeat.BARE, Repeat.FENCED} and name != HARMLESS:
            yield f"{name} was done {count} times"
    for name, count in sent.items():
        if count > 1 and name in BY_NAME and BY_NAME[name].repeat is Repeat.BARE and name != HARMLESS:
            yield f"{name} was sent {count} times"
    if operation is None or found == right or not isinstance(found, Exception | str):
        return
    repeat = operation.repeat
    if kind not in (NO_FILE if str(right).startswith("b'") else UNREADABLE):
        return
    if kind == "array for object" and str(operation) in UNDOCUMENTED:
        return
    if isinstance(found, str):
        yield f"was taken for an answer: {found[:200]}"
    elif repeat is Repeat.BARE and mode != FIRST and not isinstance(found, DineroOutcomeUnknown):
        yield f"{type(found).__name__} of a bare write: {found}"
    elif repeat is Repeat.READ and not isinstance(found, DineroTemporaryError | DineroUnexpectedAnswer):
        yield f"{type(found).__name__} of a read: {found}"


def main() -> None:
    """Run all of it, or a share, or one."""
    logging.disable(logging.CRITICAL)
    one = sys.argv[1:2] == ["run"]
    runs = [(name, kind, mode, "1") for name in ALL for kind in KINDS for mode in MODES]
    chance = random.Random(1)
    if one:
        runs = [tuple(sys.argv[2:6])]  # type: ignore[list-item]
    else:  # one of the modes for each operation and kind
        runs = [chance.choice(runs[begin : begin + len(MODES)]) for begin in range(0, len(runs), len(MODES))]
        runs = chance.sample(runs, max(100, round(len(runs) * share())))
    report, began = Report(), time.monotonic()
    with running() as server:
        program = Program(server)
        for each in runs:
            program.run(*each)
    report.line(
        f"{len(runs)} hostile answers of {len(KINDS)} kinds, {len(CALLS)} operations, {len(ONCE)} more calls, "
        f"{len(ENDPOINTS)} token endpoints",
        f"{dict(program.outcomes.most_common())}, {time.monotonic() - began:.0f} s",
        not program.wrong,
    )
    report.line("the longest and the largest", f"{program.most_seconds:.1f} s, {program.most_megabytes:.0f} MB", True)
    report.end()


if __name__ == "__main__":
    main()
