"""Entries, in the pieces in which Dinero returns them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient, PersonalIntegration
from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.api.feeds.feeds import follow
from airflow_provider_dinero.api.lists.changes import OVERLAP
from airflow_provider_dinero.api.ports import MemoryTokenStore, ProcessBudget
from airflow_provider_dinero.sandbox.server import running


def asked(sandbox: Any) -> list[str]:
    return [each["path"].partition("?")[2] for each in sandbox.requests() if "/entries" in each["path"]]


def test_a_period_is_asked_for_by_accounting_years(client: Any, sandbox: Any) -> None:
    year = sandbox.now().year
    list(client.entries.between(f"{year - 5}-01-01", date(year, 2, 1)))
    assert asked(sandbox) == [
        f"fromDate={year - 1}-01-01&toDate={year - 1}-12-31&includePrimo=true",
        f"fromDate={year}-01-01&toDate={year}-02-01&includePrimo=true",
    ]


def test_changes_are_asked_for_in_windows_of_31_days(client: Any, sandbox: Any) -> None:
    list(client.entries.changes("2026-01-01", datetime(2026, 3, 1, 12, tzinfo=UTC), include_primo=False))
    assert asked(sandbox) == [
        "changesFrom=2026-01-01T00%3A00%3A00.000Z&changesTo=2026-02-01T00%3A00%3A00.000Z&includePrimo=false",
        "changesFrom=2026-02-01T00%3A00%3A00.000Z&changesTo=2026-03-01T12%3A00%3A00.000Z&includePrimo=false",
    ]


def test_an_entry_at_the_edge_of_two_windows_is_given_once(client: Any, sandbox: Any) -> None:
    now = sandbox.now()
    sandbox.seed(entries=4)
    seconds = (sandbox.now() - now).total_seconds()
    assert seconds < 30
    rows = list(client.entries.changes(now.replace(year=now.year - 1), sandbox.now()))
    assert len({row["EntryGuid"] for row in rows}) == len(rows) == 4


@pytest.mark.parametrize("method", ["between", "changes"])
@pytest.mark.parametrize(
    ("first", "last"), [("2026-02-02", "2026-02-01"), ("soon", "2026-02-01"), ("2026-02-30", "2027")]
)
def test_what_is_no_period_is_refused(client: Any, sandbox: Any, method: str, first: str, last: str) -> None:
    with pytest.raises(DineroInvalidBody):
        getattr(client.entries, method)(first, last)
    assert sandbox.requests() == []


@pytest.mark.parametrize("ahead", [timedelta(hours=-1), timedelta(days=40)])
@pytest.mark.parametrize("from_start", [True, False])
def test_entries_are_followed_by_dineros_clock(ahead: timedelta, from_start: bool) -> None:
    """Where this host's clock is ahead of Dinero's, and where the sandbox's clock was moved."""
    ours = datetime.now(UTC)
    with running(clock=lambda: datetime.now(UTC) + ahead) as box:
        grant = PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", box.url)
        client = DineroClient(100001, grant, base_url=box.url, token_store=MemoryTokenStore(), budget=ProcessBudget())
        box.seed(entries=2)
        first = follow(client, "entries", None if from_start else min(ours, box.now()) - timedelta(hours=1))
        assert len(list(first)) == 2
        assert first.until <= min(ours, box.now()) - OVERLAP + timedelta(minutes=1)
        box.seed(entries=3)
        assert len({each.row["EntryGuid"] for each in follow(client, "entries", first.until)}) >= 3
