"""The state of a sandbox: one SQLite connection, in memory or in a file."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

# A rowversion recorded at Dinero, so that the sandbox's look real.
FIRST_VERSION = 0x20A5EA8
TABLES = """
    CREATE TABLE IF NOT EXISTS version (value INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS ahead (seconds REAL NOT NULL);
    """


class Store:
    """Rows, the version counter and the time. Only the event loop uses it, so requests never interleave.

    :param path: file that keeps the state, None for memory
    :param tables: the ``CREATE ... IF NOT EXISTS`` statements of all resources
    :param seeds: add the initial rows
    :param clock: returns the real time; the sandbox's own can be moved ahead of it
    :raises sqlite3.DatabaseError: if another version of the sandbox wrote the file
    """

    def __init__(
        self,
        path: str | None,
        tables: Iterable[str],
        seeds: Sequence[Callable[[Store], None]],
        clock: Callable[[], datetime],
    ) -> None:
        self._real_clock = clock
        self._seeds = seeds
        if path:
            _make_file(path)
        self._connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        # SQLite folds ASCII only; Dinero's values are Danish.
        self._connection.create_function("fold", 1, _fold, deterministic=True)
        # NORMAL survives a killed process, which is what the sandbox promises; a power cut could lose the last commits.
        self._connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
        self._create([TABLES, *tables])
        with self.transaction():
            if self.one("SELECT 1 FROM version") is None:
                self.reset()
        row = self.one("SELECT seconds FROM ahead")
        self._ahead = timedelta(seconds=row["seconds"] if row else 0)

    def _create(self, tables: Sequence[str]) -> None:
        # Without this check, a missing column would only show up in the middle of a request.
        mark = crc32("".join(tables).encode()) & 0x7FFFFFFF
        found = self.execute("PRAGMA user_version").fetchone()[0]
        if found != mark and self.one("SELECT 1 FROM sqlite_master"):
            self.close()
            raise sqlite3.DatabaseError(
                "another version of the sandbox wrote the state file: delete it, or name another"
            )
        for statements in tables:
            self._connection.executescript(statements)
        self._connection.executescript(f"PRAGMA user_version = {mark};")

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run one statement."""
        return self._connection.execute(sql, parameters)

    def one(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Row | None:
        """Return the first row, if any."""
        row: sqlite3.Row | None = self.execute(sql, parameters).fetchone()
        return row

    def insert(self, table: str, values: dict[str, Any]) -> None:
        """Add a row."""
        marks = ", ".join("?" * len(values))
        self.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", list(values.values()))

    def insert_all(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        """Add rows that have the same columns."""
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            sql = f"INSERT INTO {table} ({', '.join(rows[0])}) VALUES ({marks})"
            self._connection.executemany(sql, [list(row.values()) for row in rows])

    def update(self, table: str, key: tuple[int | None, str], values: dict[str, Any]) -> None:
        """Update the row of (organization, guid)."""
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
        """Return a new Timestamp: 16 hex digits from one counter for all tables, like a rowversion."""
        self.execute("UPDATE version SET value = value + 1")
        return f"{self.execute('SELECT value FROM version').fetchone()[0]:016X}"

    def clock(self) -> datetime:
        """Return the sandbox's time, which stops at the end of the calendar."""
        try:
            return self._real_clock() + self._ahead
        except OverflowError:
            return datetime.max.replace(tzinfo=UTC)

    def forward(self, delta: timedelta) -> None:
        """Move the sandbox's time forward."""
        _ = self.clock() + delta  # raises OverflowError beyond the end of the calendar
        self._ahead += delta
        self.execute("DELETE FROM ahead")
        self.execute("INSERT INTO ahead VALUES (?)", [self._ahead.total_seconds()])

    def now(self) -> str:
        """Return the time as Dinero writes it: UTC, milliseconds, no zone."""
        return self.clock().replace(tzinfo=None).isoformat(timespec="milliseconds")

    def today(self) -> str:
        """Return today's date, in UTC, as the zone is undocumented."""
        return self.clock().date().isoformat()

    def reset(self) -> None:
        """Return to the initial rows."""
        for row in self.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            self.execute(f"DELETE FROM {row['name']}")
        self.execute("INSERT INTO version VALUES (?)", [FIRST_VERSION])
        self._ahead = timedelta()
        for seed in self._seeds:
            seed(self)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _make_file(path: str) -> None:
    """Create the file, or take an existing one, for its owner only; SQLite gives its journals the same mode.

    It refuses a link: in a shared folder, another user could create one to a file of ours.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    with suppress(PermissionError):  # it belongs to somebody else, who lets us write
        os.fchmod(descriptor, 0o600)
    os.close(descriptor)


def _fold(text: object) -> str | None:
    return None if text is None else str(text).casefold()
