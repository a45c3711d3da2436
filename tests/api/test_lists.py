"""Lists that are read while others write, and pages that are fetched while the previous one is used."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient, errors
from airflow_provider_dinero.api.lists import paging
from airflow_provider_dinero.api.operations import Operation
from airflow_provider_dinero.api.resources.base import Resource
from airflow_provider_dinero.api.session import Session
from tests.conftest import line


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "PAGE_SIZE", 3)


@pytest.fixture
def client(make_client: Any) -> Any:
    return make_client(requests_per_minute=1000)


def contact(client: DineroClient, name: object) -> str:
    return str(client.contacts.create({"Name": str(name), "CountryKey": "DK", "IsPerson": True})["ContactGuid"])


@pytest.fixture
def contacts(client: DineroClient, sandbox: Any) -> list[str]:
    """The names of eight contacts, in the order of their list."""
    for number in range(8):
        contact(client, number)
    sandbox.forward(seconds=5)
    return [row["Name"] for row in client.contacts.list(fields=["Name"])]


def guids(client: DineroClient) -> dict[str, str]:
    return {row["Name"]: row["ContactGuid"] for row in client.contacts.list(fields=["Name"])}


def pages(sandbox: Any) -> list[str]:
    return [each["path"].partition("page=")[2][0] for each in sandbox.requests() if "page=" in each["path"]]


def eventually(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 5
    while not (held := condition()) and time.monotonic() < end:
        time.sleep(0.01)
    return held


def changed(client: DineroClient, name: str, guid: str) -> None:
    client.contacts.update(guid, {"Name": name, "CountryKey": "DK", "IsPerson": True, "City": "moved"})


# What others do after the first page was read; what they do to a contact that was given (first) or not (last).
DISTURBANCES: dict[str, Callable[[DineroClient, str, str], object]] = {
    "one is made": lambda client, first, last: contact(client, "new"),
    "one that was given is deleted": lambda client, first, last: client.contacts.delete(first),
    "one that was given is changed": lambda client, first, last: changed(client, "first", first),
    "one that was not given is changed": lambda client, first, last: changed(client, "last", last),
    "one goes, and one that was not given is changed": lambda client, first, last: (
        client.contacts.delete(first),
        changed(client, "last", last),
    ),
    "several": lambda client, first, last: (client.contacts.delete(first), contact(client, "new")),
}


@pytest.mark.parametrize("ahead", [True, False])
@pytest.mark.parametrize("what", DISTURBANCES)
def test_no_row_is_lost_or_given_twice(
    client: DineroClient,
    contacts: list[str],
    sandbox: Any,
    what: str,
    ahead: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Contacts are ordered by UpdatedAt, so that whatever is changed moves to an end of the list."""
    if not ahead:
        monkeypatch.setattr(Session, "ahead", lambda self, *args, **options: lambda: self.send(*args, **options))
    known = guids(client)
    rows = client.contacts.list(fields=["Name"])
    given = [next(rows) for _ in range(3)]
    sandbox.forward(seconds=3)
    DISTURBANCES[what](client, given[0]["ContactGuid"], known[contacts[-1]])
    given += list(rows)
    seen = [row["ContactGuid"] for row in given]
    assert len(seen) == len(set(seen))
    assert set(known.values()) <= set(seen)


def test_without_another_reading_one_would_be_lost(
    client: DineroClient, contacts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    monkeypatch.setattr(Session, "ahead", lambda self, *args, **options: lambda: self.send(*args, **options))
    monkeypatch.setattr(paging, "READINGS", 1)
    lost = []
    for what in ("one that was given is changed", "one that was not given is changed"):
        known = guids(client)
        rows = client.contacts.list(fields=["Name"])
        given = [next(rows) for _ in range(3)]
        DISTURBANCES[what](client, given[0]["ContactGuid"], list(known.values())[-1])
        given += list(rows)
        lost.append(set(known.values()) - {row["ContactGuid"] for row in given})
    assert any(lost)


def test_a_quiet_list_takes_no_request_more_than_it_has_pages(
    client: DineroClient, contacts: list[str], sandbox: Any
) -> None:
    before = len(pages(sandbox))
    list(client.contacts.list())
    assert pages(sandbox)[before:] == ["0", "1", "2"]


def test_the_next_page_is_fetched_while_this_one_is_used(
    client: DineroClient, contacts: list[str], sandbox: Any
) -> None:
    before = len(pages(sandbox))
    rows = client.contacts.list()
    next(rows)
    time.sleep(0.2)
    assert pages(sandbox)[before:] == ["0"]  # one row may be all that is wanted
    next(rows)
    assert eventually(lambda: pages(sandbox)[before:] == ["0", "1"])
    next(rows)
    time.sleep(0.2)
    assert pages(sandbox)[before:] == ["0", "1"]  # never more than one ahead


def test_the_consumer_may_use_the_client_meanwhile(client: DineroClient, contacts: list[str]) -> None:
    names = [client.contacts.get(row["ContactGuid"])["Name"] for row in client.contacts.list(fields=["Name"])]
    assert names == contacts


def test_breaking_off_leaves_nothing_behind(make_client: Any, contacts: list[str]) -> None:
    before = set(threading.enumerate())
    other = make_client(requests_per_minute=1000)
    rows = other.contacts.list()
    next(rows), next(rows)
    (fetching,) = [each for each in set(threading.enumerate()) - before if each.name == "dinero-next-page"]
    rows.close()
    assert other.contacts.get(guids(other)[contacts[0]])["Name"] == contacts[0]
    other.close()
    assert eventually(lambda: not fetching.is_alive())


def test_no_page_is_fetched_ahead_when_the_allowance_is_used_up(
    make_client: Any, contacts: list[str], sandbox: Any
) -> None:
    slept: list[float] = []
    frugal = make_client(requests_per_minute=2, sleep=slept.append)  # the token and the first page
    before = len(pages(sandbox))
    rows = frugal.contacts.list()
    next(rows), next(rows)
    time.sleep(0.2)
    assert pages(sandbox)[before:] == ["0"]
    assert slept == []
    assert len(list(rows)) == 6
    assert len(slept) == 2


@pytest.mark.parametrize("effect", ["reset", "reset-after", "status", "truncate", "expired-token"])
def test_what_goes_wrong_ahead_is_mended_in_the_usual_way(
    make_client: Any, contacts: list[str], sandbox: Any, effect: str
) -> None:
    client = make_client(requests_per_minute=1000, sleep=lambda seconds: None)
    rows = client.contacts.list(fields=["Name"])
    first = next(rows)
    sandbox.fault(effect, method="GET", path="/v1/*/contacts", times=1)
    assert [row["Name"] for row in (first, *rows)] == contacts


def test_a_page_that_repeats_itself_for_ever_is_seen(client: DineroClient) -> None:
    rows = [{"Id": str(number)} for number in range(3)]

    class Stuck:
        def fetch(self, number: int) -> Any:
            return number

        def ahead(self, number: int) -> Any:
            return lambda: number

        def read(self, answer: Any) -> paging.Page:
            shown = rows if answer % 2 == 0 else [{"Id": f"odd {number}"} for number in range(3)]
            return paging.Page(shown, 3, 0, datetime.now(UTC))

    with pytest.raises(errors.DineroUnexpectedAnswer, match="only repeats rows of earlier pages"):
        list(paging.rows(Stuck(), "Id"))


@pytest.mark.parametrize("fields", [["name", "CONTACTGUID"], "Name", ("Name", "Name")])
def test_fields_are_asked_for_in_dineros_spelling(client: DineroClient, fields: Any) -> None:
    contact(client, "Bo")
    (row,) = client.contacts.list(fields=fields)
    assert set(row) == {"Name", "ContactGuid", "CreatedAt", "UpdatedAt"}


def test_an_unknown_field_is_named(client: DineroClient, sandbox: Any) -> None:
    with pytest.raises(errors.DineroInvalidBody, match=r"no field Emial\. It has Email"):
        client.contacts.list(fields=["Emial"])
    assert sandbox.requests() == []


@pytest.mark.parametrize("amount", ["100", "100.5", "-3"])
def test_all_amounts_are_decimal(client: DineroClient, amount: str) -> None:
    from decimal import Decimal

    guid = client.invoices.create({"ProductLines": [line(BaseAmountValue=amount), line()]})["Guid"]
    invoice = client.invoices.get(guid)
    (row,) = client.invoices.list()
    assert invoice["ProductLines"][0]["BaseAmountValue"] == Decimal(amount)
    for found in (invoice["ProductLines"][0]["BaseAmountValue"], invoice["TotalInclVat"], row["TotalInclVat"]):
        assert isinstance(found, Decimal)
    assert row["Number"] is None  # Dinero gives drafts the largest int64


def test_a_raw_call_reaches_what_has_no_method(client: DineroClient) -> None:
    guid = contact(client, "Bo")
    superseded = Operation("GET", "/v1/{organizationId}/contacts/{guid}")
    assert client.json(superseded, {"guid": guid})["Name"] == "Bo"
    assert isinstance(client.contacts, Resource)
