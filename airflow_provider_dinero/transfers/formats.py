"""Files of rows: NDJSON, and Parquet with the extra `parquet`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_dinero.api.bodies.validation import encode
from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroInvalidBody, DineroUnexpectedAnswer
from airflow_provider_dinero.api.feeds.feeds import BOOLEAN, DATE, DECIMAL, INSTANT, INTEGER, TEXT, columns_of
from airflow_provider_dinero.api.lists.changes import as_utc

if TYPE_CHECKING:
    import pyarrow

NDJSON, PARQUET = "ndjson", "parquet"
ROW_GROUP = 10_000
CHANGE = "Change"

Row = dict[str, Any]


class RowFile(Protocol):
    """A local file that rows are written to."""

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
    raise DineroInvalidBody(f"{name!r} is not a format.", f"It is {NDJSON} or {PARQUET}.")


class _Ndjson:
    """A row a line; amounts as JSON numbers, digit for digit."""

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
            # Dinero's numbers are doubles, of 17 digits at the most: 18 places and 20 digits before them hold those.
            DECIMAL: pyarrow.decimal128(38, 18),
            BOOLEAN: pyarrow.bool_(),
            DATE: pyarrow.date32(),
            INSTANT: pyarrow.timestamp("us", tz="UTC"),
        }
        self._columns = {**columns_of(resource), CHANGE: TEXT}
        self._schema = pyarrow.schema([(column, types[kind]) for column, kind in self._columns.items()])
        self._writer = pyarrow.parquet.ParquetWriter(path, self._schema)
        self._rows: list[Row] = []

    def write(self, row: Row) -> None:
        self._rows.append({column: value_of(kind, row.get(column)) for column, kind in self._columns.items()})
        if len(self._rows) == ROW_GROUP:
            self._flush()

    def close(self) -> None:
        if self._rows:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        import pyarrow

        rows, self._rows = self._rows, []
        self._writer.write_table(_table(pyarrow, rows, self._schema), row_group_size=ROW_GROUP)


def _table(arrow: Any, rows: list[Row], schema: "pyarrow.Schema") -> "pyarrow.Table":
    try:
        return arrow.Table.from_pylist(rows, schema=schema)
    except (arrow.ArrowException, OverflowError) as error:
        raise DineroUnexpectedAnswer(
            f"A row doesn't fit its columns in Parquet: {str(error)[:200]}.", "Write ndjson, which holds any number."
        ) from None


def value_of(kind: str, value: Any) -> Any:
    """Return a value of a row as typed columns take it: Decimal, int, bool, date, datetime in UTC, str, or None.

    :param kind: str, as `columns_of` tells it
    :param value: as the row has it
    :raises DineroUnexpectedAnswer: it is no such value
    """
    try:
        return None if value is None else _value_of(kind, value)
    except (ValueError, TypeError, ArithmeticError):  # what `as_utc` refuses is a ValueError too
        raise DineroUnexpectedAnswer(
            f"Dinero gave a {type(value).__name__} that is no {kind}.", "Write ndjson, which holds anything."
        ) from None


def _value_of(kind: str, value: Any) -> Any:
    from datetime import date
    from decimal import Decimal

    if kind == INSTANT:
        return as_utc(value)
    if kind == DATE:
        return date.fromisoformat(value[:10])
    if kind == DECIMAL:
        return Decimal(value)
    return int(value) if kind == INTEGER else value
