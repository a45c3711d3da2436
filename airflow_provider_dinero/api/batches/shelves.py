"""What a run knows of each item, kept on disk: a list of 20,000 takes no more memory than one of 2,000."""

import threading
from collections.abc import Collection, Iterator
from itertools import count
from typing import Any

# How many KB of the database stay in memory.
CACHE = 512
# How many keys are read at once.
SOME = 500


class Shelves:
    """A temporary database without a name, which is gone when it is closed. Safe to use from several threads."""

    def __init__(self) -> None:
        import sqlite3

        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._threads = threading.Lock()
        self._numbers = count()
        self.execute(f"PRAGMA cache_size = -{CACHE}")
        self.execute("PRAGMA journal_mode = OFF")  # nothing is ever rolled back

    def shelf(self) -> "Shelf":
        """Return a new shelf, which is empty."""
        return Shelf(self, f"shelf_{next(self._numbers)}")

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Execute a statement, and return its rows.

        :param statement: str
        :param values: its parameters
        """
        with self._threads:
            return self._database.execute(statement, values).fetchall()

    def close(self) -> None:
        """Delete all shelves."""
        self._database.close()


class Shelf(Collection[str]):
    """A dict of plain JSON, whose values are copies.

    :param shelves: Shelves
    :param table: str, its name there
    """

    def __init__(self, shelves: Shelves, table: str) -> None:
        self._execute = shelves.execute
        self._execute(f"CREATE TABLE {table} (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID")
        self._table = table

    def get(self, key: str) -> Any:
        """Return a value, or None.

        :param key: str
        """
        import msgspec

        found = self._execute(f"SELECT value FROM {self._table} WHERE key = ?", key)
        return msgspec.json.decode(found[0][0]) if found else None

    def __setitem__(self, key: str, value: Any) -> None:
        import msgspec

        self._execute(f"REPLACE INTO {self._table} VALUES (?, ?)", key, msgspec.json.encode(value))

    def __contains__(self, key: object) -> bool:
        return bool(self._execute(f"SELECT 1 FROM {self._table} WHERE key = ?", key))

    def __iter__(self) -> Iterator[str]:
        last = ""
        while found := self._execute(f"SELECT key FROM {self._table} WHERE key > ? ORDER BY key LIMIT {SOME}", last):
            yield from (key for (key,) in found)
            last = found[-1][0]

    def __len__(self) -> int:
        (found,) = self._execute(f"SELECT count(*) FROM {self._table}")
        return int(found[0])
