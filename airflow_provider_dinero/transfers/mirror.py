"""A table that mirrors a feed, in any database of SQLAlchemy, with its watermark beside it."""

import json
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import IO, Any

import sqlalchemy as sa

from airflow_provider_dinero.adapters.watermarks import Watermark
from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroUnavailable
from airflow_provider_dinero.api.feeds.feeds import columns_of, feed_of
from airflow_provider_dinero.api.lists.changes import EVER, as_utc, changes_since
from airflow_provider_dinero.transfers.databases import plain_errors
from airflow_provider_dinero.transfers.mirror_limits import MYSQL_LIKE, limits_of
from airflow_provider_dinero.transfers.mirror_loading import Loading, Step
from airflow_provider_dinero.transfers.mirror_tables import MARKS, NOT_LOADED, marks_table, rows_table
from airflow_provider_dinero.transfers.mirror_values import Lines
from airflow_provider_dinero.transfers.reading import Standing

log = logging.getLogger(__name__)

# They roll back what a failed transaction has written. MySQL and MariaDB do so for some tables. For all others it isn't
# known, and the drivers of some warehouses ignore a rollback.
TRANSACTIONAL = {"postgresql", "sqlite", "duckdb", "snowflake", "mssql", "oracle", "redshift"}
# A statement that creates a table, even a temporary one, ends their transactions.
DDL_COMMITS = {"snowflake"}
# If two create the same table at once, one of them is refused, and checks again.
ATTEMPTS = 5
# Their columns of instants include the zone.
ZONED = {"postgresql", "duckdb"}


@dataclass(frozen=True)
class MirrorState:
    """How far a mirror has got, according to its database.

    :param standing: Standing
    :param syncs: int, how many syncs have started to write; a sync that was overtaken must not write
    :param is_double: bool, whether the watermark exists twice, which only databases that don't enforce keys allow
    """

    standing: Standing
    syncs: int = 0
    is_double: bool = False


class Mirror:
    """The table of a resource, and its row in the table `dinero_marks` of the same schema.

    :param engine: Engine
    :param resource: str, as in `api.feeds`
    :param organization: int, the owner of the rows; rows of other organizations stay unchanged
    :param table: str, or `schema.table`
    :param schema: str; default the connection's own
    :param lock: callable that holds a lock shared by all workers, for databases without transactions
    :raises DineroConfigurationError: the table's name can't be used
    """

    def __init__(
        self,
        engine: sa.Engine,
        resource: str,
        organization: int,
        table: str,
        schema: str | None = None,
        *,
        lock: Callable[[], AbstractContextManager[Any]],
    ) -> None:
        self._given = table
        schema, table = _place_of(table, schema)
        self.engine = engine
        self._organization = organization
        self._lock = lock
        self._key = feed_of(resource).key
        self._kinds = columns_of(resource)
        self.table = rows_table(table, schema, self._kinds, self._key)
        self.marks = marks_table(schema)
        self._place = {"organization_id": organization, "resource": resource, "target": table}
        name = engine.dialect.name
        copies = name == "postgresql" and engine.dialect.driver in {"psycopg", "psycopg2"}
        self.lines = Lines(self._kinds, organization, self._key, copy=copies, zone=name in ZONED)

    def prepare(self) -> None:
        """Create missing tables, and a missing watermark.

        :raises DineroConfigurationError: the table exists, but lacks columns
        """
        with plain_errors(self.table.fullname):
            with self.engine.connect() as connection:
                inspector = sa.inspect(connection)
                self._refuse_dotted(inspector)
                absent = [each for each in (self.table, self.marks) if not inspector.has_table(each.name, each.schema)]
            for table in absent:
                self._make(table)
            with self.engine.connect() as connection:
                # Not by reflection: some dialects can't do it for all versions of their databases.
                result = connection.execute(sa.select(sa.text("*")).select_from(self.table).where(sa.false()))
                there = set(result.keys())
                found = self._marks_found(connection)
                self.lines.limit(limits_of(connection, self.table))
            missing = [column.name for column in self.table.columns if column.name not in there]
            if missing:
                raise DineroConfigurationError(
                    f"The table {self.table.fullname} lacks {', '.join(missing)}.",
                    "Add these columns, or name a table that doesn't exist yet.",
                )
            if not found:
                self._begin_mark()

    def find(self) -> MirrorState:
        """Return how far the mirror has got."""
        with plain_errors(self.table.fullname), self.engine.connect() as connection:
            is_there = sa.inspect(connection).has_table(MARKS, self.marks.schema)
            found = self._marks_found(connection) if is_there else []
        if not found:
            return MirrorState(Standing())
        if any(row.mark == NOT_LOADED for row in found):
            return MirrorState(Standing(), found[0].syncs, len(found) > 1)
        row = min(found, key=lambda each: as_utc(each.mark))
        deletes = Watermark(as_utc(row.deletes), json.loads(row.deletes_seen))
        standing = Standing(Watermark(as_utc(row.mark), json.loads(row.seen)), deletes, row.skipped)
        return MirrorState(standing, row.syncs, len(found) > 1)

    def write(self, state: MirrorState, lines: IO[bytes], done: Standing, step: Step = lambda count: None) -> None:
        """Write rows, and then the watermark, in one transaction if the database has transactions.

        :param state: MirrorState, where the rows start; those of a first load replace everything
        :param lines: binary file of what `lines.block` made of the rows; the last one of a key counts
        :param done: Standing at their end
        :param step: callable that receives how many rows were written
        :raises DineroUnavailable: another sync was faster; nothing was written
        """
        with plain_errors(self.table.fullname):
            if self._rolls_back():
                with self.engine.connect() as connection:
                    loading = self._loading(connection, step)
                    if connection.dialect.name in DDL_COMMITS:
                        loading.stage()
                    connection.commit()
                    with connection.begin():
                        # This comes first: a sync that was overtaken waits here, and then writes nothing.
                        self._claim(connection, state)
                        self._load(loading, state, lines)
                        self._move(connection, state, done)
                return
            log.warning(
                "The database doesn't roll back: a killed sync leaves some of its rows, which the next one reads "
                "again, and only the shared lock keeps two syncs of %s apart.",
                self.table.fullname,
            )
            with self._lock():
                with self.engine.begin() as connection:
                    self._claim(connection, state)
                with self.engine.begin() as connection:
                    self._load(self._loading(connection, step, rolls_back=False), state, lines)
                with self.engine.begin() as connection:
                    self._move(connection, state, done)

    def _refuse_dotted(self, inspector: sa.Inspector) -> None:
        """Refuse `schema.table` if an earlier build created a table with the dot in its name."""
        if "." not in self._given or not inspector.has_table(self._given):
            return
        quote = self.engine.dialect.identifier_preparer.quote
        raise DineroConfigurationError(
            f"There is a table named {self._given!r}, with the dot, from an earlier build. Now this name means the "
            f"table {self.table.name} in the schema {self.table.schema}.",
            f"Run: ALTER TABLE {quote(self._given)} RENAME TO {quote(self.table.name)}; UPDATE {MARKS} "
            f"SET target = '{self.table.name}' WHERE target = '{self._given}'. In another "
            "schema than the connection's own, move both there too; or drop the table and its watermark to load "
            "everything again.",
        )

    def _make(self, table: sa.Table) -> None:
        """Create a table, unless it exists or somebody else creates it at the same time."""
        for attempt in range(ATTEMPTS):
            try:
                table.create(self.engine, checkfirst=True)
                return
            except sa.exc.DBAPIError:
                if attempt == ATTEMPTS - 1:
                    raise

    def _begin_mark(self) -> None:
        """Add the watermark of a mirror without rows."""
        nothing = {"mark": NOT_LOADED, "seen": "{}", "deletes": NOT_LOADED, "deletes_seen": "{}", "skipped": 0}
        try:
            with self.engine.begin() as connection:
                connection.execute(sa.insert(self.marks).values(**self._place, syncs=0, **nothing))
        except sa.exc.IntegrityError:
            pass  # another sync has added it meanwhile

    def _marks_found(self, connection: sa.Connection) -> list[Any]:
        """Return the watermarks of the mirror: one or none, or two if keys aren't enforced."""
        found = connection.execute(sa.select(self.marks).filter_by(**self._place)).all()
        # Some databases ignore case when they compare texts, but not in the names of tables.
        target = self._place["target"]
        if other := next((row.target for row in found if row.target != target), None):
            raise DineroConfigurationError(
                f"{MARKS} has the watermark of {other}, which this database can't distinguish from that of {target}.",
                "Give the tables names that differ by more than case.",
            )
        return list(found)

    def _rolls_back(self) -> bool:
        """Tell whether a rollback removes what a transaction has written."""
        name = self.engine.dialect.name
        if name not in MYSQL_LIKE:
            return name in TRANSACTIONAL
        with self.engine.connect() as connection:
            found = connection.execute(
                sa.text(
                    "SELECT COUNT(*) FROM information_schema.tables JOIN information_schema.engines USING (engine) "
                    "WHERE table_schema = COALESCE(:schema, DATABASE()) AND table_name IN (:table, :marks) "
                    "AND transactions <> 'YES'"
                ),
                {"schema": self.table.schema, "table": self.table.name, "marks": MARKS},
            )
            return int(found.scalar_one()) == 0

    def _claim(self, connection: sa.Connection, state: MirrorState) -> None:
        """Raise the counter, unless another sync has; the watermark itself moves when the rows are written."""
        claim = sa.update(self.marks).filter_by(**self._place, syncs=state.syncs).values(syncs=state.syncs + 1)
        if connection.dialect.supports_sane_rowcount:
            claimed = connection.execute(claim).rowcount
        else:
            claimed = len(connection.execute(claim.returning(self.marks.c.syncs)).all())
        if not claimed:
            raise self._overtaken()
        if state.is_double:
            others = sa.delete(self.marks).filter_by(**self._place).where(self.marks.c.syncs != state.syncs + 1)
            connection.execute(others)

    def _loading(self, connection: sa.Connection, step: Step, *, rolls_back: bool = True) -> Loading:
        return Loading(connection, self.table, self._kinds, self.lines, self._organization, step, rolls_back=rolls_back)

    def _load(self, loading: Loading, state: MirrorState, lines: IO[bytes]) -> None:
        lines.seek(0)
        if state.is_double:
            loading.single()
        if state.standing.mark is None:
            loading.replace(lines)
        else:
            loading.merge(lines)

    def _move(self, connection: sa.Connection, state: MirrorState, done: Standing) -> None:
        """Move the watermark, unless another sync has claimed it, which is possible without transactions."""
        if {row.syncs for row in self._marks_found(connection)} != {state.syncs + 1}:
            raise self._overtaken()
        mark = done.mark or Watermark(EVER)
        deletes = done.deletes or mark
        values = {
            "mark": changes_since(mark.until),
            "seen": json.dumps(mark.seen),
            "deletes": changes_since(deletes.until),
            "deletes_seen": json.dumps(deletes.seen),
            "skipped": done.skipped,
        }
        if state.is_double:
            connection.execute(sa.delete(self.marks).filter_by(**self._place))
            connection.execute(sa.insert(self.marks).values(**self._place, syncs=state.syncs + 1, **values))
            return
        moved = sa.update(self.marks).filter_by(**self._place, syncs=state.syncs + 1).values(**values)
        connection.execute(moved)

    def _overtaken(self) -> DineroUnavailable:
        return DineroUnavailable(
            f"Another sync of {self.table.fullname} was faster; this one wrote nothing.",
            "The next try continues from there.",
        )


def _place_of(table: str, schema: str | None) -> tuple[str | None, str]:
    """Return schema and table; the table's name may include the schema."""
    first, dot, rest = table.partition(".")
    name = rest if dot else table
    if not name.strip() or (dot and not first.strip()) or "." in name or (dot and schema):
        raise DineroConfigurationError(
            f"table={table!r}{f' with schema={schema!r}' if schema else ''} is not the name of a table.",
            "Pass table, or schema.table, or both separately.",
        )
    return (first if dot else schema) or None, name
