"""Complete responses in which something is missing or of the wrong type: never treated as empty."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient, errors
from tests.conftest import CONTACT, line
from tests.faulty import Faults, before


@pytest.fixture
def faults(sandbox: Any) -> Iterator[Faults]:
    with before(sandbox.url) as proxy:
        yield proxy


@pytest.fixture
def client(make_client: Any, faults: Faults) -> DineroClient:
    made: DineroClient = make_client(base_url=faults.url, look_again=(), sleep=lambda seconds: None)
    return made


@pytest.fixture
def booked(client: DineroClient, contact: str) -> str:
    guid = str(client.invoices.create({"ContactGuid": contact, "ProductLines": [line()]})["Guid"])
    client.invoices.book(guid)
    return guid


def posted(faults: Faults, ending: str) -> int:
    return sum(each.startswith("POST") and each.endswith(ending) for each in faults.seen)


MAILOUT = {"Id": 1, "Date": "2026-02-01T10:00:00", "Status": "Sent", "Type": "Mailout", "IsSmsMessage": False}


@pytest.mark.parametrize(
    ("mailout", "told"),
    [
        ({"Id": 1}, "has no 'Type'"),
        ({name: value for name, value in MAILOUT.items() if name != "Receiver"}, "has no 'Receiver'"),
    ],
)
def test_a_property_that_is_missing_is_no_reason_to_send(
    client: DineroClient, faults: Faults, booked: str, mailout: dict[str, Any], told: str
) -> None:
    faults.spoil["GET /mailouts"] = json.dumps([mailout]).encode()
    with pytest.raises(errors.DineroUnexpectedAnswer, match=told):
        client.invoices.email_once(booked)
    assert posted(faults, "/email") == 0


def test_what_is_of_another_kind_is_told(client: DineroClient, faults: Faults, booked: str) -> None:
    faults.spoil["GET /payments"] = json.dumps({"Payments": 1.5}).encode()
    with pytest.raises(errors.DineroUnexpectedAnswer, match=r"can't be used: .*not iterable \(TypeError\)"):
        client.invoices.add_payment_once(
            booked, {"DepositAccountNumber": 55000, "Amount": 1, "RemainderIsFee": False, "Description": "x",
                     "ExternalReference": "r"}
        )  # fmt: skip
    assert posted(faults, "/payments") == 0


def test_an_argument_that_is_wrong_is_no_answer_of_dineros(client: DineroClient, sandbox: Any) -> None:
    with pytest.raises(TypeError):
        client.invoices.email_once()  # type: ignore[call-arg]


def test_a_bare_write_whose_look_fails_stays_unknown(client: DineroClient, faults: Faults) -> None:
    faults.lose["POST /accounts/entry"] = 1
    faults.spoil["GET /accounts/entry"] = b"<html>"
    with pytest.raises(errors.DineroOutcomeUnknown):
        client.accounts.create({"Number": 1098, "Name": "x", "VatCode": "none"})
    assert posted(faults, "/accounts/entry") == 1


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><p>Wait.", b"\n <html><p>Wait."])
def test_a_page_is_no_file_whatever_its_type_says(
    client: DineroClient, faults: Faults, booked: str, page: bytes
) -> None:
    faults.spoil[f"GET /{booked}"] = page
    with pytest.raises(errors.DineroUnexpectedAnswer, match="an HTML page instead of a file"):
        client.invoices.pdf(booked)


@pytest.mark.parametrize("digits", [61, 400])
def test_a_whole_number_that_is_too_long_is_told(client: DineroClient, faults: Faults, digits: int) -> None:
    faults.spoil["GET /accounts/entry"] = b'[{"AccountNumber": %s}]' % (b"9" * digits)
    with pytest.raises(errors.DineroUnexpectedAnswer, match="a number of more than 60 digits"):
        client.accounts.list()
    faults.spoil["GET /accounts/entry"] = b'[{"Name": "%s"}]' % (b"9" * digits)  # a text may be long
    assert len(client.accounts.list()[0]["Name"]) == digits


def test_an_error_is_one_line_and_not_long(client: DineroClient) -> None:
    guid = client.contacts.create({**CONTACT, "Name": "\x1b[2J\r\n" + "a" * 100_000})["ContactGuid"]
    with pytest.raises(errors.DineroConflict) as raised:
        client.contacts.create({**CONTACT, "ContactGuid": guid, "Name": "b"})
    told = str(raised.value)
    assert told.isprintable()
    assert len(told) < 2300
    assert told.endswith(raised.value.advice)
