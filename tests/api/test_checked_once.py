"""A body is checked once on its way, and nothing that a client shares can be changed from outside."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient, errors
from airflow_provider_dinero.api.bodies import validation
from tests.conftest import CONTACT, line

MAIL = {"Subject": "Hello"}
PAYMENT = {"Amount": "10", "DepositAccountNumber": 55000, "Description": "Bank", "RemainderIsFee": False}
PRODUCT = {"Name": "Time", "BaseAmountValue": "8", "Quantity": 1, "AccountNumber": 1000, "Unit": "hours"}


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often a body of each model is checked."""
    checked: Counter[str] = Counter()
    validated = validation._validated

    def counted(model: str, *arguments: Any) -> Any:
        checked[model] += 1
        return validated(model, *arguments)

    monkeypatch.setattr(validation, "_validated", counted)
    return checked


@pytest.fixture
def booked(client: DineroClient) -> str:
    contact = client.contacts.create({**CONTACT, "Email": "b@example.dk"})["ContactGuid"]
    guid = client.invoices.create({"ContactGuid": contact, "ProductLines": [line()]})["Guid"]
    client.invoices.book(guid)
    return str(guid)


CALLS: dict[str, tuple[str, Callable[[DineroClient, str], Any]]] = {
    "create": ("InvoiceCreateModel", lambda client, _: client.invoices.create({"ProductLines": [line()]})),
    "upsert": ("ContactCreateModel", lambda client, _: client.contacts.upsert({**CONTACT, "ExternalReference": "c-9"})),
    "product": ("ProductCreateModel", lambda client, _: client.products.upsert({**PRODUCT, "ExternalReference": "p"})),
    "e-mail": ("ApiMailoutModel", lambda client, guid: client.invoices.email_once(guid, MAIL)),
    "payment": (
        "PaymentCreateModel",
        lambda client, guid: client.invoices.add_payment_once(guid, {**PAYMENT, "ExternalReference": "b-1"}),
    ),
    "update": (
        "InvoiceUpdateModel",
        lambda client, _: client.invoices.update_once(
            client.invoices.create({"ProductLines": [line()]})["Guid"], {"ProductLines": [line()], "Comment": "x"}
        ),
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_body_is_checked_once(client: DineroClient, booked: str, checks: Counter[str], name: str) -> None:
    model, call = CALLS[name]
    call(client, booked)
    assert checks[model] == 1


def test_what_was_checked_for_one_model_is_checked_for_another(checks: Counter[str]) -> None:
    body = validation.check("ApiMailoutModel", MAIL)
    assert validation.check("ApiMailoutModel", body | {"Message": "x"}) == {**MAIL, "Message": "x"}
    validation.check("ApiMailoutModel", dict(body))
    assert checks == {"ApiMailoutModel": 2}


@pytest.mark.parametrize("phone", ["12345678\n87654321", "12345678\x1b[2J"])
def test_what_a_contact_adds_to_a_checked_body_is_checked(client: DineroClient, phone: str) -> None:
    contact = client.contacts.create({**CONTACT, "Phone": phone})["ContactGuid"]
    guid = client.invoices.create({"ContactGuid": contact, "ProductLines": [line()]})["Guid"]
    stamp = client.invoices.book(guid)["TimeStamp"]
    with pytest.raises(errors.DineroInvalidBody, match="ReceiverPhoneNumber: this contains a line break"):
        client.sms.send_once(guid, {"Timestamp": stamp})


@pytest.mark.parametrize("name", ["intents", "dry_run", "lock", "read_only", "base_url", "pace", "session", "anything"])
def test_a_client_does_not_change_after_it_was_made(client: DineroClient, name: str) -> None:
    for each in (client, client.session):
        with pytest.raises((AttributeError, TypeError)):
            setattr(each, name, None)


@pytest.mark.parametrize("name", ["per_minute", "taken", "keep_slots", "longest_wait"])
def test_a_pace_does_not_change_from_outside(client: DineroClient, name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(client.pace, name, 1)


@pytest.mark.parametrize("name", ["dinero_conn_id", "organization_id"])
def test_a_hook_does_not_change_after_it_was_made(name: str) -> None:
    from airflow_provider_dinero.hooks.dinero import DineroHook

    with pytest.raises(AttributeError):
        setattr(DineroHook(), name, "another")
