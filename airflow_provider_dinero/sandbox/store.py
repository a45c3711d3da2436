"""The state of a sandbox: one SQLite connection, in memory or in a file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

# A rowversion as it was recorded at Dinero, so that ours look like the real ones.
FIRST_VERSION = 0x20A5EA8


class Store:
    """Rows, the version counter and the time. Only the event loop uses it, so a request is never interleaved.

    :param path: file to keep the state in, None for memory
    :param tables: the ``CREATE ... IF NOT EXISTS`` statements of all resources
    :param seeds: put in what is there from the start
    :param clock: where "now" comes from
    """

    def __init__(
        self,
        path: str | None,
        tables: Iterable[str],
        seeds: Sequence[Callable[[Store], None]],
        clock: Callable[[], datetime],
    ) -> None:
        self.clock = clock
        self._seeds = seeds
        self._connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        # SQLite folds ASCII only; Dinero's values are Danish.
        self._connection.create_function("fold", 1, _fold, deterministic=True)
        # NORMAL survives a killed process (the promise here); only a power cut could lose the last commits.
        self._connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
        self._connection.executescript("CREATE TABLE IF NOT EXISTS version (value INTEGER NOT NULL);")
        for statements in tables:
            self._connection.executescript(statements)
        with self.transaction():
            if self.one("SELECT 1 FROM version") is None:
                self.reset()

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run one statement."""
        return self._connection.execute(sql, parameters)

    def one(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Row | None:
        """The first row, if there is one."""
        row: sqlite3.Row | None = self.execute(sql, parameters).fetchone()
        return row

    def insert(self, table: str, values: dict[str, Any]) -> None:
        """Add a row."""
        marks = ", ".join("?" * len(values))
        self.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", list(values.values()))

    def update(self, table: str, key: tuple[int | None, str], values: dict[str, Any]) -> None:
        """Change the row of (organization, guid)."""
        columns = ", ".join(f"{column} = ?" for column in values)
        self.execute(f"UPDATE {table} SET {columns} WHERE organization = ? AND guid = ?", [*values.values(), *key])

    @contextmanager
    def transaction(self) -> Generator[None, None, None]:
        """Commit at the end, or roll back if the block raises."""
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.execute("ROLLBACK")
            raise
        self.execute("COMMIT")

    def next_version(self) -> str:
        """A new Timestamp: 16 hex digits from one counter for everything, like a rowversion."""
        self.execute("UPDATE version SET value = value + 1")
        return f"{self.execute('SELECT value FROM version').fetchone()[0]:016X}"

    def now(self) -> str:
        """The time as Dinero writes it: UTC, milliseconds, no zone."""
        return self.clock().replace(tzinfo=None).isoformat(timespec="milliseconds")

    def today(self) -> str:
        """Today's date. Documents silent about the zone: UTC."""
        return self.clock().date().isoformat()

    def reset(self) -> None:
        """Back to what is there from the start."""
        for row in self.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            self.execute(f"DELETE FROM {row['name']}")
        self.execute("INSERT INTO version VALUES (?)", [FIRST_VERSION])
        for seed in self._seeds:
            seed(self)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _fold(text: object) -> str | None:
    return None if text is None else str(text).casefold()
