"""A mirror of a resource in a database: rows and watermark always agree."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from airflow.sdk import DAG
from services import postgres

from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.api.feeds.feeds import FEEDS, columns_of
from airflow_provider_dinero.transfers.mirror import Mirror
from airflow_provider_dinero.transfers.mirror_loading import Loading
from airflow_provider_dinero.transfers.reading import Reading
from airflow_provider_dinero.transfers.sql import DineroToSqlOperator
from tests.conftest import CONTACT
from tests.operators.bench import Bench
from tests.transfers.conftest import Lists, Row, booked, contact, draft

Later = Callable[..., None]


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An engine of an empty database, which the connection `books` leads to."""
    monkeypatch.setenv("AIRFLOW_CONN_BOOKS", f"sqlite:///{tmp_path}/books.db")
    engine = sa.create_engine(f"sqlite:///{tmp_path}/books.db")
    yield engine
    engine.dispose()


def mirrored(bench: Bench, resource: str = "contacts", **arguments: Any) -> DAG:
    with bench.dag() as dag:
        DineroToSqlOperator(task_id="it", **{"resource": resource, "conn_id": "books", "table": resource, **arguments})
    return dag


def table(database: sa.Engine, name: str = "contacts") -> list[Row]:
    found = sa.Table(name, sa.MetaData(), autoload_with=database)
    with database.connect() as connection:
        return [dict(row) for row in connection.execute(sa.select(found)).mappings()]


def names(database: sa.Engine) -> dict[str, bool]:
    """Whether each contact is deleted, by its name."""
    return {row["Name"]: row["DeletedAt"] is not None for row in table(database)}


def test_all_the_first_time_and_then_only_changes(bench: Bench, beside: DineroClient, database: sa.Engine) -> None:
    dag = mirrored(bench)
    first = contact(beside, "a")
    contact(beside, "b")
    told = bench.run(dag)["it"].returned
    assert (told["table"], told["since"], told["rows"], told["created"]) == ("contacts", None, 2, 2)
    beside.contacts.upsert({**CONTACT, "Name": "b2", "ExternalReference": "b"})
    beside.contacts.delete(first)
    contact(beside, "c")
    again = bench.run(dag)["it"].returned
    assert again["since"] == told["until"]
    assert (again["rows"], again["created"] + again["updated"], again["deleted"]) == (3, 2, 1)
    assert names(database) == {"a": True, "b2": False, "c": False}
    assert bench.run(dag)["it"].returned["rows"] == 0
    (mark,) = table(database, "dinero_marks")
    assert (mark["organization_id"], mark["resource"], mark["target"], mark["syncs"]) == (
        100001,
        "contacts",
        "contacts",
        3,
    )


def test_columns_have_the_types_of_their_values(bench: Bench, beside: DineroClient, database: sa.Engine) -> None:
    guid = draft(beside, "1234.56")
    bench.run(mirrored(bench, "invoices"))
    (row,) = table(database, "invoices")
    (there,) = beside.invoices.list()
    assert row["Guid"] == guid
    assert Decimal(str(row["TotalExclVat"])) == there["TotalExclVat"] == Decimal("1234.56")
    assert isinstance(row["Date"], date)
    assert isinstance(row["CreatedAt"], datetime)
    assert row["OrganizationId"] == 100001


@pytest.mark.parametrize("resource", FEEDS)
def test_every_feed_has_a_mirror(bench: Bench, beside: DineroClient, database: sa.Engine, resource: str) -> None:
    guid, one = contact(beside, "a"), {"BaseAmountValue": "0.1", "Quantity": 1, "AccountNumber": 1000, "Unit": "parts"}
    draft(beside)
    booked(beside)
    beside.products.create(one)
    for sales in (beside.credit_notes, beside.trade_offers):
        sales.create({"ContactGuid": guid, "ProductLines": [{**one, "Description": "x"}]})
    dag = mirrored(bench, resource, table="a_mirror")
    told = bench.run(dag)["it"].returned
    rows = table(database, "a_mirror")
    assert told["rows"] == len(rows) > 0
    assert set(rows[0]) == {"OrganizationId", *columns_of(resource)}
    assert bench.run(dag)["it"].returned["rows"] == 0


def test_a_postgres(bench: Bench, beside: DineroClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not [*Path("/usr/lib/postgresql").glob("*/bin/postgres")]:
        pytest.skip("postgres (Debian's package postgresql) is not installed")
    dag = mirrored(bench, "invoices", schema="dinero")
    guid = draft(beside, "1234.56")
    with postgres(tmp_path) as address:
        monkeypatch.setenv("AIRFLOW_CONN_BOOKS", f"postgresql://{address}")
        engine = sa.create_engine(f"postgresql+psycopg2://{address}")
        with engine.begin() as connection:
            connection.execute(sa.text("CREATE SCHEMA dinero"))
        told = bench.run(dag)["it"]
        assert told.state == "success", told.log
        assert (told.returned["table"], told.returned["rows"]) == ("dinero.invoices", 1)
        beside.invoices.delete(guid)
        assert bench.run(dag)["it"].returned["deleted"] == 1
        assert bench.run(dag)["it"].returned["rows"] == 0
        found = sa.Table("invoices", sa.MetaData(schema="dinero"), autoload_with=engine)
        with engine.connect() as connection:
            (row,) = connection.execute(sa.select(found)).mappings()
        assert (row["Guid"], row["TotalExclVat"]) == (guid, Decimal("1234.56"))
        assert row["DeletedAt"] >= row["CreatedAt"]
        engine.dispose()


@pytest.mark.parametrize("deletes_every", [1, 2])
def test_deleted_rows_are_marked(
    bench: Bench, beside: DineroClient, database: sa.Engine, lists: Lists, later: Later, deletes_every: int
) -> None:
    dag = mirrored(bench, "invoices", deletes_every=deletes_every)
    guids = [draft(beside) for _ in range(2)]
    bench.run(dag)
    asked = []
    for guid in guids:
        later(minutes=10)
        beside.invoices.delete(guid)
        lists.read()
        bench.run(dag)
        asked.append(len(lists.read()))
    assert asked == ([2, 2] if deletes_every == 1 else [1, 2])
    assert all(row["DeletedAt"] for row in table(database, "invoices"))


def test_a_sync_that_fails_leaves_rows_and_mark_as_they_were(
    bench: Bench, beside: DineroClient, database: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    dag = mirrored(bench, retries=1)
    contact(beside, "a")
    bench.run(dag)
    before = table(database), table(database, "dinero_marks")
    contact(beside, "b")
    tries = []

    def fail_once(self: Loading, lines: Any) -> None:
        tries.append(lines)
        merge(self, lines)
        if len(tries) == 1:
            assert (table(database), table(database, "dinero_marks")) == before
            raise RuntimeError("in mid-transaction")

    merge = Loading.merge
    monkeypatch.setattr(Loading, "merge", fail_once)
    it = bench.run(dag)["it"]
    assert (it.state, [str(error) for error in it.errors]) == ("success", ["in mid-transaction"])
    assert names(database) == {"a": False, "b": False}


def test_of_two_syncs_at_once_one_wins(
    bench: Bench, beside: DineroClient, database: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact(beside, "a")
    for round_ in ("first", "second"):
        slow, fast, begin, others = mirrored(bench, retries=1), mirrored(bench), Reading.begin, []

        def overtaken(self: Reading, begin: Any = begin, others: Any = others, fast: DAG = fast) -> Any:
            until = begin(self)
            if not others:
                others.append("begun")
                faster = Mirror(database, "contacts", 100001, "contacts", lock=nullcontext)
                found = faster.find()
                other = Reading(self._client, "contacts", found.standing)
                begin(other)
                lines = BytesIO(faster.lines.block([change.row for change in other]))
                faster.write(found, lines, other.end())
            return until

        with monkeypatch.context() as patch:
            patch.setattr(Reading, "begin", overtaken)
            it = bench.run(slow)["it"]
        assert it.state == "success", round_
        assert [type(error).__name__ for error in it.errors] == ["DineroUnavailable"]
        assert "was faster; this one wrote nothing" in it.error
        contact(beside, round_)
    assert bench.run(fast)["it"].returned["rows"] == 1
    assert names(database) == dict.fromkeys(("a", "first", "second"), False)


def test_a_mark_that_is_taken_out_loads_all_anew(bench: Bench, beside: DineroClient, database: sa.Engine) -> None:
    dag = mirrored(bench)
    contact(beside, "a")
    bench.run(dag)
    with database.begin() as connection:
        connection.execute(sa.text("DELETE FROM dinero_marks"))
        connection.execute(sa.text("""UPDATE contacts SET "Name" = 'wrong', "ContactGuid" = 'x'"""))
    assert bench.run(dag)["it"].returned["since"] is None
    assert names(database) == {"a": False}


def test_opening_entries_change_their_total(bench: Bench, beside: DineroClient, database: sa.Engine) -> None:
    dag = mirrored(bench, "entries")
    for _ in range(2):
        booked(beside)
        bench.run(dag)
    rows = table(database, "entries")
    there = {row["EntryGuid"]: row["Amount"] for row in beside.entries.between("2020-01-01", "2030-12-31")}
    assert {row["EntryGuid"]: Decimal(str(row["Amount"])) for row in rows} == there


def test_a_table_that_lacks_columns_is_told(bench: Bench, database: sa.Engine) -> None:
    with database.begin() as connection:
        connection.execute(sa.text('CREATE TABLE contacts ("OrganizationId" BIGINT, "ContactGuid" VARCHAR(36))'))
    it = bench.run(mirrored(bench, retries=2))["it"]
    assert (it.state, len(it.errors)) == ("failed", 1)
    assert "The table contacts lacks Name, ExternalReference, IsPerson" in it.error
    assert "ContactGuid" not in it.error


def test_a_connection_of_no_database_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_WEB", "http://example.org")
    it = bench.run(mirrored(bench, conn_id="web", retries=2))["it"]
    assert (it.state, len(it.errors)) == ("failed", 1)
    assert "The connection web is not for a database: its type is http." in it.error
    assert "as conn_id. That of Dinero is the dinero_conn_id." in it.error


def test_a_database_whose_provider_is_not_installed_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_EXOTIC", "exotic://example.org")
    it = bench.run(mirrored(bench, conn_id="exotic", retries=2))["it"]
    assert (it.state, len(it.errors)) == ("failed", 1)
    assert "Install its provider, such as apache-airflow-providers-exotic" in it.error


def test_a_dry_run_makes_no_table(bench: Bench, beside: DineroClient, database: sa.Engine) -> None:
    contact(beside, "a")
    told = bench.run(mirrored(bench, dry_run=True))["it"].returned
    assert (told["DryRun"], told["rows"]) == (True, 1)
    assert sa.inspect(database).get_table_names() == []


def test_errors_of_the_database_show_no_rows(bench: Bench, beside: DineroClient, database: sa.Engine) -> None:
    contact(beside, "Ida Holm")
    columns = ", ".join(f'"{name}" TEXT' for name in ("OrganizationId", *columns_of("contacts")))
    with database.begin() as connection:
        connection.execute(sa.text(f"CREATE TABLE contacts ({columns}, CHECK (\"Name\" = 'x'))"))
    it = bench.run(mirrored(bench))["it"]
    assert it.state == "failed"
    assert "Ida" not in it.error + it.log
