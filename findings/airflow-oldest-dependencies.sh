#!/usr/bin/env bash
# Apache Airflow 3.3.2 with the oldest versions that it allows itself of two of its dependencies: pydantic 2.11.1
# (it asks for >=2.11.0) and common-sql 1.28.1 (>=1.28.1). `pip check` finds nothing wrong; the API server can't be
# imported, and neither can the hook that all SQL providers build on.
#
# Expected: what the declared ranges allow works. Who resolves to the lowest versions, to test floors, or keeps an old
# pydantic for another library, gets an Airflow that doesn't start. pydantic 2.11.5 and common-sql 1.30.2 are the first
# that work.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export AIRFLOW_HOME=$folder/home AIRFLOW__CORE__LOAD_EXAMPLES=False

python3.11 -m venv venv
venv/bin/python -m pip install --quiet uv 2> /dev/null
installs() { venv/bin/uv pip install --quiet --python venv/bin/python "$@"; }
imports() { venv/bin/python -W ignore -c "import $1" > out 2>&1 && echo "works" || tail -1 out; }
# told WANTED WHAT GOT
told() {
  echo "$2: $3"
  case $3 in *"$1"*) ;; *) echo "That has changed: it was $1"; exit 1 ;; esac
}

api=airflow.api_fastapi.core_api.datamodels.connections
sql=airflow.providers.common.sql.hooks.sql

installs apache-airflow==3.3.2 pydantic==2.11.1 apache-airflow-providers-common-sql==1.28.1
venv/bin/uv pip list --python venv/bin/python 2> /dev/null | grep -E '^(apache-airflow|pydantic|apache-airflow-providers-common-sql) '
told "No broken requirements" "pip check" "$(venv/bin/python -m pip check)"
told "'FieldInfo' object has no attribute '_copy'" "the API server's models, with pydantic 2.11.1" "$(imports $api)"
told "No module named 'airflow.utils.module_loading'" "the SQL hook of common-sql 1.28.1" "$(imports $sql)"

installs pydantic==2.11.4 apache-airflow-providers-common-sql==1.30.1
told "'FieldInfo' object has no attribute '_copy'" "with pydantic 2.11.4" "$(imports $api)"
told "No module named 'airflow.utils.module_loading'" "with common-sql 1.30.1" "$(imports $sql)"

installs pydantic==2.11.5 apache-airflow-providers-common-sql==1.30.2
told "works" "with pydantic 2.11.5" "$(imports $api)"
told "works" "with common-sql 1.30.2" "$(imports $sql)"
