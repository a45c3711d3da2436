#!/usr/bin/env bash
# Airflow's SqliteHook 4.3.4: a connection that its SQLAlchemy engine opens is refused by its own get_conn().
#
# `AIRFLOW_CONN_BOOKS=sqlite:////tmp/books.db` is a path as SQLAlchemy writes it. get_uri() makes
# `sqlite://///tmp/books.db` of it, which the engine opens; get_conn() makes `file://tmp/books.db` of that, in which
# `tmp` is the name of a host. As JSON, with the path as `host`, both open it.
#
# Seen: "invalid uri authority: tmp". Exits non-zero if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet apache-airflow==3.3.2 apache-airflow-providers-sqlite=="${VERSION:-4.3.4}" \
  apache-airflow-providers-common-sql==2.4.0 sqlalchemy
cd "$folder"
export AIRFLOW_HOME="$folder/home" AIRFLOW_CONN_BOOKS="sqlite:///$folder/books.db"
AIRFLOW_CONN_AS_JSON=$(printf '{"conn_type": "sqlite", "host": "%s/books.db"}' "$folder")
export AIRFLOW_CONN_AS_JSON
"$folder/venv/bin/python" - << 'PROGRAM'
import sqlite3

from airflow.providers.sqlite.hooks.sqlite import SqliteHook

for name in ("books", "as_json"):
    hook = SqliteHook(sqlite_conn_id=name)
    with hook.get_sqlalchemy_engine().connect():
        print(name, hook.get_uri(), "engine: opened")
    try:
        hook.get_conn().close()
        print(name, "get_conn: opened")
        refused = False
    except sqlite3.OperationalError as error:
        print(name, "get_conn:", error)
        refused = "invalid uri authority" in str(error)
    assert refused == (name == "books"), "this has changed"
PROGRAM
