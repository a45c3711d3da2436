#!/usr/bin/env bash
# A table's first load has whole amounts (100, 250), so its column is an integer. Today's load has 99.95. What the table
# has then depends on who loads it, and only pyiceberg 0.12.0 refuses:
#
# - deltalake 1.6.6 cuts the øre off: 99. With `schema_mode="merge"` too. A merge() turns 100 into 100.50 as 100.
# - pandas 3.1.1 and DuckDB 2.0.1 round: 100. So does DuckDB's own INSERT.
# - dlt 1.31.0 leaves the column empty and makes another, `amount__v_double`. SUM(amount) is 350.
# - pandas on SQLite keeps 99.95.
#
# Guess: the column is widened, or the load fails. deltalake fails at a Decimal of another scale, and at text. dlt
# documents its further columns, but nothing fails or warns, and all queries that were there before are short.
# What helps: a table that is created with a decimal type, before its first load.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export RUNTIME__DLTHUB_TELEMETRY=false HOME="$folder"

python3.11 -m venv venv
venv/bin/python -m pip install --quiet uv 2> /dev/null
venv/bin/uv pip install --quiet --python venv/bin/python deltalake==1.6.6 pandas==3.1.1 pyarrow==26.0.1 duckdb==2.0.1 \
  duckdb-engine==0.17.0 sqlalchemy==2.1.9 dlt==1.31.0 'pyiceberg[sql-sqlite]==0.12.0'
cat > load.py << 'PYTHON'
import contextlib
import io
import os

import deltalake
import dlt
import duckdb
import pandas
import pyarrow
import sqlalchemy
from pyiceberg.catalog.sql import SqlCatalog

first = [{"id": 1, "amount": 100}, {"id": 2, "amount": 250}]
today = [{"id": 1, "amount": 100.5}, {"id": 3, "amount": 99.95}]
added = today[1:]


def delta(change):
    """Return the amounts of a new Delta table, by their ids, after a change of it."""
    deltalake.write_deltalake("delta", pyarrow.Table.from_pylist(first), mode="overwrite", schema_mode="overwrite")
    change(pyarrow.Table.from_pylist(added))
    rows = deltalake.DeltaTable("delta").to_pyarrow_table().sort_by("id")
    return rows["amount"].to_pylist()


def merge(_):
    table = deltalake.DeltaTable("delta")
    same = "old.id = new.id"
    merger = table.merge(pyarrow.Table.from_pylist(today), same, source_alias="new", target_alias="old")
    merger.when_matched_update_all().when_not_matched_insert_all().execute()


def sql(url):
    with sqlalchemy.create_engine(url).connect() as connection:
        pandas.DataFrame(first).to_sql("invoices", connection, index=False)
        pandas.DataFrame(added).to_sql("invoices", connection, index=False, if_exists="append")
        return connection.execute(sqlalchemy.text("SELECT amount FROM invoices ORDER BY id")).scalars().all()


print("deltalake, append:", delta(lambda rows: deltalake.write_deltalake("delta", rows, mode="append")))
print("deltalake, append and merge the schemas:",
      delta(lambda rows: deltalake.write_deltalake("delta", rows, mode="append", schema_mode="merge")))
print("deltalake, merge, with 100.5 for the first:", delta(merge))
print("pandas, to_sql on DuckDB:", sql("duckdb:///:memory:"))
print("pandas, to_sql on SQLite:", sql("sqlite://"))

old, new = pandas.DataFrame(first), pandas.DataFrame(added)
duckdb.execute("CREATE TABLE invoices AS SELECT * FROM old")
duckdb.execute("INSERT INTO invoices SELECT * FROM new")
print("DuckDB, INSERT:", [row[0] for row in duckdb.execute("SELECT amount FROM invoices ORDER BY id").fetchall()])

books = dlt.pipeline("books", pipelines_dir="state", dataset_name="books",
                     destination=dlt.destinations.duckdb("dlt.duckdb"))
for rows in (first, added):
    books.run(rows, table_name="invoices")
with books.sql_client() as client:
    print("dlt:", client.execute_sql("SELECT amount, amount__v_double FROM invoices ORDER BY id"),
          "sum:", client.execute_sql("SELECT SUM(amount) FROM invoices")[0][0])

os.mkdir("iceberg")
catalog = SqlCatalog("books", uri="sqlite:///iceberg/catalog.db", warehouse=f"file://{os.getcwd()}/iceberg")
catalog.create_namespace("books")
table = catalog.create_table("books.invoices", schema=pyarrow.Table.from_pylist(first).schema)
table.append(pyarrow.Table.from_pylist(first))
try:
    with contextlib.redirect_stdout(io.StringIO()):
        table.append(pyarrow.Table.from_pylist(added))
    print("pyiceberg:", table.scan().to_arrow()["amount"].to_pylist())
except ValueError as error:
    print("pyiceberg refuses:", str(error).splitlines()[0])
PYTHON
found=$(venv/bin/python -W ignore load.py 2> log) || { cat log; exit 1; }
echo "The amounts after a load of 99.95:"
echo "$found"
wanted="deltalake, append: [100, 250, 99]
deltalake, append and merge the schemas: [100, 250, 99]
deltalake, merge, with 100.5 for the first: [100, 250, 99]
pandas, to_sql on DuckDB: [100, 250, 100]
pandas, to_sql on SQLite: [100, 250, 99.95]
DuckDB, INSERT: [100, 250, 100]
dlt: [(100, None), (250, None), (None, 99.95)] sum: 350
pyiceberg refuses: Mismatch in fields:"
[ "$found" = "$wanted" ] || { echo "That has changed: it was"; echo "$wanted"; exit 1; }
