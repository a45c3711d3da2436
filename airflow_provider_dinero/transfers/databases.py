"""The engine of a connection, which connects like its hook, with everything in the connection's extra."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroUnavailable

if TYPE_CHECKING:
    from airflow.sdk import Connection

# By the package of the hook's driver. Other databases keep the engine that their hook creates.
DIALECTS = {
    "psycopg": "postgresql+psycopg",
    "psycopg2": "postgresql+psycopg2",
    "MySQLdb": "mysql+mysqldb",
    "mysql": "mysql+mysqlconnector",
    "_duckdb": "duckdb",
    "duckdb": "duckdb",
    "pymssql": "mssql+pymssql",
    "oracledb": "oracle+oracledb",
}
# How long to wait for other writers: SQLite allows one writer at a time, and DuckDB one process.
WAIT_SECONDS = 300.0
LOOK_SECONDS = 0.2
REFUSED = ("clickhouse", "chdb")
# A connection is closed after use: a server may end an idle one while Dinero is read, and DuckDB's keeps others out.
OPTIONS: dict[str, Any] = {"hide_parameters": True, "poolclass": sa.NullPool}


def engine_of(connection: "Connection") -> sa.Engine:
    """Return an engine that connects in the same way as the hook of a connection.

    :param connection: Connection of Airflow
    :raises DineroConfigurationError: it isn't for a database, the database can't hold a mirror, or a package is missing
    """
    from airflow.sdk.exceptions import AirflowException

    conn_id = connection.conn_id
    if str(connection.conn_type).startswith(REFUSED):
        raise _refused("ClickHouse")
    try:
        hook: Any = connection.get_hook()  # type: ignore[no-untyped-call]
    except AirflowException as error:  # no installed provider has a hook of this type
        raise DineroConfigurationError(
            f"The connection {conn_id} can't be used: {error}.",
            f"Install its provider, such as apache-airflow-providers-{connection.conn_type}, wherever tasks run.",
        ) from None
    if not hasattr(hook, "get_sqlalchemy_engine"):
        raise DineroConfigurationError(
            f"The connection {conn_id} is not for a database: its type is {connection.conn_type}.",
            "Pass the connection of a database, such as postgres, mysql or sqlite, as conn_id. That of Dinero is the "
            "dinero_conn_id.",
        )
    try:
        engine = _engine(hook)
    except (ImportError, sa.exc.NoSuchModuleError) as error:
        raise DineroConfigurationError(
            f"The connection {conn_id} needs a package that isn't installed: {error}.",
            "Install the SQLAlchemy dialect of the database, such as duckdb-engine for DuckDB, wherever tasks run.",
        ) from None
    if engine.dialect.name.startswith(REFUSED):
        raise _refused(engine.dialect.name)
    return engine


# Errors of MySQL and MariaDB about values, which they quote, whatever exception class the driver raises.
ABOUT_VALUES = {1048, 1062, 1264, 1265, 1292, 1366, 1406, 1525}


def _engine(hook: Any) -> sa.Engine:
    if hook.conn_type == "sqlite":  # its only setting is a path, and the hook's own connection refuses some paths
        engine: sa.Engine = hook.get_sqlalchemy_engine({**OPTIONS, "connect_args": {"timeout": WAIT_SECONDS}})
        return engine
    # Only a connection shows which driver a hook uses. It serves the first transaction.
    first = [_opened(hook)]

    def connect() -> Any:
        return _prepared(first.pop() if first else _opened(hook))

    if (driver := _driver(first[0])) in DIALECTS:
        return sa.create_engine(f"{DIALECTS[driver]}://", creator=connect, **OPTIONS)
    first.pop().close()
    others: sa.Engine = hook.get_sqlalchemy_engine(OPTIONS)
    return others


@contextmanager
def plain_errors(what: str) -> Generator[None]:
    """Turn errors of the database into our own, which show nothing of the rows.

    :param what: str, named in them, such as the table
    :raises DineroConfigurationError: the database refuses the statement, and would refuse it again
    :raises DineroUnavailable: a retry may succeed
    """
    try:
        yield
    except sa.exc.DBAPIError as error:
        permanent = sa.exc.ProgrammingError, sa.exc.NotSupportedError
        said = f"The database reports for {what}: {_summary(error)}."
        if (isinstance(error, permanent) or _is_about_values(error)) and not error.connection_invalidated:
            raise DineroConfigurationError(
                said, "Its log has the details, which may show customers' data and so aren't shown here."
            ) from None
        raise DineroUnavailable(said, "Nothing is lost: the next try reads the same changes again.") from None


def _refused(name: str) -> DineroConfigurationError:
    return DineroConfigurationError(
        f"{name} can't hold a mirror: it has no transactions, and its UPDATE isn't finished when it returns.",
        "Mirror into another database, or write files with DineroChangesToObjectStorageOperator and load those.",
    )


def _opened(hook: Any) -> Any:
    """Connect; DuckDB's file is open in one process at a time, so wait for the others."""
    end = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            return hook.get_conn()
        except Exception as error:
            # The class is DuckDB's, which may not be installed; only the text shows whether it is a lock.
            if _driver(error) not in {"duckdb", "_duckdb"} or "lock on file" not in str(error):
                raise
            if time.monotonic() >= end:
                raise DineroUnavailable(
                    f"Another process has had the DuckDB file open for {WAIT_SECONDS:.0f} s.",
                    "DuckDB allows one process at a time. Close it there; the next try continues.",
                ) from None
        time.sleep(LOOK_SECONDS)


def _driver(connection: Any) -> str:
    """Return the package of a driver's connection."""
    return type(connection).__module__.partition(".")[0]


def _prepared(connection: Any) -> Any:
    """Return a connection as SQLAlchemy expects it, whatever cursors the connection's extra asks for."""
    driver = _driver(connection)
    if driver == "psycopg":
        from psycopg.rows import tuple_row

        connection.row_factory = tuple_row
        # A pooler may pass the next transaction to another server, which doesn't have the prepared statements; and a
        # statement that was prepared while a table was empty keeps a plan that takes quadratic time.
        connection.prepare_threshold = None
    elif driver == "psycopg2":
        from psycopg2.extensions import cursor

        connection.cursor_factory = cursor
    elif driver == "MySQLdb":
        from MySQLdb.cursors import Cursor

        connection.cursorclass = Cursor
        connection.set_character_set("utf8mb4")
    elif driver in {"duckdb", "_duckdb"}:
        from duckdb_engine import ConnectionWrapper

        return ConnectionWrapper(connection)
    return connection


def _summary(error: sa.exc.DBAPIError) -> str:
    """Return what a database says, without what may be a value of a row: Postgres' DETAIL and CONTEXT, or the text."""
    original: Any = error.orig
    name = type(original).__name__
    if diagnostics := getattr(original, "diag", None):
        at = {
            "constraint": diagnostics.constraint_name,
            "column": diagnostics.column_name,
            "table": diagnostics.table_name,
        }
        named = [f"{label} {value}" for label, value in at.items() if value]
        if diagnostics.sqlstate:
            # Class 22 is about values, and quotes them.
            text = "" if diagnostics.sqlstate.startswith("22") else diagnostics.message_primary
            return "; ".join([f"{name}, SQLSTATE {diagnostics.sqlstate}", *([text] if text else []), *named])
    if _is_about_values(error):
        number = _number(original)
        return name if number is None else f"{name} {number}"
    lines = str(original).strip().splitlines()
    return f"{name}: {lines[0].rstrip('.')}" if lines else name


def _is_about_values(error: sa.exc.DBAPIError) -> bool:
    return isinstance(error, sa.exc.DataError | sa.exc.IntegrityError) or _number(error.orig) in ABOUT_VALUES


def _number(original: Any) -> int | None:
    """Return the number that MySQL's drivers give an error."""
    first = original.args[0] if original.args else None
    return first if isinstance(first, int) else None
