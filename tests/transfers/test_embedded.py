"""The mirror in SQLite and DuckDB, which need no server; `tests/servers` does the same with those that do."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.transfers.mirrored import ALL, engine_for


@pytest.fixture(params=["sqlite", "duckdb"])
def engine(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    """An engine of an empty database."""
    found = engine_for({"conn_type": request.param, "host": str(tmp_path / "books.db")}, monkeypatch)
    yield found
    found.dispose()


@pytest.mark.parametrize("holds", ALL, ids=lambda each: each.__name__)
def test_it_holds(engine: sa.Engine, holds: Callable[[sa.Engine], None]) -> None:
    holds(engine)
