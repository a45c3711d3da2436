"""Becoming overdue changes nothing in Dinero, and consumers that wait for that status get a warning."""

import logging

import pytest

from airflow_provider_dinero.api.feeds import windows
from airflow_provider_dinero.triggers.changes import DineroChangesTrigger


@pytest.fixture(autouse=True)
def _not_said_yet() -> None:
    windows._warn_of_overdue.cache_clear()


@pytest.mark.parametrize(("status", "said"), [(["Overdue"], 1), (["Paid", "overdue"], 1), (["Paid"], 0), ([], 0)])
def test_a_watcher_of_overdue_warns_once(status: list[str], said: int, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            DineroChangesTrigger(resource="invoices", status=status)
    assert caplog.text.count("use DineroInvoiceStatusSensor(until='Overdue')") == said
