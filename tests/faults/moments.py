"""How and when a worker is hit: it is killed with -9 at a moment of one of its requests, or its connection is cut.

A worker inherits this by fork. It records each step as it goes, so that a killed worker has reported all that it did.
"""

import http.client
import os
import select
import signal
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

# Killed: before the request is sent; while the sandbox works on it; when that is done, the answer unread; after that.
KILLED = ("before", "in flight", "committed", "answered")
# The sandbox cuts the connection: before the write, after it, or with the write some time later.
CUT = {"cut before": "reset", "cut after": "reset-after", "cut, done later": "late"}
MOMENTS = (*KILLED, *CUT)
XCOM = "before the XCom"  # the work is done, its result not yet stored
RANDOM = "at random"  # by whoever started the worker


@dataclass(frozen=True)
class Blow:
    """What hits a try of a task.

    :param moment: str, one of MOMENTS, XCOM or RANDOM
    :param request: int, which of the try's requests to Dinero, from 0
    :param seconds: float, after which the sandbox does what it was asked in flight or later; or the worker is killed
    """

    moment: str
    request: int = 0
    seconds: float = 0.0


class Worker:
    """What is shared by the process that starts workers and, by fork, by each of them."""

    def __init__(self) -> None:
        self.blow: Blow | None = None  # of the worker that is forked next
        self.log = -1  # file descriptor, to which it reports its steps
        self._parent = os.getpid()
        self._number = -1
        self._under_way = False

    def install(self) -> None:
        """Let the workers that are forked from now on be hit."""
        from airflow.sdk.execution_time import task_runner
        from urllib3.connection import HTTPConnection

        from airflow_provider_dinero.api.http.connection import Connection

        attempt, getresponse, push = Connection.attempt, HTTPConnection.getresponse, task_runner._push_xcom_if_needed

        def attempted(wire: Any, operation: Any, request: Any, *args: Any, **options: Any) -> Any:
            if os.getpid() == self._parent or "/v" not in urlsplit(request.url).path:  # not a token's
                return attempt(wire, operation, request, *args, **options)
            self._begin(operation, request.url)
            answer = attempt(wire, operation, request, *args, **options)
            self._under_way = False
            self._reach("answered")
            return answer

        def answered(connection: Any) -> Any:
            if self._under_way:
                self._reach("in flight")
                if self._is("committed"):
                    select.select([connection.sock], [], [])
                    self._reach("committed")
            return getresponse(connection)

        def pushed(*args: Any, **options: Any) -> Any:
            if self.blow is not None:  # after whichever request was the last
                self._number = self.blow.request
            self._reach(XCOM)
            return push(*args, **options)

        Connection.attempt = attempted  # type: ignore[method-assign]
        HTTPConnection.getresponse = answered  # type: ignore[method-assign]
        task_runner._push_xcom_if_needed = pushed

    def _begin(self, operation: Any, url: str) -> None:
        self._number += 1
        self._under_way = True
        os.write(self.log, f"{operation}\n".encode())
        self._reach("before")
        if self.blow is None or self.blow.request != self._number:
            return
        if self.blow.moment == "in flight" and self.blow.seconds:
            self._order("delay", url)
        elif self.blow.moment in CUT:
            os.write(self.log, b"!\n")
            self._order(CUT[self.blow.moment], url)

    def _is(self, moment: str) -> bool:
        return self.blow == replace(self.blow, moment=moment, request=self._number) if self.blow else False

    def _reach(self, moment: str) -> None:
        """Die here, if it is the place."""
        if self._is(moment):
            os.write(self.log, b"!\n")
            os.kill(os.getpid(), signal.SIGKILL)

    def _order(self, effect: str, url: str) -> None:
        """Order a fault for the request that is sent next."""
        import json

        from airflow_provider_dinero.sandbox.same_origin_middleware import CONTROL

        parts = urlsplit(url)
        order = {"effect": effect, "path": parts.path, "times": 1, "seconds": self.blow.seconds if self.blow else 0}
        connection = http.client.HTTPConnection(parts.netloc)
        connection.request("POST", "/_sandbox/faults", json.dumps(order), CONTROL)
        if connection.getresponse().status >= 300:
            raise RuntimeError("The sandbox refused a fault.")
        connection.close()
