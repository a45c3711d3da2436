#!/usr/bin/env bash
# A Danish bookkeeper's sheet or CSV has the amounts 99,95 and 1.234,56. gspread 6.2.1 (`get_all_records`), dbt 1.11.16
# (`dbt seed`, on SQLite) and csvkit 2.0.1 (`in2csv`) load them as 9995 and 1.23456, and say nothing. Account 007 is 7.
#
# Guess: what isn't a number as English writes it stays text. All three take the comma away as a thousands separator,
# wherever it is, and then see a number. gspread asks Google for the amounts as the sheet's own locale writes them, and
# dbt does it with `delimiter: ";"` too, which is for files with decimal commas. What helps: `numericise_ignore=["all"]` in
# gspread, `+column_types: {amount: varchar}` in dbt, `--locale da_DK` in csvkit.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export DBT_SEND_ANONYMOUS_USAGE_STATS=false HOME="$folder"

python3.11 -m venv venv
venv/bin/python -m pip install --quiet uv 2> /dev/null
venv/bin/uv pip install --quiet --python venv/bin/python gspread==6.2.1 responses==0.26.3 \
  dbt-core==1.11.16 dbt-sqlite==1.10.0 csvkit==2.0.1
mkdir seeds
printf 'account;amount\n007;99,95\n008;1.234,56\n' > seeds/payouts.csv
printf 'name: shop\nprofile: shop\nseeds: {+delimiter: ";"}\n' > dbt_project.yml
cat > profiles.yml << YAML
shop:
  target: here
  outputs:
    here: {type: sqlite, threads: 1, database: database, schema: main, schemas_and_paths: {main: $folder/dbt.db},
           schema_directory: $folder}
YAML
venv/bin/dbt --quiet seed --profiles-dir . > log 2>&1 || { cat log; exit 1; }
cat > read.py << 'PYTHON'
import csv
import sqlite3
import subprocess

import google.auth.credentials
import gspread
import responses

rows = list(csv.reader(open("seeds/payouts.csv"), delimiter=";"))
with responses.RequestsMock(assert_all_requests_are_fired=False) as sheets:
    api = "https://sheets.googleapis.com/v4/spreadsheets/book"
    properties = {"sheetId": 0, "title": "payouts", "index": 0, "gridProperties": {"rowCount": 3, "columnCount": 2}}
    sheets.get(api, json={"spreadsheetId": "book", "properties": {"locale": "da_DK"},
                          "sheets": [{"properties": properties}]})
    sheets.get(f"{api}/values/%27payouts%27", json={"range": "payouts!A1:B3", "majorDimension": "ROWS", "values": rows})
    sheet = gspread.authorize(google.auth.credentials.AnonymousCredentials()).open_by_key("book").sheet1
    print("gspread:", [tuple(row.values()) for row in sheet.get_all_records()])
    print("gspread, numericise_ignore:", [tuple(row.values()) for row in sheet.get_all_records(numericise_ignore=["all"])])
print("dbt seed:", sqlite3.connect("dbt.db").execute("SELECT account, amount FROM payouts").fetchall())
for options in ((), ("--locale", "da_DK")):
    text = subprocess.run(["venv/bin/in2csv", "-d", ";", *options, "seeds/payouts.csv"], capture_output=True, text=True,
                          check=True).stdout
    print("csvkit:", *options, [tuple(row) for row in csv.reader(text.splitlines()[1:])])
PYTHON
found=$(venv/bin/python -W ignore read.py)
echo "99,95 and 1.234,56, of the accounts 007 and 008, are read as"
echo "$found"
wanted="gspread: [(7, 9995), (8, 1.23456)]
gspread, numericise_ignore: [('007', '99,95'), ('008', '1.234,56')]
dbt seed: [(7, 9995.0), (8, 1.23456)]
csvkit: [('7', '9995'), ('8', '1.23456')]
csvkit: --locale da_DK [('7', '99.95'), ('8', '1234.56')]"
[ "$found" = "$wanted" ] || { echo "That has changed: it was"; echo "$wanted"; exit 1; }
