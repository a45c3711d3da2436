"""Invoices, credit notes, trade offers, payments: each step by an operator of its own."""

from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dinero.operators.credit_notes import DineroCreateCreditNoteOperator
from airflow_provider_dinero.operators.downloads import DineroDownloadInvoiceOperator
from airflow_provider_dinero.operators.invoice_life import DineroInvoiceOperator
from airflow_provider_dinero.operators.invoices import (
    DineroBookInvoiceOperator,
    DineroCreateInvoiceOperator,
    DineroDeleteInvoiceOperator,
    DineroSendInvoiceOperator,
    DineroUpdateInvoiceOperator,
)
from airflow_provider_dinero.operators.payments import DineroAddPaymentOperator
from airflow_provider_dinero.operators.trade_offers import (
    DineroCreateTradeOfferOperator,
    DineroInvoiceTradeOfferOperator,
    DineroSendTradeOfferOperator,
)
from tests.conftest import CONTACT, line
from tests.operators.conftest import Bench

EAN = "5798000420007"
PAYMENT = {"DepositAccountNumber": 55000, "Description": "Bank", "Amount": "100"}
NOWHERE = "3f1d9a52-5f0e-5d55-9c39-4a1b6f7e2c10"


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


# Updates


def test_a_draft_is_replaced_once(bench: Bench, beside: Any, draft: dict[str, Any]) -> None:
    content = {"ProductLines": [line(BaseAmountValue="250")], "Comment": "new"}
    for change in ("updated", "unchanged"):  # the second with the TimeStamp of before
        told = bench.one(DineroUpdateInvoiceOperator, invoice=draft, content=content)
        assert told.returned["Change"] == change
    assert told.returned["TimeStamp"] == beside.invoices.get(draft["Guid"])["TimeStamp"]
    before = len(bench.sandbox.requests())
    told = bench.one(DineroUpdateInvoiceOperator, invoice=draft["Guid"], content=content)
    assert told.returned["Change"] == "unchanged"
    assert [each["method"] for each in bench.sandbox.requests()[before:]] == ["GET"]
    told = bench.one(DineroUpdateInvoiceOperator, invoice=draft["Guid"], content={"ProductLines": [line()]})
    assert told.returned["Change"] == "updated"


def test_a_draft_that_somebody_changed_is_not_overwritten(bench: Bench, beside: Any, draft: dict[str, Any]) -> None:
    now = beside.invoices.update(draft["Guid"], {"ProductLines": [line(BaseAmountValue="7")]})["TimeStamp"]
    for operator, more in (
        (DineroUpdateInvoiceOperator, {"content": {"ProductLines": [line()]}}),
        (DineroDeleteInvoiceOperator, {}),
        (DineroBookInvoiceOperator, {}),
    ):
        text = failed(bench.one(operator, invoice=draft, retries=1, **more))
        assert draft["TimeStamp"] in text
        assert now in text
    assert beside.invoices.get(draft["Guid"])["TimeStamp"] == now


def test_a_booked_invoice_is_not_replaced(bench: Bench, booked: dict[str, Any]) -> None:
    content = {"ProductLines": [line(BaseAmountValue="7")]}
    assert "the voucher is booked" in failed(bench.one(DineroUpdateInvoiceOperator, invoice=booked, content=content))
    wrong = {"ProductLines": [line(Amount="7")]}
    text = failed(bench.one(DineroUpdateInvoiceOperator, invoice=booked, content=wrong))
    assert "did you mean BaseAmountValue" in text


def test_a_dry_update_tells_the_total(bench: Bench, beside: Any, draft: dict[str, Any]) -> None:
    content = {"ProductLines": [line(BaseAmountValue="250")]}
    told = bench.one(DineroUpdateInvoiceOperator, invoice=draft, content=content, dry_run=True)
    assert told.returned["TotalInclVat"] == "312.50"
    assert told.returned["Next"] == f"PUT /v1.2/100001/invoices/{draft['Guid']}"
    assert beside.invoices.get(draft["Guid"])["TimeStamp"] == draft["TimeStamp"]


# Deletions


def test_a_draft_is_deleted_once(bench: Bench, beside: Any, draft: dict[str, Any]) -> None:
    assert bench.one(DineroDeleteInvoiceOperator, invoice=draft, dry_run=True).returned["DryRun"]
    assert beside.invoices.get(draft["Guid"])["DeletedAt"] is None
    for _ in range(2):
        told = bench.one(DineroDeleteInvoiceOperator, invoice=draft)
        assert told.returned == {"Guid": draft["Guid"], "Change": "deleted"}
    assert beside.invoices.get(draft["Guid"])["DeletedAt"]


def test_what_is_booked_or_nowhere_is_not_deleted(bench: Bench, booked: dict[str, Any]) -> None:
    assert "the voucher is booked" in failed(bench.one(DineroDeleteInvoiceOperator, invoice=booked))
    assert "no results found" in failed(bench.one(DineroDeleteInvoiceOperator, invoice=NOWHERE))


def test_a_deleted_key_names_the_way_out(bench: Bench) -> None:
    made = {"invoice": {"ProductLines": [line()]}, "idempotency_key": "a"}
    first = bench.one(DineroCreateInvoiceOperator, **made).returned
    bench.one(DineroDeleteInvoiceOperator, invoice=first)
    assert "pass another generation" in failed(bench.one(DineroCreateInvoiceOperator, **made))
    assert bench.one(DineroCreateInvoiceOperator, **made, generation="1").returned["Change"] == "created"


# Sending


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
        ({"EanNumber": "5798000420008"}, "5798000420008 is no EAN number"),
        ({"EanNumber": "579800042000"}, "579800042000 is no EAN number"),
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
    assert "'post' is no way to send: email, einvoice, sms" in failed(told)
    assert "resend: -1 is below 0" in failed(bench.one(DineroSendInvoiceOperator, invoice=draft, resend=-1))
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


# Payments


def test_a_payment_is_registered_once(bench: Bench, beside: Any, booked: dict[str, Any]) -> None:
    arguments = {"invoice": booked, "payment": PAYMENT, "idempotency_key": "bank-1"}
    assert bench.one(DineroAddPaymentOperator, **arguments, dry_run=True).returned["DryRun"] is True
    first = bench.one(DineroAddPaymentOperator, **arguments)
    assert first.returned["Change"] == "created"
    assert "invoice 1 paid 100,00 DKK" in first.log
    again = bench.one(DineroAddPaymentOperator, **arguments)
    assert (again.returned["PaymentGuid"], again.returned["Change"]) == (first.returned["PaymentGuid"], "unchanged")
    # The TimeStamp of the first is stale by now: read again, and paid.
    other = bench.one(DineroAddPaymentOperator, **{**arguments, "idempotency_key": "bank-2"})
    assert other.returned["Change"] == "created"
    payments = beside.invoices.payments(booked["Guid"])["Payments"]
    assert [each["ExternalReference"] for each in payments] == ["bank-1", "bank-2"]
    text = failed(bench.one(DineroAddPaymentOperator, **{**arguments, "payment": {**PAYMENT, "Amount": "99"}}))
    assert "Amount: there is '100', wanted is '99'" in text


def test_what_is_no_payment(bench: Bench, draft: dict[str, Any], booked: dict[str, Any]) -> None:
    given = {"invoice": booked["Guid"], "retries": 1}
    for wrong, reason in (
        ({**PAYMENT, "Amount": 0}, "Amount"),
        ({**PAYMENT, "Date": "2026-01-01"}, "did you mean PaymentDate"),
        ({**PAYMENT, "DepositAccountNumber": 1000}, "code 86"),
        ({**PAYMENT, "Amount": "200", "RemainderIsFee": True}, "RemainderIsFee"),
    ):
        assert reason in failed(bench.one(DineroAddPaymentOperator, payment=wrong, **given))
    twice = {"payment": {**PAYMENT, "ExternalReference": "a"}, "idempotency_key": "b"}
    assert "give one" in failed(bench.one(DineroAddPaymentOperator, **twice, **given))
    assert bench.sandbox.state()["payments"] == 0


def test_a_draft_is_not_paid(bench: Bench, draft: dict[str, Any]) -> None:
    assert "code 59" in failed(bench.one(DineroAddPaymentOperator, invoice=draft, payment=PAYMENT))


def test_a_payment_in_another_currency_is_known_again(bench: Bench, beside: Any, contact: str) -> None:
    content = {"ContactGuid": contact, "ProductLines": [line()], "Currency": "EUR"}
    payment = {**PAYMENT, "Amount": "900", "AmountInForeignCurrency": "125"}
    life = {"invoice": content, "idempotency_key": "x" * 200, "book": True, "payment": payment}
    assert bench.one(DineroInvoiceOperator, **life).returned["Change"] == "created"
    again = bench.one(DineroInvoiceOperator, **life)
    assert again.state == "success", again.errors
    assert again.returned["Change"] == "unchanged"
    assert bench.sandbox.state()["payments"] == 1


# Downloads


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_pdf_is_whole_or_not_there(bench: Bench, booked: dict[str, Any], tmp_path: Path, scheme: str) -> None:
    target = tmp_path / "pdf" / "invoice.pdf"
    place = {"invoice": booked, "path": f"{scheme}{target}"}
    assert bench.one(DineroDownloadInvoiceOperator, **place, dry_run=True).returned["Size"] > 1000
    assert not target.exists()
    told = bench.one(DineroDownloadInvoiceOperator, **place)
    assert target.read_bytes().startswith(b"%PDF")
    assert told.returned == {"Guid": booked["Guid"], "Path": place["path"], "Size": target.stat().st_size}
    target.write_bytes(b"before")
    opened = tmp_path / "opened.pdf"  # as somebody has it who reads it just now
    opened.hardlink_to(target)
    assert bench.one(DineroDownloadInvoiceOperator, **place).state == "success"
    assert (target.stat().st_size, opened.read_bytes()) == (told.returned["Size"], b"before")
    target.write_bytes(b"before")
    bench.sandbox.fault("truncate", method="GET", path="/v1/*/invoices/*")
    assert bench.one(DineroDownloadInvoiceOperator, **place).state == "failed"
    assert target.read_bytes() == b"before"
    assert [each.name for each in target.parent.iterdir()] == ["invoice.pdf"]


def test_a_draft_has_no_pdf(bench: Bench, draft: dict[str, Any], tmp_path: Path) -> None:
    told = bench.one(DineroDownloadInvoiceOperator, invoice=draft, path=str(tmp_path / "a.pdf"))
    assert "code 59" in failed(told)
    assert list(tmp_path.glob("*.pdf")) == []


# Credit notes


def test_all_of_an_invoice_is_credited_once(bench: Bench, beside: Any, contact: str) -> None:
    product = beside.products.create({
        "Name": "Saddel",
        "BaseAmountValue": "99.95",
        "Quantity": 1,
        "AccountNumber": 1000,
        "Unit": "parts",
    })["ProductGuid"]
    lines = [
        line(BaseAmountValue="33.33", Quantity="3", Discount="12.5", Comments="red"),
        {"LineType": "Text", "Description": "Tak", "BaseAmountValue": 0, "Quantity": 0, "AccountNumber": 0},
        {"ProductGuid": product, "BaseAmountValue": "99.95", "Quantity": 2, "AccountNumber": 1000, "Unit": "parts"},
    ]
    for vat, key in ((False, "a"), (True, "b")):
        made = beside.invoices.create({
            "ContactGuid": contact,
            "ShowLinesInclVat": vat,
            "ProductLines": lines,
            "Address": "Her",
        })
        invoice = beside.invoices.book(made["Guid"])
        arguments = {"invoice": invoice["Guid"], "idempotency_key": key, "book": True, "send": "email"}
        dry = bench.one(DineroCreateCreditNoteOperator, **arguments, dry_run=True).returned
        assert dry["TotalInclVat"] == f"{invoice['TotalInclVat']:.2f}"
        told = bench.one(DineroCreateCreditNoteOperator, **arguments)
        assert told.state == "success", told.errors
        assert (told.returned["Guid"], told.returned["TotalInclVat"]) == (dry["Guid"], dry["TotalInclVat"])
        assert beside.invoices.get(invoice["Guid"])["PaymentStatus"] == "Paid"
        assert "booked credit note" in told.log
        again = bench.one(DineroCreateCreditNoteOperator, **arguments)
        assert (again.returned["Number"], again.returned["Change"]) == (told.returned["Number"], "unchanged")
    assert len(bench.sandbox.outbox()) == 2


def test_a_part_is_credited(bench: Bench, beside: Any, booked: dict[str, Any], contact: str) -> None:
    part = {"ContactGuid": contact, "ProductLines": [line(BaseAmountValue="40")]}
    arguments = {"invoice": booked, "idempotency_key": "part"}
    told = bench.one(DineroCreateCreditNoteOperator, credit_note=part, **arguments)
    assert told.returned["Change"] == "created"
    booking = bench.one(DineroCreateCreditNoteOperator, credit_note=part, **arguments, book=True)
    assert (booking.returned["TotalInclVat"], booking.returned["Change"]) == ("50.00", "updated")
    assert beside.invoices.payments(booked["Guid"])["RemainingAmount"] == 75
    other = {**part, "ProductLines": [line(BaseAmountValue="41")]}
    text = failed(bench.one(DineroCreateCreditNoteOperator, credit_note=other, **arguments))
    assert "there is '40', wanted is '41'" in text


def test_what_is_not_credited(bench: Bench, draft: dict[str, Any]) -> None:
    text = failed(bench.one(DineroCreateCreditNoteOperator, invoice=draft, retries=1))
    assert "is not booked: there is nothing to credit" in text
    assert "ProductLines is missing" in failed(bench.one(DineroCreateCreditNoteOperator))
    told = bench.one(DineroCreateCreditNoteOperator, invoice=draft, book=True, send="sms")
    assert "'sms' is no way to send: email, einvoice" in failed(told)


def test_a_credit_note_goes_electronically(bench: Bench, beside: Any, office: dict[str, Any]) -> None:
    invoice = beside.invoices.create({"ContactGuid": office["ContactGuid"], "ProductLines": [line()]})["Guid"]
    beside.invoices.book(invoice)
    arguments = {"invoice": invoice, "idempotency_key": "e", "book": True, "send": "einvoice"}
    for change in ("created", "unchanged"):
        told = bench.one(DineroCreateCreditNoteOperator, **arguments)
        assert (told.returned["Recipients"], told.returned["Change"]) == ([f"GLN {EAN}"], change)
    assert [each["document_type"] for each in bench.sandbox.outbox()] == ["CreditNote"]


# Trade offers


def test_an_offer_becomes_an_invoice_once(bench: Bench, beside: Any, contact: str) -> None:
    offer = {"ContactGuid": contact, "ProductLines": [line(BaseAmountValue="1234.50")]}
    with bench.dag() as dag:
        create = DineroCreateTradeOfferOperator(task_id="create", trade_offer=offer, idempotency_key="o")
        send = DineroSendTradeOfferOperator(task_id="send", trade_offer=create.output)
        invoice = DineroInvoiceTradeOfferOperator(task_id="invoice", trade_offer=create.output)
        DineroBookInvoiceOperator(task_id="book", invoice=invoice.output)
        send >> invoice
    run = bench.run(dag)
    assert run["create"].returned["Change"] == run["send"].returned["Change"] == "created"
    assert run["invoice"].returned["Change"] == "created"
    assert run["book"].returned["TotalInclVat"] == "1543.13"
    again = bench.again(run)
    for task in ("create", "send", "invoice"):
        assert again[task].returned["Change"] == "unchanged"
        assert again[task].returned["Guid"] == run[task].returned["Guid"]
    assert (bench.sandbox.state()["invoices"], len(bench.sandbox.outbox())) == (1, 1)
    other = {**offer, "ProductLines": [line()]}
    text = failed(bench.one(DineroCreateTradeOfferOperator, trade_offer=other, idempotency_key="o"))
    assert "there is '1234.5', wanted is '100'" in text
    dry = bench.one(DineroCreateTradeOfferOperator, trade_offer=other, dry_run=True)
    assert dry.returned["TotalInclVat"] == "125.00"


def test_an_offer_whose_invoice_was_deleted_is_invoiced_anew_on_demand(bench: Bench, beside: Any, contact: str) -> None:
    offer = beside.trade_offers.create({"ContactGuid": contact, "ProductLines": [line()]})["Guid"]
    dry = bench.one(DineroInvoiceTradeOfferOperator, trade_offer=offer, dry_run=True)
    assert dry.returned["Next"].endswith("/generate-invoice")
    first = bench.one(DineroInvoiceTradeOfferOperator, trade_offer=offer).returned["Guid"]
    beside.invoices.delete(first)
    text = failed(bench.one(DineroInvoiceTradeOfferOperator, trade_offer=offer))
    assert "was deleted. To make another on purpose, pass generation=1" in text
    for change in ("created", "unchanged"):
        told = bench.one(DineroInvoiceTradeOfferOperator, trade_offer=offer, generation=1)
        assert told.returned["Change"] == change
    assert told.returned["Guid"] != first
    assert "code 40" in failed(bench.one(DineroInvoiceTradeOfferOperator, trade_offer=NOWHERE))
    assert "code 40" in failed(bench.one(DineroSendTradeOfferOperator, trade_offer=NOWHERE))


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("effect", ["reset-after", "reset"])
def test_an_offer_is_invoiced_once_though_the_answer_is_lost(
    bench: Bench, beside: Any, contact: str, effect: str
) -> None:
    offer = beside.trade_offers.create({"ContactGuid": contact, "ProductLines": [line()]})["Guid"]
    bench.sandbox.fault(effect, method="POST", path="/**/generate-invoice", times=1)
    told = bench.one(DineroInvoiceTradeOfferOperator, trade_offer=offer)
    assert told.returned["Change"] == "created"
    assert beside.trade_offers.get(offer)["GeneratedVouchers"] == [told.returned["Guid"]]
