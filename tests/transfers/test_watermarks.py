"""Watermarks of transfers: no window is lost if no time passes, runs overlap, or a person moves the watermark."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_dinero.adapters.asset_state import AssetState
from airflow_provider_dinero.adapters.watermarks import Watermark
from airflow_provider_dinero.api import DineroClient, PersonalIntegration
from airflow_provider_dinero.api.lists import changes
from airflow_provider_dinero.api.ports import MemoryTokenStore
from airflow_provider_dinero.sandbox.server import running
from airflow_provider_dinero.transfers.progress_store import Kept
from airflow_provider_dinero.transfers.reading import SEEN, Reading, Standing
from tests.clock import clock
from tests.operators.bench import Bench
from tests.transfers.conftest import contact

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Store(dict[str, Any]):
    """A state store."""

    def set(self, key: str, value: Any) -> None:
        self[key] = value


@pytest.fixture
def kept(bench: Bench) -> Kept:
    return Kept(AssetState(Store(), "asset", "x"), nullcontext)


def standing(hour: int) -> Standing:
    mark = Watermark(NOW + timedelta(hours=hour), {"a": "1"})
    return Standing(mark, Watermark(mark.until, {"b": "2"}), 1)


def test_what_is_stored_is_found(kept: Kept) -> None:
    assert kept.load() == (Standing(), None)
    assert kept.begin(Standing(), NOW) == NOW
    assert kept.load() == (Standing(), NOW)
    kept.end(Standing(), standing(0))
    assert kept.load() == (standing(0), None)


def test_runs_at_once_have_the_same_window(kept: Kept) -> None:
    assert kept.begin(Standing(), NOW) == NOW
    assert kept.begin(Standing(), NOW + timedelta(hours=1)) == NOW
    kept.end(Standing(), standing(0))
    kept.end(Standing(), standing(0))
    kept.begin(standing(0), NOW + timedelta(hours=1))
    kept.end(Standing(), standing(0))  # a third one, late
    assert kept.load() == (standing(0), NOW + timedelta(hours=1))


def test_who_comes_too_late_moves_nothing_back(kept: Kept) -> None:
    kept.end(Standing(), standing(0))
    kept.end(standing(0), standing(2))
    assert kept.begin(standing(0), NOW + timedelta(hours=1)) == NOW + timedelta(hours=1)
    kept.end(standing(0), standing(1))
    assert kept.load() == (standing(2), None)


def test_a_mark_that_a_person_moved_counts(kept: Kept) -> None:
    kept.end(Standing(), standing(0))
    kept.begin(standing(0), NOW + timedelta(hours=1))
    kept._state._store["x"]["until"] = "2026-01-01"
    found, begun = kept.load()
    assert (found.mark and found.mark.until, begun) == (datetime(2026, 1, 1, tzinfo=UTC), None)
    kept._state._store["x"] = {"until": "2026-01-01T00:00:00Z"}
    mark = Watermark(datetime(2026, 1, 1, tzinfo=UTC))
    assert kept.load() == (Standing(mark, mark), None)


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client and its sandbox, for both of which no time passes."""
    monkeypatch.setattr(changes, "datetime", clock(lambda tz: NOW))
    with running(clock=lambda: NOW, requests_per_minute=10_000) as box:
        grant = PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", box.url)
        options: dict[str, Any] = {"token_store": MemoryTokenStore(), "requests_per_minute": 10_000}
        client = DineroClient(100001, grant, base_url=box.url, **options)
        yield client
        client.close()


def test_windows_without_length_have_all_rows(frozen: DineroClient, kept: Kept) -> None:
    files: dict[tuple[str, str], set[str]] = {}
    made = set()
    for name in "abcd":
        made.add(contact(frozen, name))
        begin, until = kept.load()
        reading = Reading(frozen, "contacts", begin, until=until, sharp=True)
        reading.until = kept.begin(begin, reading.begin())
        found = {change.row["ContactGuid"] for change in reading}
        files[reading.told()["since"], reading.told()["until"]] = found  # one of the same name is replaced
        kept.end(begin, reading.end())
    assert set().union(*files.values()) == made


def test_what_is_remembered_is_bounded(frozen: DineroClient) -> None:
    for number in range(SEEN + 5):
        contact(frozen, str(number))
    first = Reading(frozen, "contacts", Standing())
    first.begin()
    assert len(list(first)) == SEEN + 5
    again = Reading(frozen, "contacts", first.end())
    again.begin()
    assert len(list(again)) == 5


def test_a_row_that_changes_twice_at_the_same_instant_is_given_twice(frozen: DineroClient) -> None:
    guid = contact(frozen, "a")
    first = Reading(frozen, "contacts", Standing())
    first.begin()
    assert len(list(first)) == 1
    body = {"ExternalReference": "a", "Name": "b", "CountryKey": "NO", "IsPerson": True}
    assert frozen.contacts.upsert(body)["ContactGuid"] == guid
    again = Reading(frozen, "contacts", first.end())
    again.begin()
    assert [change.row["Name"] for change in again] == ["b"]
