#!/usr/bin/env bash
# The first rows of a list have whole amounts, the last one 99.95. polars 2.1.0 and DuckDB 2.0.1 take the column for
# integers and go on without a word: polars cuts the øre off (99), DuckDB rounds (100). pandas 3.1.1 and pyarrow 26.0.1
# read 99.95.
#
# Guess: a reader that decides on the first rows (100 in polars, 20,480 in DuckDB) fails at a later row that doesn't fit.
# polars says so of `strict=True`, its default, and its read_ndjson does fail. from_dicts, DataFrame and read_database
# don't. Of a Decimal, polars keeps as many decimals as the first rows have.
#
# JSON has one type of number, so an API's 100 and 99.95 become an int and a float in Python. SQLite, too, stores 100.00
# as an integer. read_database is what Airflow's `DbApiHook.get_df(df_type="polars")` calls. What helps:
# `infer_schema_length=None` in polars, `sample_size=-1` in DuckDB, or a schema.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3.11 -m venv venv
venv/bin/python -m pip install --quiet uv 2> /dev/null
venv/bin/uv pip install --quiet --python venv/bin/python polars==2.1.0 duckdb==2.0.1 pandas==3.1.1 pyarrow==26.0.1
cat > read.py << 'PYTHON'
import json
import sqlite3
from decimal import Decimal

import duckdb
import pandas
import polars
import pyarrow.json


def write(count):
    """Return so many rows, of which only the last has øre, and write them as JSON lines and as CSV."""
    rows = [{"id": number, "amount": 100} for number in range(1, count)] + [{"id": count, "amount": 99.95}]
    with open("rows.ndjson", "w") as lines, open("rows.csv", "w") as table:
        lines.writelines(json.dumps(row) + "\n" for row in rows)
        table.write("id,amount\n" + "".join(f"{row['id']},{row['amount']}\n" for row in rows))
    return rows


def duck(source):
    return duckdb.execute(f"SELECT amount FROM {source} ORDER BY id DESC LIMIT 1").fetchall()[0][0]


rows = write(101)
decimals = [{"amount": Decimal(str(row["amount"]))} for row in rows]
books = sqlite3.connect(":memory:")
books.execute("CREATE TABLE invoices (id INTEGER, amount NUMERIC)")
books.executemany("INSERT INTO invoices VALUES (:id, :amount)", rows)
print("pandas, read_json:", pandas.read_json("rows.ndjson", lines=True)["amount"].iloc[-1])
print("pyarrow, read_json:", pyarrow.json.read_json("rows.ndjson")["amount"][-1])
print("polars, from_dicts:", polars.from_dicts(rows)["amount"][-1])
print("polars, from_dicts of Decimal:", polars.from_dicts(decimals)["amount"][-1])
print("polars, DataFrame(strict=True):", polars.DataFrame(rows, strict=True)["amount"][-1])
print("polars, read_database:", polars.read_database("SELECT * FROM invoices ORDER BY id", books)["amount"][-1])
try:
    print("polars, read_ndjson:", polars.read_ndjson("rows.ndjson")["amount"][-1])
except polars.exceptions.ComputeError as error:
    print("polars, read_ndjson:", str(error).splitlines()[0])
print("polars, infer_schema_length=None:", polars.from_dicts(rows, infer_schema_length=None)["amount"][-1])
print("DuckDB, JSON and CSV:", duck("'rows.ndjson'"), duck("'rows.csv'"))
write(20481)
print("DuckDB, JSON and CSV of 20,481 rows:", duck("'rows.ndjson'"), duck("'rows.csv'"))
print("DuckDB, the same with sample_size=-1:", duck("read_json('rows.ndjson', sample_size=-1)"))
PYTHON
found=$(venv/bin/python read.py)
echo "What is read for 99.95 in the last row, after 100 whole amounts:"
echo "$found"
wanted="pandas, read_json: 99.95
pyarrow, read_json: 99.95
polars, from_dicts: 99
polars, from_dicts of Decimal: 100
polars, DataFrame(strict=True): 99
polars, read_database: 99
polars, read_ndjson: cannot parse '99.95' (f64) as Int64
polars, infer_schema_length=None: 99.95
DuckDB, JSON and CSV: 99.95 99.95
DuckDB, JSON and CSV of 20,481 rows: 100 100
DuckDB, the same with sample_size=-1: 99.95"
[ "$found" = "$wanted" ] || { echo "That has changed: it was"; echo "$wanted"; exit 1; }
