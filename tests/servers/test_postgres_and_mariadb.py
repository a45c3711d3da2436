"""Mirrors in particular databases: settings, names, character sets, tables of older builds."""

import logging
from contextlib import nullcontext
from pathlib import Path

import pytest
import sqlalchemy as sa

from airflow_provider_dinero.adapters.watermarks import Watermark
from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroError
from airflow_provider_dinero.transfers.mirror import Mirror
from tests.servers.conftest import Connect
from tests.transfers.mirrored import ORGANIZATION, Mirrored, Row, goes_on, guid, invoice

POSTGRES = ["postgres", "psycopg2"]
DUMPS = Path(__file__).parent / "dumps"


def run(engine: sa.Engine, *statements: str) -> None:
    """Execute statements of the database's own."""
    with engine.begin() as connection:
        for each in statements:
            connection.exec_driver_sql(each)


@pytest.mark.parametrize("kind", POSTGRES)
def test_what_the_extra_says_of_the_connection_holds(connect: Connect, kind: str) -> None:
    """A connection that isn't encrypted is refused, as the hook itself refuses it."""
    with pytest.raises(Exception, match="server does not support SSL"):
        connect(kind, sslmode="require")
    engine = connect(kind, options="-c search_path=elsewhere")
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SHOW search_path")) == "elsewhere"


@pytest.mark.parametrize(
    ("kind", "cursor"), [("postgres", "dictcursor"), ("psycopg2", "dictcursor"), ("innodb", "ssdictcursor")]
)
def test_the_cursor_of_the_extra_does_no_harm(connect: Connect, kind: str, cursor: str) -> None:
    books = Mirrored(connect(kind, cursor=cursor))
    books.write(invoice(1))
    assert books.statuses() == {1: "Booked"}


@pytest.mark.parametrize(
    ("kind", "connections"),
    [
        ("postgres", "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'mirror'"),
        ("innodb", "SELECT count(*) - 1 FROM information_schema.processlist WHERE user = 'root'"),
    ],
)
def test_no_connection_is_idle_while_dinero_is_read(connect: Connect, kind: str, connections: str) -> None:
    """A server may end one that is."""
    extra = {"application_name": "mirror"} if kind == "postgres" else {}
    books = Mirrored(connect(kind, **extra))
    books.mirror.find()
    other = connect("postgres") if kind == "postgres" else books.engine
    with other.connect() as connection:
        assert connection.exec_driver_sql(connections).scalar() == 0


def test_nothing_is_prepared_in_postgres(connect: Connect) -> None:
    """A statement that is prepared keeps its plan, and is unknown to the next server behind a pooler."""
    engine = connect("postgres")
    with engine.connect() as connection:
        for _ in range(10):
            connection.execute(sa.select(sa.literal(1)))
        assert connection.scalar(sa.text("SELECT count(*) FROM pg_prepared_statements")) == 0


@pytest.mark.parametrize("kind", ["postgres", "psycopg2", "innodb"])
def test_errors_show_no_rows(connect: Connect, kind: str) -> None:
    books = Mirrored(connect(kind))
    quote = "`" if kind == "innodb" else '"'
    run(books.engine, f"ALTER TABLE invoices ADD CONSTRAINT no_ida CHECK ({quote}ContactName{quote} <> 'Ida Holm')")
    for _ in range(2):  # by COPY or INSERT at once, and then from the staging table
        with pytest.raises(DineroError) as raised:
            books.write(invoice(1, ContactName="Ida Holm", Description="Ida's bell"))
        told = f"{raised.value} {raised.value.__cause__}"
        assert "Ida" not in told
        assert "no_ida" in told or kind == "innodb"
        assert raised.value.__suppress_context__
        books.write(invoice(2))


def test_a_table_in_a_schema(connect: Connect) -> None:
    engine = connect("postgres")
    run(engine, "DROP SCHEMA IF EXISTS books CASCADE", "CREATE SCHEMA books")
    for name, schema in (("books.invoices", None), ("invoices", "books"), ("invoices", "")):
        mirror = Mirror(engine, "invoices", ORGANIZATION, name, schema, lock=nullcontext)
        mirror.prepare()
        assert mirror.table.fullname == ("invoices" if schema == "" else "books.invoices")
    assert set(sa.inspect(engine).get_table_names("books")) == {"invoices", "dinero_marks"}
    assert not sa.inspect(engine).has_table("books.invoices")


def test_a_table_that_has_a_dot_in_its_name(connect: Connect) -> None:
    """An earlier build created it: the mirror continues once the SQL from the error has been run."""
    books = Mirrored(connect("postgres"), table="invoices")
    books.write(invoice(1))
    run(
        books.engine,
        'ALTER TABLE invoices RENAME TO "public.invoices"',
        "UPDATE dinero_marks SET target = 'public.invoices'",
    )
    with pytest.raises(DineroConfigurationError, match="from an earlier build") as raised:
        Mirrored(books.engine, table="public.invoices")
    run(books.engine, *str(raised.value).partition("Run: ")[2].partition(". In another")[0].split("; "))
    again = Mirrored(books.engine, table="public.invoices")
    again.write(invoice(2))
    assert again.statuses() == {1: "Booked", 2: "Booked"}


def test_names_that_differ_by_case_alone(connect: Connect) -> None:
    engine = connect("innodb")
    Mirrored(engine, table="Invoices").write(invoice(1))
    with pytest.raises(DineroConfigurationError, match="dinero_marks has the watermark of Invoices, which"):
        Mirrored(engine, table="invoices")


LONG = {"Description": "æ" * 40_000}
EMOJI = {"ContactName": "Ida 🧾"}


@pytest.mark.parametrize("kind", ["innodb", "connector", "utf8mb3", "aria"])
def test_long_texts_and_all_characters_fit(connect: Connect, kind: str) -> None:
    books = Mirrored(connect(kind))
    books.write(invoice(1, **LONG, **EMOJI))
    (row,) = books.rows().values()
    assert (row["Description"], row["ContactName"]) == (LONG["Description"], EMOJI["ContactName"])


@pytest.mark.parametrize("values", [LONG, EMOJI])
def test_texts_that_do_not_fit_a_table_of_before(connect: Connect, values: Row) -> None:
    """The error comes before the first row is written; MariaDB may silently truncate texts, or write question marks."""
    engine = connect("utf8mb3")
    (column,) = values
    Mirrored(engine).write(invoice(1, Description="Plader"))
    run(engine, f"ALTER TABLE invoices MODIFY `{column}` TEXT CHARACTER SET utf8mb3")
    books = Mirrored(engine)
    with pytest.raises(DineroConfigurationError, match=r"No row was written\. Run: ALTER TABLE invoices") as raised:
        books.write(invoice(1, **{"Description": "Plader", **values}))
    assert books.rows()[f"{guid(1)}/{ORGANIZATION}"][column] != values[column]
    run(engine, str(raised.value).partition("Run: ")[2])
    Mirrored(engine).write(invoice(1, **{"Description": "Plader", **values}))


def test_where_nothing_is_rolled_back_it_is_said(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    for kind, said in (("aria", 1), ("innodb", 0), ("postgres", 0)):
        caplog.clear()
        Mirrored(connect(kind)).write(invoice(1))
        lines = [each for each in caplog.records if each.levelno == logging.WARNING]
        assert [each.getMessage()[:30] for each in lines] == ["The database doesn't roll back"] * said, kind


@pytest.mark.parametrize("kind", ["postgres", "innodb"])
def test_two_marks_become_one(connect: Connect, kind: str) -> None:
    """Where keys aren't enforced, two first syncs of an earlier build left two marks, and each row twice."""
    books = Mirrored(connect(kind))
    books.write(invoice(1), invoice(2))
    if kind == "postgres":
        run(
            books.engine,
            "ALTER TABLE invoices DROP CONSTRAINT invoices_pkey",
            "ALTER TABLE dinero_marks DROP CONSTRAINT dinero_marks_pkey",
        )
    else:
        run(books.engine, "ALTER TABLE invoices DROP PRIMARY KEY", "ALTER TABLE dinero_marks DROP PRIMARY KEY")
    run(
        books.engine,
        "INSERT INTO invoices SELECT * FROM invoices",
        "INSERT INTO dinero_marks SELECT organization_id, resource, target, 5, '2026-12-24T00:00:00Z', seen, deletes, "
        "deletes_seen, skipped FROM dinero_marks",
    )
    state = books.mirror.find()
    assert (state.is_double, state.syncs, state.standing.mark) == (True, 1, Watermark(books.now))  # the earlier one
    books.write(invoice(2, Status="Paid"))
    with books.engine.connect() as connection:
        found = connection.execute(sa.select(books.mirror.table.c.Number, books.mirror.table.c.Status)).all()
        assert sorted(map(tuple, found)) == [(1, "Booked"), (2, "Paid")]
        assert connection.scalar(sa.select(sa.func.count()).select_from(books.mirror.marks)) == 1
    books.write(invoice(3))
    assert books.statuses() == {1: "Booked", 2: "Paid", 3: "Booked"}


@pytest.mark.parametrize(("kind", "dump"), [("postgres", "postgres"), ("psycopg2", "postgres"), ("innodb", "mariadb")])
def test_a_mirror_of_before_goes_on(connect: Connect, kind: str, dump: str) -> None:
    engine = connect(kind)
    run(engine, *(DUMPS / f"{dump}.sql").read_text().replace("%", "%%").split(";\n")[:-1])
    books = Mirrored(engine)
    goes_on(books)
    if dump == "mariadb":  # in latin1, as MariaDB's tables are by default
        with pytest.raises(DineroConfigurationError, match="is latin1, which lacks a character") as raised:
            books.write(invoice(4))
        run(engine, str(raised.value).partition("Run: ")[2])
        Mirrored(engine).write(invoice(4))


def test_another_collation_does_no_harm(connect: Connect) -> None:
    """MariaDB doesn't compare two texts of different collations."""
    books = Mirrored(connect("innodb"))
    books.write(invoice(1))
    run(books.engine, "ALTER TABLE invoices CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_danish_ci")
    books.write(invoice(1, Status="Paid"))
    assert books.statuses() == {1: "Paid"}
