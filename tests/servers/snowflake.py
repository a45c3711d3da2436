"""The mirror with Snowflake's hook and dialect, on fakesnow, in an environment of its own: `make snowflake-test`.

Two first syncs at once, in a warehouse that doesn't enforce keys (fakesnow does, so the key is removed), end with one
watermark and no duplicate rows.
"""

import json
import os
import sys
from contextlib import nullcontext
from typing import Any

import fakesnow
import pytest
import sqlalchemy as sa
from airflow.sdk import BaseHook

from airflow_provider_dinero.api.errors import DineroUnavailable
from airflow_provider_dinero.transfers.databases import engine_of
from airflow_provider_dinero.transfers.mirror import Mirror
from tests.transfers.mirrored import ALL, ORGANIZATION, Mirrored, invoice

CONNECTION = {
    "conn_type": "snowflake",
    "login": "airflow",
    "password": "not-secret",
    "schema": "PUBLIC",
    "extra": {"account": "account", "database": "BOOKS"},
}


def engine() -> sa.Engine:
    """Return the engine of an empty schema."""
    found = engine_of(BaseHook.get_connection("books"))
    with found.begin() as connection:
        for name in ("invoices", "dinero_marks"):
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")
    return found


def two_first_syncs(found: sa.Engine) -> None:
    """If two start at once, both add a watermark; one of them writes."""
    mirror: Any = Mirror(found, "invoices", ORGANIZATION, "invoices", lock=nullcontext)
    with found.begin() as connection:
        for table in (mirror.table, mirror.marks):
            bare = sa.Table(table.name, sa.MetaData(), *(sa.Column(each.name, each.type) for each in table.columns))
            bare.create(connection)
    books = Mirrored(found)
    books.mirror._begin_mark()  # as the other one does, which has looked before this one had added its own
    state = books.mirror.find()
    assert state.is_double
    books.write(invoice(1), invoice(2))
    with pytest.raises(DineroUnavailable, match="was faster"):
        books.write(invoice(1), invoice(2), state=state)
    books.write(invoice(2, Status="Paid"))
    with found.connect() as connection:
        rows = connection.execute(sa.select(books.mirror.table.c.Number, books.mirror.table.c.Status)).all()
        marks = connection.execute(sa.select(books.mirror.marks.c.syncs)).all()
    assert sorted(map(tuple, rows)) == [(1, "Booked"), (2, "Paid")], rows
    assert [tuple(each) for each in marks] == [(2,)], marks


def main() -> None:
    """Run all."""
    os.environ["AIRFLOW_CONN_BOOKS"] = json.dumps(CONNECTION)
    with fakesnow.patch():
        connection: Any = BaseHook.get_connection("books")
        raw = connection.get_hook().get_conn()
        for statement in ("CREATE DATABASE IF NOT EXISTS BOOKS", "CREATE SCHEMA IF NOT EXISTS BOOKS.PUBLIC"):
            raw.cursor().execute(statement)
        for holds in (*ALL, two_first_syncs):
            holds(engine())
            print(f"ok    {holds.__name__}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
