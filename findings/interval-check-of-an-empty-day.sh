#!/usr/bin/env bash
# Airflow's common.sql 2.4.0 (Airflow 3.3.2): `SQLIntervalCheckOperator` compares today's number of rows with that of a
# week ago. With 500 rows, or 1, in place of 1000, it fails. With none at all it succeeds.
#
# Guess: the check that is there for missing data fails most surely if all of it is missing. `ignore_zero` is True by
# default ("whether we should ignore zero metrics"), and means that a zero on either side passes. So the day on which the
# load of the invoices wrote nothing is the one that the check lets through. What helps: `ignore_zero=False`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export AIRFLOW_HOME=$folder/home AIRFLOW__CORE__LOAD_EXAMPLES=False
AIRFLOW_CONN_BOOKS=$(printf '{"conn_type": "sqlite", "host": "%s/books.db"}' "$folder")
export AIRFLOW_CONN_BOOKS

python3.11 -m venv venv
venv/bin/python -m pip install --quiet uv 2> /dev/null
venv/bin/uv pip install --quiet --python venv/bin/python apache-airflow==3.3.2 \
  apache-airflow-providers-common-sql==2.4.0 apache-airflow-providers-sqlite==4.3.4
cat > check.py << 'PYTHON'
import logging
import sqlite3

from airflow.providers.common.sql.operators.sql import SQLIntervalCheckOperator
from airflow.sdk.exceptions import AirflowException
from airflow.sdk.execution_time import macros

logging.disable()
books = sqlite3.connect("books.db")
books.execute("CREATE TABLE invoices (ds TEXT)")
books.executemany("INSERT INTO invoices VALUES (?)", [("2026-11-22",)] * 1000)


def check(rows, **options):
    """Return what becomes of the check on a day with so many rows."""
    books.execute("DELETE FROM invoices WHERE ds = '2026-11-29'")
    books.executemany("INSERT INTO invoices VALUES (?)", [("2026-11-29",)] * rows)
    books.commit()
    task = SQLIntervalCheckOperator(task_id="check", conn_id="books", table="invoices",
                                    metrics_thresholds={"COUNT(*)": 1.5}, **options)
    context = {"ds": "2026-11-29", "macros": macros}
    task.render_template_fields(context)
    try:
        task.execute(context)
    except AirflowException:
        return "fails"
    return "succeeds"


for rows in (900, 500, 1, 0):
    print(f"SEEN {rows}: {check(rows)}")
print(f"SEEN 0, ignore_zero=False: {check(0, ignore_zero=False)}")
PYTHON
found=$(venv/bin/python -W ignore check.py 2> log | sed -n 's/^SEEN //p')
echo "Rows today, of 1000 a week ago, and a threshold of 1.5:"
echo "$found"
wanted="900: succeeds
500: fails
1: fails
0: succeeds
0, ignore_zero=False: fails"
[ "$found" = "$wanted" ] || { cat log; echo "That has changed: it was"; echo "$wanted"; exit 1; }
