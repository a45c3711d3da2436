"""The environment of the attack: Dinero and its proxies in a separate process, and what workers store."""

import json
import multiprocessing
import os
import signal
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from airflow_provider_dinero.api import DineroClient, PersonalIntegration
from airflow_provider_dinero.api.auth import tokens
from airflow_provider_dinero.api.ports import MemoryTokenStore, ProcessBudget, ProcessIntents
from airflow_provider_dinero.coordination.files import FileLock
from airflow_provider_dinero.sandbox.server import Sandbox, running
from tests.cutting import Spoil, certificate, cutting


class Intents(ProcessIntents):
    """What a worker began, kept in a file: its next try finds it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        if path.exists():
            begun, self._left = json.loads(path.read_text())
            self._begun = set(begun)

    def begin(self, name: str) -> None:
        """Record that this write starts."""
        super().begin(name)
        self._keep()

    def end(self, name: str) -> None:
        """Record that the outcome of this write is known."""
        super().end(name)
        self._keep()

    def remember(self, name: str, made: str) -> None:
        """Store what this write created."""
        super().remember(name, made)
        self._keep()

    def _keep(self) -> None:
        self._path.write_text(json.dumps([sorted(self._begun), self._left]))


def serve(pipe: Any, paths: tuple[str, str]) -> None:
    """Run Dinero and its proxies, in a separate process."""
    options: dict[str, Any] = {"requests_per_minute": 10**6, "ledger_post_seconds": 0}
    with (
        # Each proxy is a separate issuer, and starts with the same refresh token, perhaps minutes after the other.
        running(refresh_tokens="one-time", grace_seconds=3600, **options) as box,
        cutting(box.url) as plain,
        cutting(box.url, paths) as tls,
    ):
        pipe.send((box.url, plain.url, tls.url))
        while True:
            orders = pipe.recv()
            for proxy in (plain, tls):
                proxy.order(*orders)
            pipe.send(plain.cuts + tls.cuts)
            plain.cuts.clear()
            tls.cuts.clear()


class World:
    """Dinero, the proxies, and the workers.

    :param folder: Path, for locks, intents and tokens
    :param urls: of Dinero, of the proxy, and of the one that speaks TLS
    :param pipe: to the process of them
    """

    def __init__(self, folder: Path, urls: tuple[str, str, str], pipe: Any) -> None:
        self.folder, self.urls, self.pipe = folder, urls, pipe
        self.box = Sandbox(urls[0])
        self.renew()

    def renew(self) -> None:
        """Begin with an empty Dinero: lists stay short."""
        self.box.reset()
        self.folder = Path(tempfile.mkdtemp(dir=self.folder if self.folder.name == "attack" else self.folder.parent))
        self.store = MemoryTokenStore()
        self.beside = self.client(self.urls[0])
        self.beside.organizations.subscriptions()

    def client(self, url: str, worker: str = "beside") -> DineroClient:
        """Return a client as a worker has it that has just started."""
        personal = PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", self.urls[0])
        options: dict[str, Any] = {"token_store": self.store, "budget": ProcessBudget(), "requests_per_minute": 10**6}
        options |= {"intents": Intents(self.folder / f"{worker}.json"), "sleep": nap, "look_again": (0.0, 0.05)}
        return DineroClient(100001, personal, base_url=url, lock=FileLock(self.folder / "locks"), **options)

    def order(self, *orders: Spoil) -> list[tuple[int, int]]:
        """Spoil these answers from now on, and return where answers were cut since the last order."""
        self.pipe.send(orders)
        return list(self.pipe.recv())


def nap(seconds: float) -> None:
    """Wait, but never for long."""
    signal.sigtimedwait([], min(seconds, 0.05))


@contextmanager
def world() -> Generator[World]:
    """Have a Dinero behind proxies for the length of the `with`."""
    tokens.FIRST_SECONDS = 0.0
    with tempfile.TemporaryDirectory() as folder:
        paths = certificate(Path(folder))
        os.environ["REQUESTS_CA_BUNDLE"] = paths[0]
        spawn = multiprocessing.get_context("spawn")
        ours, theirs = spawn.Pipe()
        process = spawn.Process(target=serve, args=(theirs, paths), daemon=True)
        process.start()
        theirs.close()  # if that process ends, no other process waits for it
        under = Path(folder, "attack")
        under.mkdir()
        try:
            yield World(under, ours.recv(), ours)
        finally:
            process.kill()
            process.join()
