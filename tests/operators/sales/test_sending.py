"""Each channel for sending an invoice, once."""

from typing import Any

import pytest

from airflow_provider_dinero.operators.invoices import DineroSendInvoiceOperator
from tests.conftest import line
from tests.operators.bench import Bench
from tests.operators.sales.conftest import EAN, failed


def test_each_way_once_and_again_on_demand(bench: Bench, booked: dict[str, Any]) -> None:
    told = bench.one(DineroSendInvoiceOperator, invoice=booked)
    assert told.returned["Recipients"] == ["bjorn@example.no"]
    told = bench.one(DineroSendInvoiceOperator, invoice=booked, channel="sms")
    assert told.returned == {"Guid": booked["Guid"], "Recipients": ["12345678"], "Change": "created"}
    for channel in ("email", "sms"):
        told = bench.one(DineroSendInvoiceOperator, invoice=booked, channel=channel)
        assert told.returned["Change"] == "unchanged"
        for change in ("created", "unchanged"):
            told = bench.one(DineroSendInvoiceOperator, invoice=booked, channel=channel, resend="1")
            assert told.returned["Change"] == change
    assert [each["channel"] for each in bench.sandbox.outbox()] == ["email", "sms", "email", "sms"]


def test_a_text_message_that_reminds_is_another_one(bench: Bench, booked: dict[str, Any]) -> None:
    bench.one(DineroSendInvoiceOperator, invoice=booked, channel="sms")
    mailout = {"IsReminder": True, "ReceiverPhoneNumber": "87654321", "ReceiverName": "Ida"}
    for change in ("created", "unchanged"):
        told = bench.one(DineroSendInvoiceOperator, invoice=booked, channel="sms", mailout=mailout)
        assert (told.returned["Recipients"], told.returned["Change"]) == (["87654321"], change)


def test_an_e_invoice_goes_to_the_ean_number_once(bench: Bench, beside: Any, office: dict[str, Any]) -> None:
    invoice = beside.invoices.create({"ContactGuid": office["ContactGuid"], "ProductLines": [line()]})
    beside.invoices.book(invoice["Guid"])
    mailout = {"OrderReference": "4711"}
    for change in ("created", "unchanged"):
        told = bench.one(DineroSendInvoiceOperator, invoice=invoice["Guid"], channel="einvoice", mailout=mailout)
        assert told.returned == {"Guid": invoice["Guid"], "Recipients": [f"GLN {EAN}"], "Change": change}
    (sent,) = bench.sandbox.outbox()
    assert (sent["channel"], sent["subject"]) == ("e-invoice", "4711")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"EanNumber": "5798000420008"}, "5798000420008 is not an EAN number"),
        ({"EanNumber": "579800042000"}, "579800042000 is not an EAN number"),
        ({"EanNumber": None}, "Kommunen has no EanNumber"),
        ({"AttPerson": None}, "Kommunen has no AttPerson"),
    ],
)
def test_who_cannot_receive_an_e_invoice_is_told_before_anything_is_sent(
    bench: Bench, beside: Any, office: dict[str, Any], changes: dict[str, Any], reason: str
) -> None:
    guid = office.pop("ContactGuid")
    beside.contacts.update(guid, {**office, **changes})
    invoice = beside.invoices.create({"ContactGuid": guid, "ProductLines": [line()]})
    beside.invoices.book(invoice["Guid"])
    before = len(bench.sandbox.requests())
    told = bench.one(DineroSendInvoiceOperator, invoice=invoice["Guid"], channel="einvoice", retries=1)
    assert reason in failed(told)
    assert {each["method"] for each in bench.sandbox.requests()[before:] if "token" not in each["path"]} == {"GET"}
    if "AttPerson" in changes:
        mailout = {"AttPerson": "Ib"}
        told = bench.one(DineroSendInvoiceOperator, invoice=invoice["Guid"], channel="einvoice", mailout=mailout)
        assert told.returned["Change"] == "created"


def test_what_cannot_be_sent(bench: Bench, beside: Any, draft: dict[str, Any]) -> None:
    for channel in ("email", "sms"):
        text = failed(bench.one(DineroSendInvoiceOperator, invoice=draft, channel=channel, retries=1))
        assert "code 59" in text
    told = bench.one(DineroSendInvoiceOperator, invoice=draft, channel="post")
    assert "There is no channel 'post'.\nUse email or einvoice or sms" in failed(told)
    assert "resend is -1, but must not be below 0" in failed(
        bench.one(DineroSendInvoiceOperator, invoice=draft, resend=-1)
    )
    quiet = beside.contacts.create({"Name": "Q", "CountryKey": "DK", "IsPerson": True})["ContactGuid"]
    invoice = beside.invoices.create({"ContactGuid": quiet, "ProductLines": [line()]})["Guid"]
    beside.invoices.book(invoice)
    assert "code 55" in failed(bench.one(DineroSendInvoiceOperator, invoice=invoice))
    assert "Q has no phone number" in failed(bench.one(DineroSendInvoiceOperator, invoice=invoice, channel="sms"))
    assert bench.sandbox.outbox() == []


def test_a_dry_run_sends_nothing(bench: Bench, booked: dict[str, Any]) -> None:
    told = bench.one(DineroSendInvoiceOperator, invoice=booked, dry_run=True)
    assert told.returned == {"DryRun": True, "Next": f"POST /v1/100001/invoices/{booked['Guid']}/email"}
    assert bench.sandbox.outbox() == []
    assert bench.one(DineroSendInvoiceOperator, invoice=booked).returned["Change"] == "created"


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("channel", ["einvoice", "sms", "email"])
def test_a_sending_whose_answer_is_lost_is_looked_up(
    bench: Bench, beside: Any, office: dict[str, Any], channel: str
) -> None:
    invoice = beside.invoices.create({"ContactGuid": office["ContactGuid"], "ProductLines": [line()]})["Guid"]
    beside.invoices.book(invoice)
    mailout = {
        "einvoice": {},
        "sms": {"ReceiverPhoneNumber": "12345678"},
        "email": {"Receiver": "a@kommunen.dk"},
    }[channel]
    path = {"einvoice": "/**/e-invoice", "sms": "/**/send-sms", "email": "/**/email"}[channel]
    bench.sandbox.fault("reset-after", method="POST", path=path, times=1)
    told = bench.one(DineroSendInvoiceOperator, invoice=invoice, channel=channel, mailout=mailout)
    assert told.state == "success", told.errors
    assert len(bench.sandbox.outbox()) == 1
    bench.sandbox.fault("reset", method="POST", path=path, times=1)
    told = bench.one(DineroSendInvoiceOperator, invoice=invoice, channel=channel, mailout=mailout, resend=1, retries=2)
    assert "may or may not have been done" in failed(told)
    assert len(bench.sandbox.outbox()) == 1
