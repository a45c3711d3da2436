"""Files of rows: NDJSON, and Parquet with the extra `parquet`."""

import logging
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_dinero.api.bodies.validation import encode
from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroInvalidBody, DineroUnexpectedAnswer
from airflow_provider_dinero.api.feeds.feeds import BOOLEAN, DATE, DECIMAL, INSTANT, INTEGER, TEXT, columns_of, feed_of
from airflow_provider_dinero.api.lists.changes import as_utc

if TYPE_CHECKING:
    import pyarrow

log = logging.getLogger(__name__)

NDJSON, PARQUET = "ndjson", "parquet"
ROW_GROUP = 10_000
# Dinero's numbers are doubles, of 17 digits at the most: 18 places and 20 digits before them hold those.
WIDE = (38, 18)
CHANGE = "Change"

Row = dict[str, Any]


class RowFile(Protocol):
    """A local file for rows."""

    def write(self, row: Row) -> None:
        """Write a row."""

    def close(self) -> None:
        """Complete the file."""


def row_file(name: str, path: Path, resource: str) -> RowFile:
    """Return a new local file for rows.

    :param name: str, ndjson or parquet
    :param path: Path
    :param resource: str, whose rows it takes
    :raises DineroInvalidBody: there is no such format
    :raises DineroConfigurationError: the format needs a package that isn't installed
    """
    if name == NDJSON:
        return _Ndjson(path)
    if name == PARQUET:
        return _Parquet(path, resource)
    raise DineroInvalidBody(f"There is no format {name!r}.", f"Use {NDJSON} or {PARQUET}.")


class _Ndjson:
    """One row per line; amounts are JSON numbers, digit for digit."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("wb")

    def write(self, row: Row) -> None:
        self._stream.write(encode(row) + b"\n")

    def close(self) -> None:
        self._stream.close()


class _Parquet:
    """Groups of 10,000 rows, in typed columns."""

    def __init__(self, path: Path, resource: str) -> None:
        try:
            import pyarrow.parquet
        except ImportError:
            raise DineroConfigurationError(
                "Parquet needs pyarrow, which isn't installed.",
                "Install airflow-provider-dinero[parquet], or write ndjson.",
            ) from None
        types = {
            TEXT: pyarrow.string(),
            INTEGER: pyarrow.int64(),
            BOOLEAN: pyarrow.bool_(),
            DATE: pyarrow.date32(),
            INSTANT: pyarrow.timestamp("us", tz="UTC"),
        }
        self._columns = {**columns_of(resource), CHANGE: TEXT}
        self._narrow = {column: _room(column) for column, kind in self._columns.items() if kind == DECIMAL}
        decimals = {column: pyarrow.decimal128(*room) for column, room in self._narrow.items()}
        columns = [(name, decimals.get(name) or types[kind]) for name, kind in self._columns.items()]
        self._schema = pyarrow.schema(columns)
        self._path, self._key = path, feed_of(resource).key
        self._writer = pyarrow.parquet.ParquetWriter(path, self._schema)
        self._rows: list[Row] = []

    def write(self, row: Row) -> None:
        self._rows.append({column: value_of(kind, row.get(column)) for column, kind in self._columns.items()})
        for column, room in list(self._narrow.items()):
            value = self._rows[-1][column]
            if value is not None and not _fits(value, *room):
                told = "%s of the row %s is %s, which doesn't fit decimal(%d, %d): the column is decimal(38, 18) here."
                log.warning(told, column, row.get(self._key), value, *room)
                self._widen(column)
        if len(self._rows) == ROW_GROUP:
            self._flush()

    def close(self) -> None:
        if self._rows:
            self._flush()
        self._writer.close()

    def _widen(self, column: str) -> None:
        """Write the file again, with the widest type for a column."""
        import pyarrow.parquet

        del self._narrow[column]
        self._writer.close()
        before = self._path.replace(self._path.with_name(f"{self._path.name}.narrow"))
        index = self._schema.get_field_index(column)
        self._schema = self._schema.set(index, pyarrow.field(column, pyarrow.decimal128(*WIDE)))
        self._writer = pyarrow.parquet.ParquetWriter(self._path, self._schema)
        with pyarrow.parquet.ParquetFile(before) as narrow:
            for group in range(narrow.num_row_groups):
                self._writer.write_table(narrow.read_row_group(group).cast(self._schema), row_group_size=ROW_GROUP)
        before.unlink()

    def _flush(self) -> None:
        import pyarrow

        rows, self._rows = self._rows, []
        self._writer.write_table(_table(pyarrow, rows, self._schema), row_group_size=ROW_GROUP)


def _room(column: str) -> tuple[int, int]:
    """Return how many digits fit in a column, in all and after the point.

    Arrow refuses a product of more than 38 digits (the digits of both, plus one). In DuckDB the product of two columns
    of 18 digits has no more than 18, of which 12 are after the point. So a price has one more digit, and price times
    quantity has 37.
    """
    if column == "Amount" or column.startswith("Total"):
        return 18, 2
    return (19, 6) if column.startswith("BaseAmount") else (18, 6)


def _fits(value: Decimal, digits: int, places: int) -> bool:
    """Tell whether a number fits its column: no more digits, in all and after the point."""
    _, given, exponent = value.as_tuple()
    if not isinstance(exponent, int):  # what isn't finite
        return False
    text = "".join(map(str, given)).lstrip("0")
    short = text.rstrip("0")
    exponent += len(text) - len(short)
    return not short or (-exponent <= places and len(short) + exponent <= digits - places)


def _table(arrow: Any, rows: list[Row], schema: "pyarrow.Schema") -> "pyarrow.Table":
    try:
        return arrow.Table.from_pylist(rows, schema=schema)
    except (arrow.ArrowException, OverflowError) as error:
        raise DineroUnexpectedAnswer(
            f"A row doesn't fit its columns in Parquet: {str(error)[:200]}.", "Write ndjson, which can hold any number."
        ) from None


def value_of(kind: str, value: Any) -> Any:
    """Return a value of a row for a typed column: Decimal, int, bool, date, datetime in UTC, str, or None.

    :param kind: str, from `columns_of`
    :param value: as the row has it
    :raises DineroUnexpectedAnswer: it isn't such a value
    """
    try:
        return None if value is None else _value_of(kind, value)
    except (ValueError, TypeError, ArithmeticError):  # what `as_utc` refuses is a ValueError too
        raise DineroUnexpectedAnswer(
            f"Dinero returned a {type(value).__name__} that is not a valid {kind}.",
            "Write ndjson, which can hold anything.",
        ) from None


def _value_of(kind: str, value: Any) -> Any:
    from datetime import date

    if kind == INSTANT:
        return as_utc(value)
    if kind == DATE:
        return date.fromisoformat(value[:10])
    if kind == DECIMAL:
        return Decimal(value)
    return int(value) if kind == INTEGER else value
