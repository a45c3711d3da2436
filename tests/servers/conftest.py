"""Databases that are started for real: Postgres, also behind pgbouncer, and MariaDB."""

import importlib
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from services import mariadb, pgbouncer, postgres

from tests.transfers.mirrored import Row, engine_for

ARIA = "--default-storage-engine=Aria"
UTF8MB3 = ("--character-set-server=utf8mb3", "--collation-server=utf8mb3_general_ci")
SMALL_PACKET = "--max-allowed-packet=32768"


class Servers:
    """The servers, each started when it is first asked for, and ended with the tests."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._started: dict[tuple[str, ...], str] = {}
        self._number = count()

    def address(self, *key: str) -> str:
        """Return the address of a server: `postgres`, `pgbouncer`, or `mariadb` and its options."""
        if key not in self._started:
            logs = self._folder / str(next(self._number))
            logs.mkdir()
            server = {
                "postgres": lambda: postgres(logs),
                "pgbouncer": lambda: pgbouncer(logs, self.address("postgres")),
                "mariadb": lambda: mariadb(logs, *key[1:]),
            }[key[0]]()
            self._started[key] = self._stack.enter_context(server)
        return self._started[key]


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """The servers of this process of the tests."""
    with ExitStack() as stack:
        yield Servers(tmp_path_factory.mktemp("servers"), stack)


def connection_of(address: str, conn_type: str, **extra: Any) -> Row:
    """Return an Airflow connection as a dict."""
    user, _, place = address.partition("@")
    host, _, rest = place.partition(":")
    port, _, name = rest.partition("/")
    return {"conn_type": conn_type, "host": host, "port": int(port), "login": user, "schema": name, "extra": extra}


@contextmanager
def psycopg2_alone(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """The Postgres provider without psycopg 3."""
    hooks = importlib.import_module("airflow.providers.postgres.hooks.postgres")
    with monkeypatch.context() as patch:
        patch.setattr(hooks, "USE_PSYCOPG3", False)
        yield


# name: the server, and the connection's extra
KINDS: dict[str, tuple[tuple[str, ...], Row]] = {
    "postgres": (("postgres",), {}),
    "psycopg2": (("postgres",), {}),
    "pgbouncer": (("pgbouncer",), {}),
    "innodb": (("mariadb",), {}),
    "connector": (("mariadb",), {"client": "mysql-connector-python"}),
    "aria": (("mariadb", ARIA), {}),
    "utf8mb3": (("mariadb", *UTF8MB3), {}),
    "small_packet": (("mariadb", SMALL_PACKET), {}),
}

Connect = Callable[..., sa.Engine]


@pytest.fixture
def connect(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Return what gives the engine of a kind of database, emptied, as the operator gets it."""
    made: list[sa.Engine] = []
    with ExitStack() as stack:

        def engine(kind: str, **extra: Any) -> sa.Engine:
            server, own = KINDS[kind]
            if kind == "psycopg2":
                stack.enter_context(psycopg2_alone(monkeypatch))
            conn_type = "mysql" if server[0] == "mariadb" else "postgres"
            found = engine_for(connection_of(servers.address(*server), conn_type, **own, **extra), monkeypatch)
            made.append(found)
            metadata = sa.MetaData()
            metadata.reflect(found)
            metadata.drop_all(found)
            return found

        yield engine
    for each in made:
        each.dispose()


@pytest.fixture(params=KINDS)
def engine(request: pytest.FixtureRequest, connect: Connect) -> sa.Engine:
    """The engine of each kind of database, emptied."""
    return connect(request.param)
