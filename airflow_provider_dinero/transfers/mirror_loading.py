"""Loads the lines of a mirror into its table, as fast as each database allows.

If the table has no rows of the organization, the lines are loaded directly. Otherwise they go through a temporary
table: existing rows are updated, so that columns which an analyst added keep their values, and missing rows are
inserted. Databases with other kinds of temporary tables get an UPDATE or an INSERT per row.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from typing import IO, Any

import msgspec
import sqlalchemy as sa

from airflow_provider_dinero.transfers.formats import value_of
from airflow_provider_dinero.transfers.mirror_tables import ORGANIZATION, staging_of
from airflow_provider_dinero.transfers.mirror_values import Lines

# The number of rows in memory at once.
BATCH_ROWS = 10_000
BLOCK = 1024 * 1024
# Rows of one statement where each value is a parameter.
IN_ONE = 500
# They have temporary tables by `CREATE TEMPORARY TABLE`, and `UPDATE … FROM` or its like.
STAGED = {"postgresql", "sqlite", "mysql", "mariadb", "duckdb", "snowflake"}
# They refuse a second row of a key, and can go back to a savepoint.
DIRECT = {"postgresql", "sqlite", "mysql", "mariadb"}
# Their drivers take text for every type; for all others SQLAlchemy binds Decimal, date and datetime.
TEXT_BOUND = {"sqlite", "mysql", "mariadb"}

Step = Callable[[int], None]
Batch = dict[str, bytes]


class Loading:
    """Loads lines into the table of a mirror, inside a transaction of the caller.

    :param connection: sqlalchemy.Connection
    :param table: sqlalchemy.Table
    :param kinds: dict of column to kind
    :param lines: Lines, which made the lines
    :param organization: int
    :param step: callable that receives how many rows were written
    :param rolls_back: bool, whether the database can go back to a savepoint; default True
    """

    def __init__(
        self,
        connection: sa.Connection,
        table: sa.Table,
        kinds: dict[str, str],
        lines: Lines,
        organization: int,
        step: Step,
        *,
        rolls_back: bool = True,
    ) -> None:
        self._connection = connection
        self._name = connection.dialect.name
        self._table = table
        self._kinds = kinds
        self._lines = lines
        self._organization = organization
        self._step = step
        self._rolls_back = rolls_back
        self._key = table.c[list(kinds)[lines.key_index - 1]]
        self._staging, self._make_staging = staging_of(table, connection.dialect)
        self._is_staged = False
        self._ours = table.c[ORGANIZATION] == organization
        self._decode = msgspec.json.Decoder(list[Any]).decode
        # The longest statement, if there is a limit: a third of it, since values are quoted and numbers become text.
        self._longest = 0
        if self._name in {"mysql", "mariadb"}:
            self._longest = int(connection.exec_driver_sql("SELECT @@max_allowed_packet").scalar_one()) // 3

    def replace(self, stream: IO[bytes]) -> None:
        """Replace the rows of this organization with those of the lines.

        :param stream: binary file, at its beginning
        """
        there = self._connection.execute(sa.select(sa.literal(1)).select_from(self._table).where(self._ours).limit(1))
        if there.first() is None and self._name in DIRECT:
            try:
                with self._connection.begin_nested() if self._rolls_back else nullcontext():
                    self._insert(self._table, stream)
                return
            except sa.exc.IntegrityError:
                stream.seek(0)  # a key occurs twice: the last one counts
        old = set(self._connection.scalars(sa.select(self._key).where(self._ours)))
        self.merge(stream, old.difference_update)
        gone = list(old)
        for start in range(0, len(gone), IN_ONE):
            some = self._key.in_(gone[start : start + IN_ONE])
            self._connection.execute(sa.delete(self._table).where(self._ours, some))

    def merge(self, stream: IO[bytes], note: Callable[[Iterable[str]], object] = lambda keys: None) -> None:
        """Update existing rows, and insert missing ones; the last line of a key counts.

        :param stream: binary file, at its beginning
        :param note: callable that receives the keys
        """
        for batch in self._batches(stream):
            note(batch)
            if self._name in STAGED:
                self.stage()
                self._insert(self._staging, batch.values())
                self._from_staging()
            else:
                self._one_by_one(batch)
            self._step(len(batch))

    def stage(self) -> None:
        """Create an empty staging table."""
        if self._is_staged:
            self._connection.execute(sa.delete(self._staging))
        else:
            self._connection.exec_driver_sql(self._make_staging)
            self._is_staged = True

    def single(self) -> None:
        """Keep one row per key, in a database that doesn't enforce keys."""
        table = self._table
        doubled = sa.select(self._key).where(self._ours).group_by(self._key).having(sa.func.count() > 1)
        everything = sa.text("*")
        found = self._connection.execute(
            sa.select(everything).select_from(table).where(self._ours, self._key.in_(doubled))
        ).mappings()
        kept = {row[self._key.name]: dict(row) for row in found}
        if not kept:
            return
        columns: list[Any] = [sa.column(name) for name in next(iter(kept.values()))]
        whole = sa.table(table.name, *columns, schema=table.schema)
        self._connection.execute(sa.delete(table).where(self._ours, self._key.in_(list(kept))))
        self._connection.execute(sa.insert(whole), list(kept.values()))

    def _batches(self, stream: IO[bytes]) -> Iterator[Batch]:
        batch: Batch = {}
        for line in stream:
            key = self._lines.key_of(line)
            batch.pop(key, None)
            batch[key] = line
            if len(batch) == BATCH_ROWS:
                yield batch
                batch = {}
        if batch:
            yield batch

    def _from_staging(self) -> None:
        """Merge the temporary table into the mirror."""
        target, new = self._table, self._staging
        same = sa.and_(target.c[ORGANIZATION] == new.c[ORGANIZATION], self._key == new.c[self._key.name])
        values = {name: new.c[name] for name in self._kinds if name != self._key.name}
        self._connection.execute(sa.update(target).values(values).where(self._ours, same))
        missing = sa.select(new).where(~sa.exists().where(same).correlate(new))
        self._connection.execute(sa.insert(target).from_select([column.name for column in new.columns], missing))

    def _one_by_one(self, batch: Batch) -> None:
        """Update or insert each row with its own statement."""
        keys, there = list(batch), set[str]()
        for start in range(0, len(keys), IN_ONE):
            some = self._key.in_(keys[start : start + IN_ONE])
            there.update(self._connection.scalars(sa.select(self._key).where(self._ours, some)))
        rows = {key: self._typed(line) for key, line in batch.items()}
        if new := [row for key, row in rows.items() if key not in there]:
            self._connection.execute(sa.insert(self._table), new)
        if changed := [{f"new_{name}": value for name, value in rows[key].items()} for key in rows if key in there]:
            values: dict[str, Any] = {
                name: sa.bindparam(f"new_{name}") for name in self._kinds if name != self._key.name
            }
            same = self._key == sa.bindparam(f"new_{self._key.name}")
            self._connection.execute(sa.update(self._table).values(values).where(self._ours, same), changed)

    def _typed(self, line: bytes) -> dict[str, Any]:
        """Return a line as values for SQLAlchemy."""
        organization, *values = self._decode(line)
        typed = {name: value_of(kind, value) for (name, kind), value in zip(self._kinds.items(), values, strict=True)}
        return {ORGANIZATION: organization, **typed}

    def _insert(self, table: sa.Table, lines: IO[bytes] | Iterable[bytes]) -> None:
        """Insert lines whose keys don't exist yet."""
        tell: Step = self._step if table is self._table else lambda count: None
        if self._lines.copies:
            copy(self._connection, table, _blocks(lines), tell)
        elif self._name in TEXT_BOUND:
            statement = self._statement(table)
            for some in self._some(lines):
                self._connection.exec_driver_sql(statement, [tuple(self._decode(line)) for line in some])
                tell(len(some))
        elif self._name == "duckdb":
            statement = self._unnested(table)
            for some in self._some(lines):
                columns = tuple(list(column) for column in zip(*map(self._decode, some), strict=True))
                self._connection.exec_driver_sql(statement, columns)
                tell(len(some))
        else:
            for some in self._some(lines):
                self._connection.execute(sa.insert(table), [self._typed(line) for line in some])
                tell(len(some))

    def _some(self, lines: Iterable[bytes]) -> Iterator[list[bytes]]:
        """Yield lines in groups that fit into memory, and into a statement."""
        group: list[bytes] = []
        size = 0
        for line in lines:
            if group and (len(group) == BATCH_ROWS or (self._longest and size + len(line) > self._longest)):
                yield group
                group, size = [], 0
            group.append(line)
            size += len(line)
        if group:
            yield group

    def _statement(self, table: sa.Table) -> str:
        """Return the INSERT with the driver's own placeholders, one for each column in order."""
        quote = self._connection.dialect.identifier_preparer
        names = [quote.quote(column.name) for column in table.columns]
        mark = "?" if self._connection.dialect.paramstyle == "qmark" else "%s"
        marks = ", ".join([mark] * len(names))
        return f"INSERT INTO {quote.format_table(table)} ({', '.join(names)}) VALUES ({marks})"

    def _unnested(self, table: sa.Table) -> str:
        """Return DuckDB's INSERT of many rows, with a list per column, since it inserts single rows slowly."""
        dialect = self._connection.dialect
        quote = dialect.identifier_preparer
        names = [quote.quote(column.name) for column in table.columns]
        kinds = [
            f"CAST(unnest(${number}) AS {column.type.compile(dialect)})"
            for number, column in enumerate(table.columns, 1)
        ]
        return f"INSERT INTO {quote.format_table(table)} ({', '.join(names)}) SELECT {', '.join(kinds)}"


def copy(connection: sa.Connection, table: sa.Table, blocks: Iterable[bytes], tell: Step) -> None:
    """Load lines by COPY, with psycopg 3 or psycopg2.

    :param connection: sqlalchemy.Connection, of Postgres
    :param table: sqlalchemy.Table
    :param blocks: iterable of bytes, lines in COPY's text format
    :param tell: callable that receives how many rows were sent
    """
    quote = connection.dialect.identifier_preparer
    names = ", ".join(quote.quote(column.name) for column in table.columns)
    statement = f"COPY {quote.format_table(table)} ({names}) FROM STDIN"
    driver: Any = connection.connection.driver_connection
    errors = connection.dialect.loaded_dbapi.Error
    try:
        with driver.cursor() as cursor:
            if connection.dialect.driver == "psycopg":
                with cursor.copy(statement) as into:
                    for block in blocks:
                        into.write(block)
                        tell(block.count(b"\n"))
            else:
                cursor.copy_expert(statement, _Blocks(blocks, tell), BLOCK)
    except errors as error:  # as SQLAlchemy does with what it sends itself
        raise sa.exc.DBAPIError.instance(
            statement, None, error, errors, hide_parameters=True, dialect=connection.dialect
        ) from None


def _blocks(lines: IO[bytes] | Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines in large blocks; the lines of a file are not split."""
    if isinstance(lines, Iterable) and not hasattr(lines, "read"):
        yield b"".join(lines)
        return
    while block := lines.read(BLOCK):
        yield block


class _Blocks:
    """Blocks of bytes as a file to read from, for psycopg2.

    :param blocks: iterable of bytes
    :param tell: callable that receives how many rows were read
    """

    def __init__(self, blocks: Iterable[bytes], tell: Step) -> None:
        self._blocks = iter(blocks)
        self._tell = tell
        self._rest = b""

    def read(self, size: int) -> bytes:
        """Return at most this many bytes; none at the end."""
        if not self._rest:
            self._rest = next(self._blocks, b"")
            self._tell(self._rest.count(b"\n"))
        block, self._rest = self._rest[:size], self._rest[size:]
        return block
