"""What must hold for a mirror in every database: the tests of SQLite, DuckDB and the servers run all of it."""

import json
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
import sqlalchemy as sa
from airflow.sdk import BaseHook

from airflow_provider_dinero.adapters.watermarks import Watermark
from airflow_provider_dinero.api.errors import DineroUnavailable
from airflow_provider_dinero.api.feeds.feeds import DECIMAL, INSTANT, columns_of
from airflow_provider_dinero.transfers.databases import engine_of
from airflow_provider_dinero.transfers.mirror import Mirror, MirrorState
from airflow_provider_dinero.transfers.reading import Standing

Row = dict[str, Any]

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
ORGANIZATION, OTHER = 100001, 100002
# What a text may hold: what COPY, CSV and SQL take for something else, and characters of two, three and four bytes.
TEXT = "Ærø\t'quoted\" \\N \\\\ 100 %s :x $1 \r\n € 🧾"
AMOUNT = Decimal("1543.13")


def guid(number: int) -> str:
    """Return a Guid."""
    return f"00000000-0000-4000-8000-{number:012}"


def invoice(number: int, **values: Any) -> Row:
    """Return an invoice as Dinero's list has it."""
    row: Row = dict.fromkeys(columns_of("invoices"))
    row |= {
        "Guid": guid(number),
        "Number": number,
        "Description": TEXT,
        "Status": "Booked",
        "TotalInclVat": AMOUNT,
        "TotalExclVat": 1234,
        "Date": "2026-02-01",
        "CreatedAt": "2026-02-01T09:12:47.407",
        "UpdatedAt": "2026-02-01T23:59:59Z",
    }
    return row | values


class Mirrored:
    """A mirror of invoices, written without Dinero.

    :param engine: Engine
    :param organization: int
    :param table: str
    """

    def __init__(self, engine: sa.Engine, organization: int = ORGANIZATION, table: str = "invoices") -> None:
        self.engine = engine
        self.mirror = Mirror(engine, "invoices", organization, table, lock=nullcontext)
        self.mirror.prepare()
        self.now = START

    def write(self, *rows: Row, state: MirrorState | None = None) -> None:
        """Write a window of rows."""
        self.now += timedelta(hours=1)
        state = state or self.mirror.find()
        lines = BytesIO(self.mirror.lines.block(list(rows)))
        self.mirror.write(state, lines, Standing(Watermark(self.now), Watermark(self.now)))

    def rows(self) -> dict[str, Row]:
        """Return what is in the table, by Guid and organization; amounts and instants as text."""
        table, kinds = self.mirror.table, columns_of("invoices")
        # duckdb-engine reads amounts by way of a float, and DuckDB instants only where pytz is installed.
        columns = [
            sa.cast(each, sa.String(60)).label(each.name) if kinds.get(each.name) in {DECIMAL, INSTANT} else each
            for each in table.c
        ]
        with self.engine.connect() as connection:
            found = connection.execute(sa.select(*columns)).mappings().all()
        return {f"{row['Guid']}/{row['OrganizationId']}": dict(row) for row in found}

    def statuses(self) -> dict[int, str]:
        """Return the Status of each invoice of the organization, by its number."""
        mine = str(self.mirror.lines.organization)
        return {row["Number"]: row["Status"] for key, row in self.rows().items() if key.endswith(f"/{mine}")}

    def sql(self, statement: str) -> None:
        """Execute a statement; names are in the standard's quotes."""
        if self.engine.dialect.name in {"mysql", "mariadb"}:
            statement = statement.replace('"', "`")
        with self.engine.begin() as connection:
            connection.execute(sa.text(statement))


def engine_for(connection: Row, monkeypatch: pytest.MonkeyPatch) -> sa.Engine:
    """Return the engine of an Airflow connection, as the operator gets it."""
    monkeypatch.setenv("AIRFLOW_CONN_BOOKS", json.dumps(connection))
    return engine_of(BaseHook.get_connection("books"))


def values_are_kept(engine: sa.Engine) -> None:
    """Every value comes back as it was, an amount to its last digit, an instant in UTC."""
    books = Mirrored(engine)
    books.write(invoice(1), invoice(2, Description="a\0b", TotalInclVat=Decimal("12345678901.005"), Date=None))
    for _ in range(2):
        one, two = books.rows()[f"{guid(1)}/{ORGANIZATION}"], books.rows()[f"{guid(2)}/{ORGANIZATION}"]
        assert (one["Description"], one["Number"], str(one["Date"])) == (TEXT, 1, "2026-02-01")
        assert Decimal(one["TotalInclVat"]) == AMOUNT
        assert Decimal(one["TotalExclVat"]) == 1234
        assert Decimal(two["TotalInclVat"]) == Decimal("12345678901.005")
        assert (one["DeletedAt"], two["Date"], two["Description"]) == (None, None, "ab")
        assert one["CreatedAt"].startswith("2026-02-01 09:12:47.407")
        assert one["UpdatedAt"].startswith("2026-02-01 23:59:59")
        # once more, by way of the update
        books.write(invoice(1), invoice(2, Description="ab", TotalInclVat=Decimal("12345678901.005"), Date=None))


def rows_follow(engine: sa.Engine) -> None:
    """Rows are updated and added; others stay, also those of another organization; the last one of a key counts."""
    books, other = Mirrored(engine), Mirrored(engine, OTHER)
    other.write(invoice(1), invoice(9))
    books.write(invoice(1, Status="Draft"), invoice(2), invoice(1))
    assert books.statuses() == {1: "Booked", 2: "Booked"}
    books.write(invoice(2, Status="Paid"), invoice(3, Status="Draft"), invoice(3))
    assert books.statuses() == {1: "Booked", 2: "Paid", 3: "Booked"}
    books.write()
    assert books.mirror.find().syncs == 3
    assert other.statuses() == {1: "Booked", 9: "Booked"}


def own_columns_are_kept(engine: sa.Engine) -> None:
    """An analyst's column keeps its values when a row changes, and when everything is loaded again."""
    books = Mirrored(engine)
    books.write(invoice(1), invoice(2), invoice(3))
    books.sql('ALTER TABLE "invoices" ADD COLUMN "Note" VARCHAR(20)')
    books.sql('UPDATE "invoices" SET "Note" = \'mine\'')
    books.write(invoice(2, Status="Paid"))
    books.sql('DELETE FROM "dinero_marks"')
    books.mirror.prepare()
    books.write(invoice(2, Status="Overdue"), invoice(3), invoice(4))
    with engine.connect() as connection:
        quoted = engine.dialect.identifier_preparer.quote
        names = ", ".join(map(quote_all(quoted), ("Number", "Status", "Note")))
        found = {tuple(row) for row in connection.execute(sa.text(f"SELECT {names} FROM {quoted('invoices')}"))}
    assert found == {(2, "Overdue", "mine"), (3, "Booked", "mine"), (4, "Booked", None)}


def quote_all(quoted: Any) -> Any:
    """Return what quotes a name."""
    return lambda name: quoted(sa.sql.quoted_name(name, True))


def a_try_that_dies_is_repeated(engine: sa.Engine) -> None:
    """Whatever a try has written when it dies, the next one reads the same window and ends it."""

    class Dies(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise KeyboardInterrupt

        def __next__(self) -> bytes:
            raise KeyboardInterrupt

    books = Mirrored(engine)
    for round_, rows in enumerate(([invoice(1), invoice(2)], [invoice(2, Status="Paid")])):
        before = books.mirror.find()
        with pytest.raises((KeyboardInterrupt, DineroUnavailable)):  # psycopg2 turns it into its own error
            books.mirror.write(before, Dies(), Standing(Watermark(START)))
        after = books.mirror.find()
        assert after.standing == before.standing
        books.write(*rows)
        assert len(books.statuses()) == 2, round_
    assert books.statuses() == {1: "Booked", 2: "Paid"}


def of_two_one_wins(engine: sa.Engine) -> None:
    """Who was overtaken writes nothing, at the first load and later."""
    books = Mirrored(engine)
    for status in ("Booked", "Paid"):
        state = books.mirror.find()
        books.write(invoice(1, Status=status))
        with pytest.raises(DineroUnavailable, match="was faster; this one wrote nothing"):
            books.write(invoice(1, Status="Draft"), state=state)
        assert books.statuses() == {1: status}


ALL = [values_are_kept, rows_follow, own_columns_are_kept, a_try_that_dies_is_repeated, of_two_one_wins]


def goes_on(books: Mirrored) -> None:
    """A mirror that an earlier build has made, with two invoices, is taken over."""
    state = books.mirror.find()
    mark = Watermark(datetime(2026, 11, 1, tzinfo=UTC), {guid(1): "0123456789abcdef"})
    assert (state.syncs, state.standing.mark) == (1, mark)
    assert books.statuses() == {1: "Booked", 2: "Draft"}
    books.write(invoice(2, Status="Paid", Description="Plader"), invoice(3, Description="Plader"))
    assert books.statuses() == {1: "Booked", 2: "Paid", 3: "Booked"}
    assert books.rows()[f"{guid(1)}/{ORGANIZATION}"]["Description"] == "Plader til Ærø"
