"""Stores that are started for real, each with an empty folder for a test, and a Dinero to archive."""

import gc
import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import stores
from airflow.sdk import ObjectStoragePath
from sqlalchemy import delete

from airflow_provider_dinero.api import DineroClient, PersonalIntegration
from airflow_provider_dinero.api.ports import MemoryTokenStore, ProcessBudget
from airflow_provider_dinero.transfers.archive import DineroArchiveOperator
from tests.conftest import CONTACT, line
from tests.servers.stores.line import Line
from tests.servers.stores.line import line as laid

KINDS = ("local", "s3", "azure", "gcs", "sftp")
Row = dict[str, Any]


class Place:
    """An empty folder of a store.

    :param kind: str
    :param path: str, as an author writes it
    :param line: Line to the server, or None
    """

    def __init__(self, kind: str, path: str, line: Line | None) -> None:
        self.kind = kind
        self.path = path
        self.line = line

    def at(self, path: str = "") -> ObjectStoragePath:
        """Return a file or folder below."""
        return ObjectStoragePath(f"{self.path}/{path}".rstrip("/"))

    def files(self) -> dict[str, bytes]:
        """Return all files, by their paths below."""
        fs, root = self.at().fs, self.at().path.strip("/")
        fs.invalidate_cache()
        found = {}
        for name in fs.find(self.at().path):
            with suppress(FileNotFoundError):  # adlfs names an empty blob that stands for a folder without its slash
                found[name.strip("/").removeprefix(f"{root}/")] = fs.cat_file(name)
        return found

    def put(self, path: str, content: bytes) -> None:
        """Put a file there as somebody else would: in one go, under its name."""
        target = self.at(path)
        if self.kind in {"local", "sftp"}:
            target.fs.makedirs(target.path.rpartition("/")[0], exist_ok=True)
        target.fs.pipe_file(target.path, content)

    def put_all(self, contents: dict[str, bytes]) -> None:
        """Put many files there, by their paths below."""
        if self.kind in {"local", "sftp"}:  # the server's disk is this one's
            for path, content in contents.items():
                target = Path(self.at(path).path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
        else:
            connection = json.loads(os.environ[f"AIRFLOW_CONN_{self.kind.upper()}"])
            below = self.at().path.removeprefix(f"{stores.BUCKET}/")
            stores.put(connection, {f"{below}/{path}": content for path, content in contents.items()})


@pytest.fixture(scope="session")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Line | None]]:
    """Return what starts a store, when it is first asked for, and gives the line to it."""
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    with ExitStack() as stack:
        started: dict[str, Line | None] = {"local": None}

        def start(kind: str) -> Line | None:
            if kind in started:
                return started[kind]
            logs = tmp_path_factory.mktemp(kind)
            if kind == "gcs":
                connection, environment = stack.enter_context(stores.gcs(logs))
                port = int(urlsplit(environment["STORAGE_EMULATOR_HOST"]).port or 0)
                made = stack.enter_context(laid(port))
                os.environ.update({**environment, "STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{made.port}"})
                connection["extra"]["gcs.endpoint"] = f"http://127.0.0.1:{made.port}"
            elif kind == "sftp":
                connection = stack.enter_context(stores.sftp(logs))
                made = stack.enter_context(laid(connection["port"]))
                connection["port"] = made.port
                stack.callback(disconnect)
            elif kind == "s3":
                connection = stack.enter_context(stores.s3(logs))
                made = stack.enter_context(laid(urlsplit(connection["extra"]["endpoint_url"]).port or 0))
                connection = stores.s3_connection(f"http://127.0.0.1:{made.port}")
            else:
                connection = stack.enter_context(stores.azure(logs))
                url = connection["extra"]["connection_string"].partition("BlobEndpoint=")[2]
                made = stack.enter_context(laid(urlsplit(url).port or 0))
                connection = stores.azure_connection(f"http://127.0.0.1:{made.port}")
            os.environ[f"AIRFLOW_CONN_{kind.upper()}"] = json.dumps(connection)
            started[kind] = made
            return made

        yield start


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, lines: Callable[[str], Line | None], tmp_path: Path) -> Iterator[Place]:
    """An empty folder in each store."""
    with emptied(request.param, lines, tmp_path) as made:
        yield made


@pytest.fixture
def place_in(lines: Callable[[str], Line | None], tmp_path: Path) -> Iterator[Callable[[str], Place]]:
    """Return what gives an empty folder in a store."""
    with ExitStack() as stack:
        yield lambda kind: stack.enter_context(emptied(kind, lines, tmp_path))


class emptied:
    """An empty folder in a store; afterwards its line is mended, and no connection over a dead one is used again."""

    def __init__(self, kind: str, lines: Callable[[str], Line | None], folder: Path) -> None:
        name, made = uuid4().hex, lines(kind)
        schemes = {"s3": "s3://s3@", "azure": "abfs://azure@", "gcs": "gs://gcs@"}
        below = f"{schemes[kind]}{stores.BUCKET}" if kind in schemes else str(folder)
        path = f"sftp://sftp@{below}/{name}" if kind == "sftp" else f"{below}/{name}"
        self._place = Place(kind, path, made)

    def __enter__(self) -> Place:
        return self._place

    def __exit__(self, *arguments: object) -> None:
        if self._place.line and self._place.line.dead_after is not None:
            self._place.line.die_after(None)
            forget(self._place)


def disconnect() -> None:
    """End the connections by SSH: when the process ends, there is no log any more to which they could write that."""
    from airflow.sdk.io import store
    from sshfs import SSHFileSystem

    store._STORE_CACHE.clear()
    SSHFileSystem.clear_instance_cache()
    gc.collect()


def forget(place: Place) -> None:
    """Forget the connections to a store, as another process has none."""
    from airflow.sdk.io import store

    type(place.at().fs).clear_instance_cache()
    store._STORE_CACHE.clear()


@pytest.fixture
def dinero(
    migrated: None, unlimited_sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DineroClient]:
    """A client of an empty Dinero, which the connection dinero_default leads to."""
    from airflow.models import Variable
    from airflow.utils.session import create_session

    unlimited_sandbox.reset()
    with create_session() as session:
        session.execute(delete(Variable))  # the token of the Dinero before
    made = unlimited_sandbox.connection()
    made["extra"].update(requests_per_minute=10_000, coordination_url=str(tmp_path / "coordination"))
    monkeypatch.setenv("AIRFLOW_CONN_DINERO_DEFAULT", json.dumps(made))
    grant = PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", unlimited_sandbox.url)
    options: Row = {"token_store": MemoryTokenStore(), "budget": ProcessBudget()}
    client = DineroClient(100001, grant, base_url=unlimited_sandbox.url, requests_per_minute=10_000, **options)
    yield client
    client.close()


def invoice(client: DineroClient, date: str = "2026-11-20") -> str:
    """Book an invoice, and return its path in the archive."""
    buyer = client.contacts.create({**CONTACT, "ExternalReference": uuid4().hex})["ContactGuid"]
    made = client.invoices.create({"ContactGuid": buyer, "Date": date, "ProductLines": [line()]})
    booked = client.invoices.book(made["Guid"])
    return f"invoices/{date[:4]}/{booked['Number']}-{booked['Guid']}.pdf"


def archive(place: Place, kinds: str = "invoices", **arguments: Any) -> Row:
    """Archive, and return what the operator told."""
    given = {"path": place.path, "kinds": kinds, **arguments}
    return DineroArchiveOperator(task_id="archive", **given).transfer({})  # type: ignore[arg-type]


def index_of(place: Place, kind: str = "invoices") -> list[Row]:
    """Return the lines of an index."""
    index = place.at(f"100001/index/{kind}.ndjson")
    return [json.loads(each) for each in index.fs.cat_file(index.path).splitlines()]
