"""The tables of a mirror: the rows, the watermarks, and the staging table for changed rows."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mssql, mysql, oracle
from sqlalchemy.types import UserDefinedType

from airflow_provider_dinero.api.feeds.feeds import BOOLEAN, DATE, DECIMAL, INSTANT, INTEGER, TEXT

MARKS = "dinero_marks"
STAGING = "dinero_staging"
ORGANIZATION = "OrganizationId"
KEY_LENGTH = 36
# The value of `mark` before the first load has ended: not empty, since an empty text is NULL in Oracle.
NOT_LOADED = "-"
# MySQL and MariaDB may have another character set by default, in which an emoji, or even an ø, has no place.
MYSQL: dict[str, Any] = {"mysql_charset": "utf8mb4", "mariadb_charset": "utf8mb4"}


class _SqliteAmount(UserDefinedType[Decimal]):
    """An amount in SQLite, which has no decimals: passed as text, it becomes a number that is exact to 15 digits."""

    cache_ok = True

    def get_col_spec(self, **options: Any) -> str:
        return "NUMERIC"

    def bind_processor(self, dialect: sa.Dialect) -> Any:
        return lambda amount: None if amount is None else str(amount)


TYPES: dict[str, sa.types.TypeEngine[Any]] = {
    # MySQL's TEXT ends at 65,535 bytes.
    TEXT: sa
    .UnicodeText()
    .with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
    .with_variant(mssql.NVARCHAR(None), "mssql"),
    INTEGER: sa.BigInteger(),
    DECIMAL: sa.Numeric(38, 18).with_variant(_SqliteAmount(), "sqlite"),
    BOOLEAN: sa.Boolean(),
    DATE: sa.Date(),
    # In UTC, even if the database has no time zones. By default MySQL keeps whole seconds, and so does Oracle, whose
    # DateTime is a DATE.
    INSTANT: sa
    .DateTime(timezone=True)
    .with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    .with_variant(oracle.TIMESTAMP(timezone=True), "oracle"),
}


def rows_table(name: str, schema: str | None, kinds: dict[str, str], key: str) -> sa.Table:
    """Return the table of a mirror.

    :param name: str
    :param schema: str or None
    :param kinds: dict of column to kind, from `columns_of`
    :param key: str, the column that identifies a row of an organization
    """
    return sa.Table(name, sa.MetaData(schema=schema), *_columns(kinds, key), **MYSQL)


def staging_of(table: sa.Table, dialect: sa.Dialect) -> tuple[sa.Table, str]:
    """Return a temporary table with the columns of a mirror's table, and the statement that creates it.

    It has the types of the table: MySQL can't even compare two texts with different collations. A temporary table ends
    with the session, which outlives the connection behind a pooler; so in Postgres it ends with the transaction.

    :param table: sqlalchemy.Table
    :param dialect: sqlalchemy.Dialect
    """
    staging = sa.Table(STAGING, sa.MetaData(), *(sa.Column(each.name, each.type) for each in table.columns))
    empty = sa.select(*table.columns).where(sa.false()).compile(dialect=dialect)
    ends = "ON COMMIT DROP " if dialect.name == "postgresql" else ""
    return staging, f"CREATE TEMPORARY TABLE {STAGING} {ends}AS {empty}"


def marks_table(schema: str | None) -> sa.Table:
    """Return the table of the watermarks.

    :param schema: str or None
    """
    return sa.Table(MARKS, sa.MetaData(schema=schema), *_mark_columns(), **MYSQL)


def _columns(kinds: dict[str, str], key: str) -> Iterator[sa.Column[Any]]:
    yield sa.Column(ORGANIZATION, sa.BigInteger(), primary_key=True, autoincrement=False)
    for name, kind in kinds.items():
        # No database has a key of unlimited length.
        type_ = sa.String(KEY_LENGTH) if name == key else TYPES[kind]
        yield sa.Column(name, type_, primary_key=name == key)


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
