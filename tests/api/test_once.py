"""Two tasks on hosts without a shared lock do a step at the same time: it happens once, since the Timestamp decides."""

from typing import Any

import pytest

from airflow_provider_dinero.api import errors
from airflow_provider_dinero.api.ports import ProcessIntents, ProcessLock
from tests.conftest import as_another_worker, line

PAYMENT = {"DepositAccountNumber": 55000, "Amount": "50", "RemainderIsFee": False, "Description": "Bank"}


@pytest.fixture
def two(make_client: Any) -> tuple[Any, Any]:
    """Two clients on two hosts."""
    return make_client(lock=ProcessLock()), make_client(lock=ProcessLock())


@pytest.fixture
def booked(client: Any, contact: str) -> str:
    guid = client.invoices.create({"ContactGuid": contact, "ProductLines": [line()]})["Guid"]
    client.invoices.book(guid)
    return str(guid)


def meanwhile(monkeypatch: pytest.MonkeyPatch, resource: Any, name: str, *others: Any) -> None:
    """When this method has read, and before the next request, somebody else does something; each once."""
    read, left = getattr(resource, name), list(others)

    def then(*args: Any, **options: Any) -> Any:
        found = read(*args, **options)
        if left:
            left.pop(0)()
        return found

    monkeypatch.setattr(resource, name, then)


def test_one_payment(two: tuple[Any, Any], booked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = two
    payment = {**PAYMENT, "ExternalReference": "bank-1"}
    meanwhile(monkeypatch, one.invoices, "_payments", lambda: other.invoices.add_payment_once(booked, payment))
    assert one.invoices.add_payment_once(booked, payment)["Change"] == "unchanged"
    assert len(one.invoices.payments(booked)["Payments"]) == 1


def test_one_payment_of_a_credit_note(client: Any, contact: str) -> None:
    guid = client.credit_notes.create({"ContactGuid": contact, "ProductLines": [line()]})["Guid"]
    client.credit_notes.book(guid)
    payment = {**PAYMENT, "ExternalReference": "refund-1"}
    changes = [client.credit_notes.add_payment_once(guid, payment)["Change"] for _ in range(2)]
    assert changes == ["created", "unchanged"]
    assert len(client.credit_notes.payments(guid)["Payments"]) == 1


def test_a_blank_at_the_end_of_a_reference_makes_no_second(client: Any, booked: str) -> None:
    line = {"Description": "Fee", "Amount": "10", "AccountNumber": 6000, "BalancingAccountNumber": 55000}
    voucher = {"VoucherDate": "2026-01-02", "Lines": [line]}
    for blank in ("", " ", "\u00a0"):
        # Another worker, which has no record of what was created.
        worker = as_another_worker(client, intents=ProcessIntents())
        pay, make = worker.invoices.add_payment_once, worker.manual_vouchers.create_once
        assert pay(booked, {**PAYMENT, "ExternalReference": f"bank{blank}"})["Change"] == (
            "unchanged" if blank else "created"
        )
        made = make({**voucher, "ExternalReference": f"hand{blank}"})
        assert made["Change"] == ("unchanged" if blank else "created")
        client.manual_vouchers.book(made["Guid"])
    assert len(client.invoices.payments(booked)["Payments"]) == 1
    with pytest.raises(errors.DineroInvalidBody, match="ExternalReference"):
        pay(booked, {**PAYMENT, "ExternalReference": " "})


def test_a_payment_beside_others(two: tuple[Any, Any], booked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another payment changes the Timestamp: the first time it is read again, the second time it is an error."""
    one, other = two

    def pay() -> None:
        other.invoices.add_payment(booked, PAYMENT)

    payment = {**PAYMENT, "ExternalReference": "bank-1"}
    meanwhile(monkeypatch, one.invoices, "_payments", pay)
    assert one.invoices.add_payment_once(booked, payment)["Change"] == "created"
    payment = {**PAYMENT, "ExternalReference": "bank-2"}
    meanwhile(monkeypatch, one.invoices, "_payments", pay, pay)
    with pytest.raises(errors.DineroStaleTimestamp, match="it now has version"):
        one.invoices.add_payment_once(booked, payment)
    assert len(one.invoices.payments(booked)["Payments"]) == 4


def test_one_invoice_of_an_offer(two: tuple[Any, Any], contact: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = two
    offer = one.trade_offers.create({"ContactGuid": contact, "ProductLines": [line()]})
    before = offer["TimeStamp"]
    meanwhile(monkeypatch, one.trade_offers, "get", lambda: other.trade_offers.generate_invoice_once(offer["Guid"]))
    made = one.trade_offers.generate_invoice_once(offer["Guid"])
    assert made["Change"] == "unchanged"
    assert one.trade_offers.get(offer["Guid"])["GeneratedVouchers"] == [made["Guid"]]
    assert len(list(one.invoices.list())) == 1
    with pytest.raises(errors.DineroStaleTimestamp, match=f"the version {before}"):
        one.trade_offers.generate_invoice_once(offer["Guid"], timestamp=before, generation=1)


def test_one_booking_of_what_is_there_now(two: tuple[Any, Any], contact: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a TimeStamp, whatever the draft is now is meant, also when it is changed just then."""
    one, other = two
    guid = one.invoices.create({"ContactGuid": contact, "ProductLines": [line()]})["Guid"]
    body = {"ContactGuid": contact, "ProductLines": [line(BaseAmountValue="7")]}
    meanwhile(monkeypatch, one.invoices, "get", lambda: other.invoices.update(guid, body))
    assert one.invoices.book(guid)["TotalExclVat"] == 7


def test_an_update_meets_what_is_there_now(two: tuple[Any, Any], contact: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = two
    guid = one.invoices.create({"ContactGuid": contact, "ProductLines": [line()]})["Guid"]
    mine, theirs = ({"ContactGuid": contact, "ProductLines": [line(BaseAmountValue=amount)]} for amount in ("7", "8"))
    meanwhile(monkeypatch, one.invoices, "get", lambda: other.invoices.update(guid, theirs))
    assert one.invoices.update_once(guid, mine)["Change"] == "updated"
    assert one.invoices.get(guid)["TotalExclVat"] == 7
    one.invoices.delete(guid)
    with pytest.raises(errors.DineroInvalidRequest, match="deleted"):
        one.invoices.update_once(guid, mine)


def test_a_text_message_meets_an_invoice_that_is_changed(
    two: tuple[Any, Any], booked: str, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    meanwhile(monkeypatch, one.invoices, "get", lambda: other.invoices.add_payment(booked, PAYMENT))
    told = {"ReceiverPhoneNumber": "12345678", "ReceiverName": "Ida"}
    assert one.sms.send_once(booked, told)["Change"] == "created"
    assert len(sandbox.outbox()) == 1
    with pytest.raises(errors.DineroStaleTimestamp):
        one.sms.send_once(booked, {**told, "Timestamp": "0000000000000001"}, resend=1)


def test_a_mail_that_failed_was_not_sent(client: Any, booked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client.invoices.email_once(booked)
    sent = client.invoices.mailouts(booked)
    for status, change in (("Failed", "created"), (None, "unchanged"), ("Pending", "unchanged")):
        monkeypatch.setattr(
            client.invoices, "mailouts", lambda guid, status=status, **options: [{**sent[0], "Status": status}]
        )
        assert client.invoices.email_once(booked)["Change"] == change
