"""Progress: a line every ten seconds with the remaining work; and a wait in mid-file that breaks nothing."""

import logging
from pathlib import Path
from types import SimpleNamespace

import pytest

from airflow_provider_dinero.adapters import progress
from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.api.http import pace
from airflow_provider_dinero.transfers.object_storage import DineroChangesToObjectStorageOperator
from tests.operators.bench import Bench


def test_a_line_every_ten_seconds(
    client: DineroClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: now))
    caplog.set_level(logging.INFO, "airflow_provider_dinero")
    read, written = progress.Progress(client, "invoices"), progress.Progress(client, "invoices written", 2000)
    list(client.contacts.list())  # and one for a token
    for _ in range(500):
        now += 0.05
        read.step()
        written.step()
    told = [record.message for record in caplog.records if record.name == progress.__name__]
    assert told == [
        "200 invoices, 2 requests, 96 % of the allowance left",
        "200 of 2,000 invoices written, 2 requests, 96 % of the allowance left, about 90 s to go",
        "400 invoices, 2 requests, 96 % of the allowance left",
        "400 of 2,000 invoices written, 2 requests, 96 % of the allowance left, about 80 s to go",
    ]


def test_a_list_is_read_to_its_end_however_far_the_next_slot_is(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.sandbox.seed(contacts=1500)
    monkeypatch.setattr(pace, "LONGEST_WAIT", -1.0)  # no other operator would wait at all
    told = bench.one(DineroChangesToObjectStorageOperator, resource="contacts", path=str(tmp_path))
    assert (told.state, told.deferrals) == ("success", [])
    assert told.returned["rows"] == 1500
