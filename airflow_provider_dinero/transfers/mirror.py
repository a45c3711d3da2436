"""A table that mirrors a feed, in any database of SQLAlchemy, and the mark of it beside it."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.types import UserDefinedType

from airflow_provider_dinero.adapters.watermarks import Mark
from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroUnavailable
from airflow_provider_dinero.api.feeds.columns import BOOLEAN, DATE, DECIMAL, INSTANT, INTEGER, TEXT, columns_of
from airflow_provider_dinero.api.feeds.feeds import feed_of
from airflow_provider_dinero.api.lists.changes import EVER, as_utc, changes_since
from airflow_provider_dinero.transfers.formats import value_of
from airflow_provider_dinero.transfers.reading import Standing

MARKS = "dinero_marks"
ORGANIZATION = "OrganizationId"
BATCH = 500

Row = dict[str, Any]


class _SqliteAmount(UserDefinedType[Decimal]):
    """An amount in SQLite, which has no decimals: given as text, it becomes a number that is exact to 15 digits."""

    cache_ok = True

    def get_col_spec(self, **options: Any) -> str:
        return "NUMERIC"

    def bind_processor(self, dialect: sa.Dialect) -> Any:
        return lambda amount: None if amount is None else str(amount)


TYPES: dict[str, sa.types.TypeEngine[Any]] = {
    TEXT: sa.UnicodeText(),
    INTEGER: sa.BigInteger(),
    DECIMAL: sa.Numeric(38, 18).with_variant(_SqliteAmount(), "sqlite"),
    BOOLEAN: sa.Boolean(),
    DATE: sa.Date(),
    # In UTC, also where the database knows no zones. MySQL keeps whole seconds unless it is told otherwise.
    INSTANT: sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb"),
}


@dataclass(frozen=True)
class MirrorState:
    """How far a mirror is, as its database has it.

    :param standing: Standing
    :param syncs: int, how many syncs there were: who writes must not have been overtaken
    """

    standing: Standing
    syncs: int


class Mirror:
    """The table of a resource, and its row in the table `dinero_marks` of the same schema.

    :param engine: Engine
    :param resource: str, as `api.feeds` names it
    :param organization: int, whose rows these are; others are left alone
    :param table: str
    :param schema: str, default the connection's own
    """

    def __init__(
        self, engine: sa.Engine, resource: str, organization: int, table: str, schema: str | None = None
    ) -> None:
        self._engine = engine
        self._organization = organization
        self._key = feed_of(resource).key
        self._kinds = columns_of(resource)
        metadata = sa.MetaData(schema=schema)
        self.table = sa.Table(table, metadata, *_columns(self._kinds, self._key))
        self.marks = sa.Table(MARKS, metadata, *_mark_columns())
        self._place = {"organization_id": organization, "resource": resource, "target": table}

    def prepare(self) -> None:
        """Make the tables that are missing.

        :raises DineroConfigurationError: the table is there, and lacks columns
        """
        self.table.metadata.create_all(self._engine)
        there = {column["name"] for column in sa.inspect(self._engine).get_columns(self.table.name, self.table.schema)}
        missing = [column.name for column in self.table.columns if column.name not in there]
        if missing:
            raise DineroConfigurationError(
                f"The table {self.table.fullname} lacks {', '.join(missing)}.",
                "Add these columns, or name a table that isn't there yet.",
            )

    def find(self) -> MirrorState:
        """Return how far the mirror is."""
        with self._engine.connect() as connection:
            if not sa.inspect(connection).has_table(MARKS, self.marks.schema):
                return MirrorState(Standing(), 0)
            row = connection.execute(sa.select(self.marks).filter_by(**self._place)).one_or_none()
        if row is None:
            return MirrorState(Standing(), 0)
        deletes = Mark(as_utc(row.deletes), json.loads(row.deletes_seen))
        return MirrorState(Standing(Mark(as_utc(row.mark), json.loads(row.seen)), deletes, row.skipped), row.syncs)

    def write(self, found: MirrorState, rows: Iterable[Row], done: Standing) -> None:
        """Write rows and mark in one transaction.

        :param found: MirrorState, where the rows begin; at the very beginning they replace all that is there
        :param rows: iterable of dicts, as Dinero gave them; the last one of a key counts
        :param done: Standing at their end
        :raises DineroUnavailable: another sync was faster; nothing was written
        """
        with self._engine.begin() as connection:
            self._move(connection, found, done)  # first: whoever is overtaken waits here, and then writes nothing
            if found.standing.mark is None:
                connection.execute(sa.delete(self.table).filter_by(OrganizationId=self._organization))
            for batch in _batches(rows):
                by_key = {row[self._key]: row for row in batch}
                same = self.table.c[self._key].in_(by_key)
                connection.execute(sa.delete(self.table).filter_by(OrganizationId=self._organization).where(same))
                connection.execute(sa.insert(self.table), [self._values(row) for row in by_key.values()])

    def _move(self, connection: sa.Connection, found: MirrorState, done: Standing) -> None:
        mark = done.mark or Mark(EVER)
        deletes = done.deletes or mark
        values = {
            "syncs": found.syncs + 1,
            "mark": changes_since(mark.until),
            "seen": json.dumps(mark.seen),
            "deletes": changes_since(deletes.until),
            "deletes_seen": json.dumps(deletes.seen),
            "skipped": done.skipped,
        }
        try:
            if found.syncs == 0:
                connection.execute(sa.insert(self.marks).values(**self._place, **values))
                return
            moved = sa.update(self.marks).filter_by(**self._place, syncs=found.syncs).values(**values)
            if connection.execute(moved).rowcount == 1:
                return
        except sa.exc.IntegrityError:
            pass  # it was made meanwhile
        raise DineroUnavailable(
            f"Another sync of {self.table.fullname} was faster; this one wrote nothing.", "The next try goes on there."
        )

    def _values(self, row: Row) -> Row:
        values = {name: value_of(kind, row.get(name)) for name, kind in self._kinds.items()}
        return {ORGANIZATION: self._organization, **values}


def _columns(kinds: dict[str, str], key: str) -> Iterator[sa.Column[Any]]:
    yield sa.Column(ORGANIZATION, sa.BigInteger(), primary_key=True, autoincrement=False)
    for name, kind in kinds.items():
        # No database has a key of unlimited length.
        yield sa.Column(name, sa.String(36) if name == key else TYPES[kind], primary_key=name == key)


def _mark_columns() -> Iterator[sa.Column[Any]]:
    yield sa.Column("organization_id", sa.BigInteger(), primary_key=True, autoincrement=False)
    yield sa.Column("resource", sa.String(32), primary_key=True)
    yield sa.Column("target", sa.String(128), primary_key=True)
    yield sa.Column("syncs", sa.Integer(), nullable=False)
    for name, kind in {
        "mark": sa.String(20),
        "seen": sa.Text(),
        "deletes": sa.String(20),
        "deletes_seen": sa.Text(),
    }.items():
        yield sa.Column(name, kind, nullable=False)
    yield sa.Column("skipped", sa.Integer(), nullable=False)


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    rest = iter(rows)
    while batch := list(islice(rest, BATCH)):
        yield batch
