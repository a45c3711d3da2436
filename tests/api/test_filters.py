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


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("a;b", "a semicolon: Dinero has no way to escape it"),
        ("a\nb", r"a control character \(U\+000A\): Dinero has no way to escape it"),
        ("a\x00", r"a control character \(U\+0000\)"),
        ("a\u00a0b", r"blank-like character, but this one does: no-break space \(U\+00A0\)"),
        ("a\u200bb", r"zero width space \(U\+200B\)"),
        ("a\ud800", r"a character without a name \(U\+D800\)"),
    ],
)
def test_what_cannot_be_expressed_is_refused_as_what_it_is(client: Any, sandbox: Any, value: str, named: str) -> None:
    with pytest.raises(DineroInvalidBody, match=named):
        client.contacts.list(filters=[eq("Name", value)])
    assert sandbox.requests() == []


def test_a_property_without_filter_is_refused(client: Any) -> None:
    with pytest.raises(DineroInvalidBody, match=r"can't be filtered by Mail\. It can be filtered by Email\."):
        client.contacts.list(filters=[eq("Mail", "x")])
