"""The preflight checks all later steps of a document before it is booked, with as few requests as possible."""

from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient, errors
from airflow_provider_dinero.api.resources.preflight import Plan
from tests.conftest import CONTACT

EAN = "5798000420007"
OFFICE = {"Name": "Kommunen", "CountryKey": "DK", "IsPerson": False, "EanNumber": EAN, "AttPerson": "Bo"}
PAYMENT = {"DepositAccountNumber": 55000, "Description": "Bank"}


def made(client: DineroClient, **changes: Any) -> str:
    return client.contacts.create({**OFFICE, **changes})["ContactGuid"]


@pytest.mark.parametrize(
    ("contact", "channel", "mailout", "reason"),
    [
        ({}, "email", {}, "Kommunen has no e-mail address"),
        ({"Email": "nobody"}, "email", {}, "'nobody' is not an e-mail address"),
        ({}, "email", {"Receiver": "a@b.dk, c"}, "'c' is not an e-mail address"),
        ({}, "sms", {}, "Kommunen has no phone number"),
        ({"EanNumber": "5798000420008"}, "einvoice", {}, "5798000420008 is not an EAN number"),
        ({"EanNumber": None}, "einvoice", {}, "Kommunen has no EanNumber"),
        ({"AttPerson": None}, "einvoice", {}, "Kommunen has no AttPerson"),
    ],
)
def test_who_can_not_receive_it_is_told(
    client: DineroClient, contact: dict[str, Any], channel: str, mailout: dict[str, Any], reason: str
) -> None:
    plan = Plan({"ContactGuid": made(client, **contact)}, channel, mailout)
    for check in (client.preflight().check, client.preflight().check_all):
        with pytest.raises(errors.DineroInvalidBody, match=reason):
            check(plan)


@pytest.mark.parametrize(
    ("channel", "contact", "mailout", "to"),
    [
        ("email", {"Email": "a@b.dk"}, {}, "a@b.dk"),
        ("email", {}, {"Receiver": "a@b.dk"}, "a@b.dk"),
        ("sms", {"Phone": "12345678"}, {"ReceiverPhoneNumber": "-"}, "12345678"),
        ("einvoice", {"EanNumber": f" {EAN} "}, {}, f"GLN {EAN}"),
        ("einvoice", {"AttPerson": None}, {"AttPerson": "Ib"}, f"GLN {EAN}"),
    ],
)
def test_who_can_is_returned(
    client: DineroClient, channel: str, contact: dict[str, Any], mailout: dict[str, Any], to: str
) -> None:
    guid = made(client, **contact)
    assert client.preflight().check(Plan({"ContactGuid": guid}, channel, mailout)) == to
    assert client.contacts.get(guid)["EanNumber"] == EAN  # blanks around a number are stripped


def test_a_contact_that_is_gone_is_told(client: DineroClient) -> None:
    guid = made(client, Email="a@b.dk")
    client.contacts.delete(guid)
    with pytest.raises(errors.DineroInvalidBody, match=r"Kommunen .* was deleted"):
        client.preflight().check(Plan({"ContactGuid": guid}, "email"))
    nowhere = "5f0e9a52-5f0e-4d55-9c39-4a1b6f7e2c10"
    for check in (client.preflight().check, client.preflight().check_all):
        with pytest.raises(errors.DineroInvalidBody, match="There is no contact 5f0e9a52"):
            check(Plan({"ContactGuid": nowhere}, "email"))
        with pytest.raises(errors.DineroInvalidBody, match="no ContactGuid"):
            check(Plan({}))
    # The Guid of a contact that an upsert creates is derived from the value that it is matched by.
    assert client.preflight().check_all(Plan({"ContactGuid": "3f1d9a52-5f0e-5d55-9c39-4a1b6f7e2c10"}, "email")) is None


@pytest.mark.parametrize(
    ("date", "paid", "reason"),
    [
        (0, {"DepositAccountNumber": 1000}, "1000 is not a deposit account. The deposit accounts are: 5"),
        (0, {"PaymentDate": -10}, "The PaymentDate .* Dinero has no such accounting year: it has"),
        (0, {"PaymentDate": 3}, "The PaymentDate"),
        (-10, {}, ""),  # the booking itself refuses it
    ],
)
def test_the_payment_is_checked(
    client: DineroClient, sandbox: Any, date: int, paid: dict[str, int], reason: str
) -> None:
    def day(years: int) -> str:
        return f"{sandbox.now().year + years}-02-01"

    given = {name: day(value) if name == "PaymentDate" else value for name, value in paid.items()}
    body = {"ContactGuid": made(client), "Date": day(date)}
    plan = Plan(body, payment={**PAYMENT, **given})
    if reason:
        with pytest.raises(errors.DineroInvalidBody, match=reason):
            client.preflight().check(plan)
    else:
        client.preflight().check(Plan(body))
    with pytest.raises(errors.DineroInvalidBody, match=reason or "The Date"):
        client.preflight().check_all(plan)


def test_it_asks_once_for_what_it_needs(client: DineroClient, sandbox: Any) -> None:
    first, second = made(client, Email="a@b.dk"), made(client, Email="c@d.dk", EanNumber=None, VatNumber=None)
    year = sandbox.now().year
    last = {**PAYMENT, "PaymentDate": f"{year - 1}-12-31"}
    preflight = client.preflight()

    def asked(*plans: Plan) -> list[str]:
        before = len(sandbox.requests())
        for plan in plans:
            preflight.check(plan)
        return [each["path"].partition("?")[0].rpartition("/")[2] for each in sandbox.requests()[before:]]

    known = {"ContactGuid": first, "Date": f"{year}-03-05"}
    assert asked(Plan(known), Plan(known, "email", {"Receiver": "x@y.dk"})) == []
    assert asked(Plan(known, "email"), Plan(known, "einvoice")) == [first]
    assert asked(Plan(known, payment={**PAYMENT, "PaymentDate": f"{year}-03-01"})) == ["deposit"]
    assert asked(Plan(known, payment=last), Plan(known, payment=last)) == ["accountingyears"]
    # A row of a list does, but for what lists leave out.
    preflight.know(row for row in client.contacts.list() if row["ContactGuid"] == second)
    known = {"ContactGuid": second}
    assert asked(Plan(known, "email")) == []
    with pytest.raises(errors.DineroInvalidBody, match="no EanNumber"):
        asked(Plan(known, "einvoice"))


def test_the_listed_contact_is_a_person(client: DineroClient) -> None:
    guid = client.contacts.create({**CONTACT, "Email": "bjorn@example.no"})["ContactGuid"]
    assert client.preflight().check_all(Plan({"ContactGuid": guid}, "email"))["Name"] == "Bjørn Hansen"
