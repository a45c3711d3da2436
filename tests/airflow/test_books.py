"""Purchases, the ledger, sensors and transfers on a real Airflow, with a connection that is in the database only."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from airflow_provider_dinero.api import DineroClient
from tests.deployment import Deployment

GROUP = "books"


def test_the_books_are_kept_once(deployment: Deployment, client: DineroClient, tmp_path: Path) -> None:
    database = tmp_path / "books.db"
    uri = {"connection_id": "books", "conn_type": "sqlite", "host": str(database)}
    deployment.airflow.call("POST", "/connections", json=uri)

    def run() -> dict[str, Any]:
        ended = deployment.run("books", folder=str(tmp_path))
        assert {each["state"] for each in ended.values()} == {"success"}, [
            deployment.airflow.reason(each) for each in ended.values() if each["state"] != "success"
        ]
        return {task: deployment.returned(each) for (task, _), each in ended.items()}

    first, second = run(), run()
    for task in ("expense", "post", "invoice"):
        assert (first[task]["Change"], second[task]["Change"]) == ("created", "unchanged"), task
    assert first["booked"]["LedgerItems"][0]["VoucherNumber"] == 9001
    assert first["paid"]["Invoices"][0]["Status"] == second["paid"]["Invoices"][0]["Status"] == "Paid"
    bank = [each for each in client.entries.between("2026-01-01", "2030-01-01") if each["VoucherNumber"] == 9001]
    assert sorted(each["AccountNumber"] for each in bank) == [1000, 55000]
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT Guid, Status FROM invoices WHERE Guid = ?", [first["invoice"]["Guid"]])
        assert [status for _, status in rows] == ["Paid"]
    assert first["archive"]["new"]["files"] >= 1
    assert second["archive"]["new"] == {"invoices": 0, "credit_notes": 0, "files": 0}
    assert first["changes"]["rows"] >= 1
    assert second["changes"]["rows"] == 0
