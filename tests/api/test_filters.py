"""Filters are built, and a value can't break out of its quotes."""

from typing import Any

import pytest

from airflow_provider_dinero.api import contains, eq
from airflow_provider_dinero.api.errors import DineroInvalidBody
from tests.conftest import CONTACT


@pytest.mark.parametrize("name", ["O'Neil", "a' eq 'b", "Æblerød & Søn 50 %", "=+?#"])
def test_any_name_finds_its_contact_and_no_other(client: Any, name: str) -> None:
    for each in (name, "Another"):
        client.contacts.create({**CONTACT, "Name": each, "ExternalReference": each})
    assert [row["Name"] for row in client.contacts.list(filters=[eq("Name", name)])] == [name]
    assert [row["Name"] for row in client.contacts.list(filters=[contains("Name", name[1:])])] == [name]


def test_conditions_all_hold(client: Any) -> None:
    client.contacts.create({**CONTACT, "Name": "Bo", "ExternalReference": "1"})
    client.contacts.create({**CONTACT, "Name": "Bo", "ExternalReference": "2"})
    found = client.contacts.list(filters=[eq("Name", "bo"), eq("ExternalReference", "2"), eq("IsPerson", True)])
    assert [row["ExternalReference"] for row in found] == ["2"]


@pytest.mark.parametrize("value", ["a;b", "a\nb", "a\x00"])
def test_what_cannot_be_expressed_is_refused(client: Any, sandbox: Any, value: str) -> None:
    with pytest.raises(DineroInvalidBody, match="no way to escape it"):
        client.contacts.list(filters=[eq("Name", value)])
    assert sandbox.requests() == []


def test_a_property_without_filter_is_refused(client: Any) -> None:
    with pytest.raises(DineroInvalidBody, match=r"can't be filtered by Mail\. It can by: Email\."):
        client.contacts.list(filters=[eq("Mail", "x")])
