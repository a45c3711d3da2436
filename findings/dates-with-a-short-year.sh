#!/usr/bin/env bash
# A bank's CSV has Danish dates with a short year, 05-11-26 and 30-11-26. DuckDB 2.0.1 reads the day as the year: 26
# November 2005 and 26 November 2030. polars 2.1.0 with `try_parse_dates=True` reads the year as 26: 0026-11-05. Both say
# nothing. With "/" or "." in place of "-", they do the same.
#
# Guess: what can be read in two ways stays text, as in pyarrow 26.0.1, or is at least in 2026. DuckDB does read 05-11-2026
# as 5 November. Of November, only the 26th is right, so a query for the month finds one day in thirty.
# What helps: `dateformat='%d-%m-%y'` in DuckDB, `str.to_date("%d-%m-%y")` in polars.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3.11 -m venv venv
venv/bin/python -m pip install --quiet uv 2> /dev/null
venv/bin/uv pip install --quiet --python venv/bin/python duckdb==2.0.1 polars==2.1.0 pyarrow==26.0.1
cat > read.py << 'PYTHON'
import duckdb
import polars
import pyarrow.csv


def texts(dates):
    return " ".join(map(str, dates))


def duck(source):
    return texts(row[0] for row in duckdb.execute(f"SELECT date FROM {source}").fetchall())


for separator in "-/.":
    with open("short.csv", "w") as file:
        file.write("date;amount\n")
        file.writelines(separator.join((day, "11", "26")) + ";100\n" for day in ("05", "26", "30"))
    print(separator, "DuckDB:", duck("'short.csv'"))
    print(separator, "polars:", texts(polars.read_csv("short.csv", separator=";", try_parse_dates=True)["date"]))
    table = pyarrow.csv.read_csv("short.csv", parse_options=pyarrow.csv.ParseOptions(delimiter=";"))
    print(separator, "pyarrow:", texts(table["date"]))
    print(separator, "DuckDB, dateformat:", duck(f"read_csv('short.csv', dateformat='%d{separator}%m{separator}%y')"))
PYTHON
found=$(venv/bin/python read.py)
echo "The 5th, 26th and 30th of November 2026, with a short year, are read as"
echo "$found"
wanted=""
for separator in - / .; do
  wanted+="$separator DuckDB: 2005-11-26 2026-11-26 2030-11-26
$separator polars: 0026-11-05 0026-11-26 0026-11-30
$separator pyarrow: 05${separator}11${separator}26 26${separator}11${separator}26 30${separator}11${separator}26
$separator DuckDB, dateformat: 2026-11-05 2026-11-26 2026-11-30
"
done
[ "$found" = "${wanted%$'\n'}" ] || { echo "That has changed: it was"; echo "$wanted"; exit 1; }
