"""A sync is killed with -9 while it writes: table and watermark agree. `make faults` does it a hundred times."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from local import ROOT

from airflow_provider_dinero.sandbox.server import Sandbox
from airflow_provider_dinero.transfers.sql import sync
from tests.faults.mirror_killed import client_of, mirror_of, state

ROWS = 1000
PROGRAM = """
import sys
sys.path[:0] = [".", "scripts"]
from tests.faults.mirror_killed import Mirror, child
child(sys.argv[1], sys.argv[2], 1, Mirror)
"""


def killed(url: str, database: str, seconds: float) -> str:
    """Kill a sync this many seconds after it started to write, and return the progress that it reported."""
    with subprocess.Popen([sys.executable, "-c", PROGRAM, url, database], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        told = process.stdout.read(1)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
        return (told + process.stdout.read()).decode()


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.03])
def test_table_and_mark_agree(unlimited_sandbox: Sandbox, tmp_path: Path, seconds: float) -> None:
    unlimited_sandbox.reset()
    unlimited_sandbox.seed(contacts=ROWS)
    database = json.dumps({"conn_type": "sqlite", "host": f"{tmp_path}/books.db"})
    client = client_of(unlimited_sandbox.url)
    mirror = mirror_of(database)
    sync(client, "contacts", mirror)
    guid = next(iter(client.contacts.list()))["ContactGuid"]
    client.contacts.update(guid, {"Name": "Ida Holm", "CountryKey": "DK", "IsPerson": True})
    before = state(database)
    assert killed(unlimited_sandbox.url, database, seconds).startswith("w")
    assert [now == then for now, then in zip(state(database), before, strict=True)] in ([True, True], [False, False])
    sync(client, "contacts", mirror)
    with mirror.engine.connect() as connection:
        rows = connection.execute(sa.select(mirror.table.c.ContactGuid, mirror.table.c.Name))
        names = {row[0]: row[1] for row in rows}
    assert names == {row["ContactGuid"]: row["Name"] for row in client.contacts.list()}
    assert names[guid] == "Ida Holm"
    mirror.engine.dispose()
    client.close()
