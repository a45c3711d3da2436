"""A contact, and invoices to continue with."""

from typing import Any

import pytest

from tests.conftest import CONTACT, line

EAN = "5798000420007"


@pytest.fixture
def contact(beside: Any) -> str:
    person = {**CONTACT, "Email": "bjorn@example.no", "Phone": "12345678"}
    return str(beside.contacts.create(person)["ContactGuid"])


@pytest.fixture
def office(beside: Any) -> dict[str, Any]:
    """A customer of the public sector."""
    made = {"Name": "Kommunen", "CountryKey": "DK", "IsPerson": False, "EanNumber": EAN, "AttPerson": "Bo"}
    return {**made, "ContactGuid": beside.contacts.create(made)["ContactGuid"]}


@pytest.fixture
def draft(beside: Any, contact: str) -> dict[str, Any]:
    made: dict[str, Any] = beside.invoices.create({"ContactGuid": contact, "ProductLines": [line()]})
    return made


@pytest.fixture
def booked(beside: Any, draft: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = beside.invoices.book(draft["Guid"])
    return {name: made[name] for name in ("Guid", "TimeStamp", "Number", "Status")}


def failed(told: Any) -> str:
    """What the error says of a task that failed at once."""
    assert (told.state, len(told.errors)) == ("failed", 1)
    return str(told.error)
