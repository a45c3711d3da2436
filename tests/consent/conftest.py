"""Consent with access to the metadata database, as in Airflow's CLI and API server."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dinero.sandbox.seed_data import connection

BIN = Path(sys.executable).parent


@pytest.fixture
def database(migrated: None) -> Iterator[None]:
    """A metadata database without connections and variables."""
    from airflow.models import Connection, Variable
    from airflow.utils.session import create_session
    from sqlalchemy import delete

    def clear() -> None:
        with create_session() as session:
            session.execute(delete(Connection))
            session.execute(delete(Variable))

    clear()
    yield
    clear()


@pytest.fixture
def add(database: None, sandbox: Any) -> Callable[..., str]:
    """Add a connection to the database; its consent is missing unless a refresh token is given."""

    def add(conn_id: str, grant: str = "visma_connect", url: str = sandbox.url, **extra: Any) -> str:
        from airflow.models import Connection
        from airflow.utils.session import create_session

        with create_session() as session:
            session.add(Connection(conn_id, **described(url, grant, **extra)))
        return conn_id

    return add


@pytest.fixture
def airflow(database: None, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run a command of Airflow's CLI in this process: (exit code, stdout, stderr)."""
    from airflow.cli.cli_parser import get_parser

    def run(*arguments: str) -> tuple[int, str, str]:
        given = get_parser().parse_args(arguments)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            given.func(given)
        return (int(ended.value.code or 0), *capsys.readouterr())

    return run


def described(url: str, grant: str = "visma_connect", **extra: Any) -> dict[str, Any]:
    """A connection to a sandbox, without consent and organization unless they are given."""
    made = connection(url, grant)
    for name in ("refresh_token", "organization_id"):
        made["extra"].pop(name, None)
    made["extra"].update({"requests_per_minute": 10_000, **extra})
    return made


def variables(prefix: str = "dinero_token__") -> dict[str, str]:
    """What Airflow's Variables hold of tokens, or what else has such names."""
    from airflow.models import Variable
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        rows = session.scalars(select(Variable).where(Variable.key.startswith(prefix)))
        return {each.key: str(each.val) for each in rows}


def extra_of(conn_id: str) -> dict[str, Any]:
    """The extra of a connection in the database."""
    from airflow_provider_dinero.consent.connections import find

    return find(conn_id).extra
