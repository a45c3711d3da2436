#!/usr/bin/env bash
# dlt 1.31.0: `dlt.sources.incremental("updated_at")` on an API's JSON compares ISO 8601 times as text, and drops, without
# a word, each row whose text sorts before the cursor. Two valid kinds of text sort otherwise than the instants:
#
# - with the local offset, in the night that summer time ends: 02:30+01:00 is 45 minutes after 02:45+02:00.
# - with decimals only where there are any, as .NET and JavaScript libraries write UTC: "10:00:00.5Z" sorts before
#   "10:00:00Z", since "." sorts before "Z".
#
# Guess: times are compared as times. dlt knows them as such, for it makes a TIMESTAMP WITH TIME ZONE of the column. The
# Singer SDK 0.54.9 compares text too, but keeps each row, and a stream that says it is sorted fails. What helps in dlt:
# turn the text into a datetime before the cursor sees it (`add_map`, with `insert_at=1`).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export RUNTIME__DLTHUB_TELEMETRY=false HOME="$folder"

python3.11 -m venv venv
venv/bin/python -m pip install --quiet uv 2> /dev/null
venv/bin/uv pip install --quiet --python venv/bin/python dlt==1.31.0 duckdb==2.0.1 singer-sdk==0.54.9
cat > sync.py << 'PYTHON'
import contextlib
import io
import json
from datetime import datetime

import dlt
from singer_sdk import Stream, Tap
from singer_sdk import typing as types
from singer_sdk.exceptions import InvalidStreamSortException


def loaded(name, first, second, as_time=False):
    """Return how many rows are in the table, after two runs of a new pipeline, each with one new row."""
    answer = []

    @dlt.resource(name="invoices", write_disposition="append")
    def invoices(updated=dlt.sources.incremental("updated_at")):
        yield answer

    books = dlt.pipeline(name, pipelines_dir="state", destination=dlt.destinations.duckdb(f"{name}.duckdb"),
                         dataset_name="books")
    for time in (first, second):
        answer[:] = [{"updated_at": time}]
        source = invoices()
        if as_time:
            source.add_map(lambda row: {**row, "updated_at": datetime.fromisoformat(row["updated_at"])}, insert_at=1)
        books.run(source)
    with books.sql_client() as client:
        return client.execute_sql("SELECT COUNT(*) FROM invoices")[0][0]


def tapped(first, second, ordered):
    """Return how many of two rows a Singer tap writes."""

    class Invoices(Stream):
        name, replication_key, is_sorted = "invoices", "updated_at", ordered
        schema = types.PropertiesList(types.Property("updated_at", types.DateTimeType)).to_dict()

        def get_records(self, context):
            yield from ({"updated_at": first}, {"updated_at": second})

    class Shop(Tap):
        name, config_jsonschema = "tap-shop", {"properties": {}}

        def discover_streams(self):
            return [Invoices(self)]

    written = io.StringIO()
    try:
        with contextlib.redirect_stdout(written):
            Shop(config={}, parse_env_config=False).sync_all()
    except InvalidStreamSortException:
        return "unsorted data"
    return sum(json.loads(line)["type"] == "RECORD" for line in written.getvalue().splitlines())


night = "2026-10-25T02:45:00+02:00", "2026-10-25T02:30:00+01:00"
second = "2026-11-29T10:00:00Z", "2026-11-29T10:00:00.5Z"
micros = "2026-11-29T10:00:00.000000Z", "2026-11-29T10:00:00.500000Z"
for earlier, later in (night, second, micros):
    assert datetime.fromisoformat(earlier) < datetime.fromisoformat(later)
print("dlt, the night that summer time ends:", loaded("night", *night), "of 2 rows")
print("dlt, the same as datetime:", loaded("night_as_time", *night, as_time=True), "of 2 rows")
print("dlt, half a second later:", loaded("second", *second), "of 2 rows")
print("dlt, half a second later, always with decimals:", loaded("micros", *micros), "of 2 rows")
print("Singer SDK, that night:", tapped(*night, ordered=False), "of 2 rows")
print("Singer SDK, that night, with is_sorted:", tapped(*night, ordered=True))
PYTHON
found=$(venv/bin/python -W ignore sync.py 2> log) || { cat log; exit 1; }
echo "A row that changed later than the one before it, in the next run:"
echo "$found"
wanted="dlt, the night that summer time ends: 1 of 2 rows
dlt, the same as datetime: 2 of 2 rows
dlt, half a second later: 1 of 2 rows
dlt, half a second later, always with decimals: 2 of 2 rows
Singer SDK, that night: 2 of 2 rows
Singer SDK, that night, with is_sorted: unsorted data"
[ "$found" = "$wanted" ] || { echo "That has changed: it was"; echo "$wanted"; exit 1; }
