"""Databases that are refused with a clear error, that are waited for, or of which no server is available."""

import json
import logging
import subprocess
import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mssql, oracle
from sqlalchemy.schema import CreateTable

from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroUnavailable, DineroUnexpectedAnswer
from airflow_provider_dinero.api.feeds.feeds import INSTANT, TEXT, columns_of
from airflow_provider_dinero.transfers import databases
from airflow_provider_dinero.transfers.mirror import Mirror
from airflow_provider_dinero.transfers.mirror_tables import marks_table, rows_table
from airflow_provider_dinero.transfers.mirror_values import Lines
from tests.transfers.mirrored import ORGANIZATION, Mirrored, engine_for, guid, invoice

HOLDS = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"


@pytest.mark.parametrize(
    ("table", "schema"), [("", None), (" ", None), ("a.b.c", None), (".a", None), ("a.", None), ("a.b", "c")]
)
def test_a_name_of_no_table_is_refused(table: str, schema: str | None) -> None:
    with pytest.raises(DineroConfigurationError, match="is not the name of a table"):
        Mirror(sa.create_engine("sqlite://"), "invoices", ORGANIZATION, table, schema, lock=nullcontext)


@pytest.mark.parametrize("conn_type", ["clickhouse", "clickhousedb", "chdb"])
def test_clickhouse_is_refused(conn_type: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DineroConfigurationError, match="ClickHouse can't hold a mirror"):
        engine_for({"conn_type": conn_type, "host": "127.0.0.1"}, monkeypatch)


def test_a_duckdb_that_another_process_has_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "books.db")
    books = Mirrored(engine_for({"conn_type": "duckdb", "host": path}, monkeypatch))
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", HOLDS, path], **pipes) as other:
        assert other.stdout
        assert other.stdin
        assert other.stdout.readline() == b"open\n"
        monkeypatch.setattr(databases, "WAIT_SECONDS", 0.0)
        with pytest.raises(DineroUnavailable, match="Another process has had the DuckDB file open"):
            books.write(invoice(1))
        monkeypatch.setattr(databases, "WAIT_SECONDS", 60.0)
        monkeypatch.setattr(databases.time, "sleep", lambda seconds: other.stdin.close())
        books.write(invoice(1))
    assert books.statuses() == {1: "Booked"}


@pytest.mark.parametrize(
    ("dialect", "instant", "text"),
    [(mssql.dialect(), "DATETIMEOFFSET", "NVARCHAR(max)"), (oracle.dialect(), "TIMESTAMP WITH TIME ZONE", "CLOB")],
    ids=["mssql", "oracle"],
)
def test_types_of_databases_without_a_server(dialect: sa.Dialect, instant: str, text: str) -> None:
    """Oracle's DATE has no fractions of a second; of SQL Server's texts, NTEXT can't be compared."""
    kinds = columns_of("invoices")
    table = rows_table("invoices", None, kinds, "Guid")
    ddl = str(CreateTable(table).compile(dialect=dialect)) + str(
        CreateTable(marks_table(None)).compile(dialect=dialect)
    )
    told = {kind: table.c[name].type.compile(dialect) for name, kind in kinds.items() if name != "Guid"}
    assert (told[INSTANT], told[TEXT]) == (instant, text)
    assert "NTEXT" not in ddl
    assert "DATE" in ddl  # the day of an invoice has none


def test_a_nul_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    lines = Lines(columns_of("invoices"), ORGANIZATION, "Guid", copy=True)
    with caplog.at_level(logging.WARNING):
        assert b"\0" not in lines.block([invoice(number, ContactName="Ida\0Holm") for number in (1, 2)])
    (told,) = caplog.messages
    assert guid(1) in told
    assert "ContactName" in told
    assert "Ida" not in told


@pytest.mark.parametrize("copy", [True, False])
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("TotalInclVat", "much"),
        ("Date", "2026-02-30"),
        ("CreatedAt", "2026-02-30T00:00:00"),
        ("CreatedAt", "2026-02-01T00:00:00\n2026-02-01T00:00:00"),
        ("Number", "one"),
        ("Guid", "a\tb"),
    ],
)
def test_a_value_of_another_kind_is_told_by_its_column(copy: bool, column: str, value: str) -> None:
    lines = Lines(columns_of("invoices"), ORGANIZATION, "Guid", copy=copy, zone=copy)
    with pytest.raises(DineroUnexpectedAnswer, match=f"Dinero returned a str for {column}") as raised:
        lines.block([invoice(1), invoice(2, **{column: value}), invoice(3)])
    assert value not in str(raised.value)


@pytest.mark.parametrize("copy", [True, False])
def test_an_instant_is_written_in_utc(copy: bool) -> None:
    lines = Lines(columns_of("invoices"), ORGANIZATION, "Guid", copy=copy, zone=copy)
    texts = [
        "2026-02-01T09:12:47.407",
        "2026-02-01T10:12:47.407+01:00",
        "2026-02-01T09:12:47.407Z",
        "2026-02-01T09:12:47.407000999",
    ]
    for some in (texts, texts[::3]):  # the second has only Dinero's own form
        block = lines.block([invoice(number, CreatedAt=text) for number, text in enumerate(some)]).decode()
        for line in block.splitlines():
            values = line.split("\t") if copy else json.loads(line)
            found = datetime.fromisoformat(values[1 + list(columns_of("invoices")).index("CreatedAt")])
            assert found.replace(tzinfo=found.tzinfo or UTC) == datetime(2026, 2, 1, 9, 12, 47, 407000, UTC)
            assert "000999" not in line  # Postgres would round


@pytest.mark.parametrize("copy", [True, False])
def test_a_row_is_the_same_line_alone_and_among_others(copy: bool) -> None:
    lines = Lines(columns_of("invoices"), ORGANIZATION, "Guid", copy=copy, zone=copy)
    odd: list[dict[str, Any]] = [
        {"ContactName": "Ida\tHolm\\\r\n", "DeletedAt": "2026-03-01T09:12:47"},
        {"ContactName": 7, "Date": None, "TotalInclVat": 100, "UpdatedAt": "2026-03-01T09:12:47.5+02:00"},
        {"ContactName": r"\N", "Description": "", "Number": None},
    ]
    rows = [invoice(number, **each) for number, each in enumerate([{}, *odd, {}])]
    block = lines.block(rows)
    assert block == b"".join(lines.block([row]) for row in rows)
    assert block.count(b"\n") == len(rows)
    if copy:
        assert rb"Ida\tHolm\\\r\n" in block
        assert b"\t" + rb"\\N" + b"\t" in block  # a text, and not the null
