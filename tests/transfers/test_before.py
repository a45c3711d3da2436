"""Tables and watermarks from the first build of the mirror continue to work."""

import sqlite3
from pathlib import Path

import pytest

from tests.transfers.mirrored import Mirrored, engine_for, goes_on

DUMP = Path(__file__).parents[1] / "servers" / "dumps" / "sqlite.sql"


def test_a_mirror_of_before_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sqlite3.connect(tmp_path / "books.db") as connection:
        connection.executescript(DUMP.read_text())
    connection.close()
    engine = engine_for({"conn_type": "sqlite", "host": str(tmp_path / "books.db")}, monkeypatch)
    goes_on(Mirrored(engine))
