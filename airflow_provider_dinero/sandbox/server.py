"""Run a sandbox: in a thread for tests, in the foreground for the command line."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from types import FrameType
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.sandbox.same_origin_middleware import CONTROL
from airflow_provider_dinero.sandbox.seed_data import connection
from airflow_provider_dinero.sandbox.settings import Settings

if TYPE_CHECKING:
    import uvicorn


@dataclass(frozen=True)
class Sandbox:
    """A sandbox that listens at ``url``.

    :param url: its address
    :param requests_per_minute: the limit that it was started with, which its connections have too; default none
    """

    url: str
    requests_per_minute: int | None = None

    def connection(self, grant: str = "personal_integration", organization: int = 100001) -> dict[str, Any]:
        """Return the Airflow connection to it, see :func:`airflow_provider_dinero.sandbox.seed_data.connection`."""
        made = connection(self.url, grant, organization)
        if self.requests_per_minute:  # else the client would keep to the limit of Dinero
            made["extra"]["requests_per_minute"] = self.requests_per_minute
        return made

    def connection_json(self, grant: str = "personal_integration", organization: int = 100001) -> str:
        """Return the connection as text, for the environment variable ``AIRFLOW_CONN_DINERO_DEFAULT``."""
        return json.dumps(self.connection(grant, organization))

    def requests(self) -> list[dict[str, Any]]:
        """Return the requests so far."""
        return list(self._control("GET", "requests"))

    def outbox(self) -> list[dict[str, Any]]:
        """Return what has been sent to people so far."""
        return list(self._control("GET", "outbox"))

    def state(self) -> dict[str, int]:
        """Return the number of rows of each table."""
        return dict(self._control("GET", "state"))

    def seed(self, **counts: int) -> dict[str, int]:
        """Add many rows quickly, with ``POST /_sandbox/seed``.

        :param counts: ``contacts``, ``invoices``, ``entries`` and the ``organization``
        """
        return dict(self._control("POST", "seed", counts))

    def now(self) -> datetime:
        """Return the sandbox's time."""
        return datetime.fromisoformat(self._control("GET", "clock")["now"])

    def forward(self, **delta: float) -> datetime:
        """Move the sandbox's time forward.

        :param delta: ``days``, ``hours``, ``minutes``, ``seconds``
        :return: the new time
        """
        return datetime.fromisoformat(self._control("POST", "clock", delta)["now"])

    def fault(self, effect: str, **options: Any) -> None:
        """Order a fault.

        :param effect: effect of the fault, see :class:`airflow_provider_dinero.sandbox.faults.Fault`
        :param options: the other fields of the fault
        """
        self._control("POST", "faults", {"effect": effect, **options})

    def faults(self) -> list[dict[str, Any]]:
        """Return the faults on order, and how often each has struck."""
        return list(self._control("GET", "faults"))

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._control("DELETE", "faults")

    def reset(self) -> None:
        """Return to the initial state."""
        self._control("POST", "reset")

    def _control(self, method: str, name: str, body: Any = None) -> Any:
        import requests

        url = f"{self.url}/_sandbox/{name}"
        response = requests.request(method, url, json=body, headers=CONTROL, timeout=120)
        if response.status_code == 400:
            raise ValueError(response.json()["message"])
        response.raise_for_status()
        return response.json()


@contextmanager
def running(**settings: Any) -> Generator[Sandbox, None, None]:
    """Run a sandbox on a free port of 127.0.0.1 for the duration of the ``with`` block.

    :param settings: see :class:`airflow_provider_dinero.sandbox.settings.Settings`
    :raises TypeError: there is no such switch
    :raises ValueError: a switch has no such value
    """
    known = Settings.__dataclass_fields__
    if unknown := sorted(settings.keys() - known):
        raise TypeError(f"The sandbox has no switch {unknown[0]!r}. It has {', '.join(known)}.")
    ready = threading.Event()
    server, bound = prepare(Settings(**settings), "127.0.0.1", 0, ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, name="dinero-sandbox", daemon=True)
    thread.start()
    try:
        if not ready.wait(10):
            raise RuntimeError("The sandbox did not start.")
        yield Sandbox(address(bound), settings.get("requests_per_minute"))
    finally:
        server.should_exit = True
        thread.join(10)
        bound.close()


def prepare(
    settings: Settings, host: str, port: int, on_ready: Callable[[], None]
) -> tuple[uvicorn.Server, socket.socket]:
    """Create a server and the socket for it.

    :param settings: the switches of the sandbox
    :param host: address to listen on
    :param port: port; 0 picks a free one
    :param on_ready: called when the sandbox accepts requests
    """
    import uvicorn

    from airflow_provider_dinero.sandbox.app import create_app
    from airflow_provider_dinero.sandbox.wire import Wire

    settings = replace(settings, allowed_hosts=(*settings.allowed_hosts, host))
    wire = Wire()

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            on_ready()

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            # It stops within seconds anyway. If a second signal forced it, it would print a traceback.
            self.should_exit = True

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            wire.stopping.set()
            await super().shutdown(sockets)

    config = uvicorn.Config(
        create_app(settings, wire),
        http=wire.protocol(),
        log_level="warning",
        access_log=False,
        date_header=False,
        # A fault finds its connection by the client's real address.
        proxy_headers=False,
        ws="none",
        # A client that keeps its connection open must not keep the sandbox from stopping.
        timeout_graceful_shutdown=3,
    )
    bound = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    return Server(config), bound


def address(bound: socket.socket) -> str:
    """Return the base URL of a listening socket."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
