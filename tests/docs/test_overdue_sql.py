"""The mirror's query for overdue invoices finds those whose due date Dinero didn't report as a change."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from local import ROOT

from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.transfers.sql import DineroToSqlOperator
from tests.conftest import CONTACT, line
from tests.operators.bench import Bench

PAGE = (ROOT / "docs/guides/sql-mirror.md").read_text()
(QUERY,) = (sql for sql in re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL) if "CURRENT_DATE" in sql)


def test_what_fell_due_after_it_was_mirrored(
    bench: Bench, beside: DineroClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_BOOKS", f"sqlite:///{tmp_path}/books.db")
    contact = beside.contacts.create(CONTACT)["ContactGuid"]
    sale: dict[str, Any] = {"ContactGuid": contact, "ProductLines": [line()]}
    late = beside.invoices.create(sale)["Guid"]
    number = beside.invoices.book(late)["Number"]
    beside.invoices.create(sale)
    with bench.dag() as dag:
        DineroToSqlOperator(task_id="it", resource="invoices", conn_id="books", table="dinero_invoices")
    assert bench.run(dag)["it"].returned["rows"] == 2
    days = {days: f"'{bench.sandbox.now() + timedelta(days=days):%Y-%m-%d}'" for days in (1, 20)}
    engine = sa.create_engine(f"sqlite:///{tmp_path}/books.db")
    with engine.connect() as connection:
        found = {
            each: [row[0] for row in connection.execute(sa.text(QUERY.replace("CURRENT_DATE", day)))]
            for each, day in days.items()
        }
        query = 'SELECT "Status", "Number" FROM dinero_invoices'
        rows = {row[0]: row[1] for row in connection.execute(sa.text(query))}
    engine.dispose()
    assert found == {1: [], 20: [number]}
    assert rows == {"Booked": number, "Draft": None}
