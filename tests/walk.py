"""A bookkeeper's year: every operation of the client, each for a purpose, against the sandbox."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from airflow_provider_dinero.api import DineroClient, eq
from tests.conftest import line

PDF = b"%PDF-1.4 receipt"
PAID = {"DepositAccountNumber": 55000, "RemainderIsFee": False, "Description": "Bank"}
GUIDS = [f"3f1d9a52-5f0e-5d55-9c39-4a1b6f7e2c{number:02}" for number in range(20)]
REMINDER = {
    "WithDebtCollectionWarning": False,
    "WithFee": True,
    "WithInterestFee": False,
    "WithCompensationFee": False,
}


def walk(client: DineroClient, sandbox: Any) -> None:
    """Call each operation at least once."""
    day = f"{sandbox.now():%Y-%m-%d}"
    look_around(client)
    contact = contacts(client)
    product = products(client)
    file = files(client)
    invoice = sales(client, contact, product, day)
    credit(client, contact, invoice, day)
    offers(client, contact)
    purchases(client, contact, file, day)
    by_hand(client, file, day)
    ledger(client, sandbox, day)
    dunning(client, sandbox, contact)
    numbers(client, sandbox, day)


def look_around(client: DineroClient) -> None:
    """What exists from the start."""
    assert client.organizations.list()[0].keys() >= {"Id", "Name", "IsPro"}
    assert client.organizations.subscriptions()[0]["Subscription"]
    assert client.countries.list()
    assert "U25" in {each["VatCode"] for each in client.vat_types.list()}
    assert client.accounting_years.list()
    client.accounts.create({"Number": 1310, "Name": "Rådgivning", "VatCode": "U25"})
    client.accounts.create_deposit({"Number": 55123, "Name": "Stripe"})
    assert 1310 in {each["AccountNumber"] for each in client.accounts.list()}
    assert 55123 in {each["AccountNumber"] for each in client.accounts.deposit()}
    assert client.accounts.purchase()
    assert client.sales.settings()
    assert client.invoices.templates() is not None
    event = "invoice.booked"
    assert client.webhooks.events()
    client.webhooks.subscribe(event, "https://example.com/hook")
    assert client.webhooks.subscriptions()
    client.webhooks.unsubscribe(event)


def contacts(client: DineroClient) -> str:
    """A customer, changed, deleted and restored, with a note."""
    body = {
        "Name": "Øre & Co",
        "CountryKey": "DK",
        "IsPerson": False,
        "Email": "ore@example.dk",
        "VatNumber": "12345674",
    }
    body |= {"EanNumber": "5790000000005", "AttPerson": "Åse"}
    guid = client.contacts.create({**body, "ContactGuid": GUIDS[0]})["ContactGuid"]
    client.contacts.update(guid, {**body, "City": "Århus"})
    client.contacts.delete(guid)
    assert [row["ContactGuid"] for row in client.contacts.list()] == []
    assert [row["ContactGuid"] for row in client.contacts.list_all()] == [guid]
    client.contacts.restore(guid)
    assert client.contacts.get(guid)["City"] == "Århus"
    assert [row["City"] for row in client.contacts.list(filters=eq("VatNumber", "12345674"))] == ["Århus"]
    client.contact_notes.create(guid, "ringede")
    (note,) = client.contact_notes.list(guid)
    client.contact_notes.update(guid, note["Id"], "ringede igen")
    assert client.contact_notes.get(guid, note["Id"])["Text"] == "ringede igen"
    client.contact_notes.delete(guid, note["Id"])
    assert list(client.contact_notes.list(guid)) == []
    return str(guid)


def products(client: DineroClient) -> str:
    """Two products, one of which goes."""
    body = {"Name": "Time", "BaseAmountValue": "800", "Quantity": 1, "AccountNumber": 1000, "Unit": "hours"}
    kept = client.products.create(body)["ProductGuid"]
    gone = client.products.create(body)["ProductGuid"]
    client.products.update(kept, {**body, "BaseAmountValue": "850.50"})
    client.products.delete(gone)
    assert [row["ProductGuid"] for row in client.products.list()] == [kept]
    assert client.products.get(kept)["BaseAmountValue"] == Decimal("850.5")
    return str(kept)


def files(client: DineroClient) -> str:
    """A receipt."""
    guid = client.files.upload(PDF, "bilag.pdf")["FileGuid"]
    assert client.files.get(guid) == PDF
    assert [row["FileGuid"] for row in client.files.list(extensions="pdf")] == [guid]
    return str(guid)


def sales(client: DineroClient, contact: str, product: str, day: str) -> str:
    """An invoice from draft to paid, and one that is deleted."""
    body = {"ContactGuid": contact, "Date": day, "ProductLines": [line(), line(Description=None, ProductGuid=product)]}
    assert client.invoices.fetch(body)["TotalInclVat"] > 0
    gone = client.invoices.create({**body, "Guid": GUIDS[1]})
    client.invoices.delete(gone["Guid"])
    guid = client.invoices.create({**body, "Guid": GUIDS[2]})["Guid"]
    client.invoices.update(guid, {**body, "Comment": "tak", "ProductLines": [line()]})
    client.attachments.bind_default(guid, "Invoice")
    file = client.files.upload_attachment(PDF, "vilkår.pdf")["FileGuid"]
    client.attachments.attach(guid, file, "vilkår.pdf")
    assert [each["FileName"] for each in client.attachments.list(guid)] == ["vilkår.pdf"]
    client.attachments.detach(guid, file)
    booked = client.invoices.book(guid)
    assert client.invoices.get(guid)["Status"] == "Booked"
    assert client.invoices.pdf(guid).startswith(b"%PDF")
    assert client.invoices.email_template(guid)
    client.invoices.email(guid)
    client.invoices.send_e_invoice(guid, {"OrderReference": "PO 7"})
    sms = {"ReceiverPhoneNumber": "+4512345678", "ReceiverName": "Åse", "IsReminder": False}
    client.sms.send(guid, sms, timestamp=client.invoices.get(guid)["TimeStamp"])
    assert len(client.invoices.mailouts(guid)) == 3
    total = booked["TotalInclVat"]
    payment = client.invoices.add_payment(guid, {**PAID, "Amount": total})
    assert client.invoices.payments(guid)["RemainingAmount"] == 0
    client.invoices.delete_payment(guid, payment["Guid"])
    client.invoices.add_payment(guid, {**PAID, "Amount": total, "ExternalReference": "payout 1"})
    assert {row["Guid"]: row["Status"] for row in client.invoices.list()} == {guid: "Paid"}
    assert {row["Type"] for row in client.sales.list()} == {"Invoice"}
    kinds = {change.row["Guid"]: change.kind for change in client.invoices.changes("2020-01-01")}
    assert kinds == {guid: "created", gone["Guid"]: "deleted"}
    return str(guid)


def credit(client: DineroClient, contact: str, invoice: str, day: str) -> None:
    """A credit note that is sent and paid back, and two that go."""
    body = {"ContactGuid": contact, "Date": day, "ProductLines": [line()]}
    assert client.credit_notes.fetch(body)["TotalInclVat"] > 0
    client.credit_notes.delete(client.invoices.generate_credit_note(invoice)["Guid"])
    guid = client.credit_notes.create({**body, "Guid": GUIDS[3]})["Guid"]
    client.credit_notes.update(guid, {**body, "Comment": "undskyld"})
    total = client.credit_notes.book(guid)["TotalInclVat"]
    assert client.credit_notes.get(guid)["Comment"] == "undskyld"
    assert client.credit_notes.pdf(guid).startswith(b"%PDF")
    assert client.credit_notes.email_template(guid)
    client.credit_notes.email(guid)
    client.credit_notes.send_e_credit_note(guid)
    assert len(client.credit_notes.mailouts(guid)) == 2
    payment = client.credit_notes.add_payment(guid, {**PAID, "Amount": total})
    client.credit_notes.delete_payment(guid, payment["Guid"])
    assert client.credit_notes.payments(guid)["PaidAmount"] == 0
    assert [row["Guid"] for row in client.credit_notes.list(status="Booked")] == [guid]


def offers(client: DineroClient, contact: str) -> None:
    """A trade offer that becomes an invoice, and one that goes."""
    body = {"ContactGuid": contact, "ProductLines": [line()]}
    assert client.trade_offers.fetch(body)["TotalInclVat"] > 0
    client.trade_offers.delete(client.trade_offers.create({**body, "Guid": GUIDS[4]})["Guid"])
    guid = client.trade_offers.create({**body, "Guid": GUIDS[5]})["Guid"]
    client.trade_offers.update(guid, {**body, "Comment": "gælder 14 dage"})
    assert client.trade_offers.pdf(guid).startswith(b"%PDF")
    assert client.trade_offers.email_template(guid)
    client.trade_offers.email(guid)
    assert len(client.trade_offers.mailouts(guid)) == 1
    invoice = client.trade_offers.generate_invoice(guid)
    assert client.trade_offers.get(guid)["GeneratedVouchers"] == [invoice["Guid"]]
    assert [row["Status"] for row in client.trade_offers.list()] == ["Invoiced"]
    client.invoices.delete(invoice["Guid"], timestamp=invoice["TimeStamp"])


def purchases(client: DineroClient, contact: str, file: str, day: str) -> None:
    """A credit purchase, paid and credited, and a cash one that goes."""
    lines = [{"Description": "Papir", "AccountNumber": 6000, "Amount": "125.50"}]
    cash = {
        "PurchaseType": "cash",
        "VoucherDate": day,
        "DepositAccountNumber": 55000,
        "RegionKey": "DK",
        "Lines": lines,
    }
    bought = {"PurchaseType": "credit", "VoucherDate": day, "PaymentDate": day, "ContactGuid": contact, "Lines": lines}
    assert client.purchase_vouchers.fetch(bought)
    assert not client.purchase_vouchers.similar(bought)["SimilarFound"]
    gone = client.purchase_vouchers.create(cash)["Guid"]
    client.purchase_vouchers.update(gone, {**cash, "FileGuid": file, "ContactGuid": contact})
    assert client.purchase_vouchers.of_file(file) == [gone]
    client.purchase_vouchers.delete(gone)
    guid = client.purchase_vouchers.create({**bought, "RegionKey": "DK"})["Guid"]
    client.purchase_vouchers.book(guid)
    payment = client.purchase_vouchers.add_payment(guid, {**PAID, "Amount": "125.50"})
    assert len(client.purchase_vouchers.payments(guid)) == 1
    client.purchase_vouchers.delete_payment(guid, payment["Guid"])
    assert client.purchase_vouchers.get(guid)["Status"] == "Booked"
    client.purchase_credit_notes.delete(
        client.purchase_vouchers.generate_credit_note(guid, {"VoucherDate": day})["Guid"]
    )
    back = {"ContactGuid": contact, "Date": day, "Lines": lines}
    note = client.purchase_credit_notes.create({**back, "Guid": GUIDS[6]})["Guid"]
    client.purchase_credit_notes.update(note, {**back, "Currency": "DKK"})
    client.purchase_credit_notes.book(note)
    assert client.purchase_credit_notes.get(note)["CreditNoteNumber"]


def by_hand(client: DineroClient, file: str, day: str) -> None:
    """A manual voucher, booked and offset."""
    lines = [{"Description": "Gebyr", "Amount": "10", "AccountNumber": 6000, "BalancingAccountNumber": 55000}]
    guid = client.manual_vouchers.create({"VoucherDate": day, "Lines": lines})["Guid"]
    client.manual_vouchers.update(guid, {"VoucherDate": day, "Lines": lines, "FileGuid": file})
    client.manual_vouchers.book(guid)
    assert client.manual_vouchers.get(guid)["Status"] == "Booked"
    client.manual_vouchers.delete(guid)


def ledger(client: DineroClient, sandbox: Any, day: str) -> None:
    """A payout: three items, one of which goes; the others are booked."""

    def item(number: int) -> dict[str, Any]:
        account = {"AccountNumber": 55000, "BalancingAccountNumber": 1000, "BalancingAccountVatCode": "none"}
        bank = {"Id": GUIDS[14 + number], "Description": "Payout", "Amount": "100.25", **account}
        return {"Id": GUIDS[10 + number], "VoucherNumber": 900 + number, "VoucherDate": day, "Lines": [bank]}

    first, second, third = client.ledger_items.create([item(0), item(1), item(2)])
    client.ledger_items.delete([third])
    assert len(client.ledger_items.get([first["Id"], second["Id"]])) == 2
    (second,) = client.ledger_items.update([{**item(1), "Version": second["Version"]}])
    client.ledger_items.book([first, second])
    sandbox.forward(seconds=10)
    assert {each["Status"] for each in client.ledger_items.status([first["Id"], second["Id"]])} == {"Booked"}


def dunning(client: DineroClient, sandbox: Any, contact: str) -> None:
    """An unpaid invoice."""
    guid = client.invoices.create({"Guid": GUIDS[7], "ContactGuid": contact, "ProductLines": [line()]})["Guid"]
    client.invoices.book(guid)
    sandbox.forward(days=40)
    client.invoices.email_pre_reminder(guid)
    assert client.invoices.pre_reminder_template(guid)
    body = {**REMINDER, "Date": f"{sandbox.now():%Y-%m-%d}"}
    assert client.reminders.fetch(guid, body)["FeeAmount"]
    assert client.reminders.next(guid)["Timestamp"]
    gone = client.reminders.create(guid, body)
    client.reminders.delete(guid, gone["Id"])
    number = client.reminders.create(guid, body)["Id"]
    client.reminders.update(guid, number, {**body, "Title": "Rykker"})
    client.reminders.book(guid, number)
    assert client.reminders.get(guid, number)["Title"] == "Rykker"
    assert client.reminders.pdf(guid, number).startswith(b"%PDF")
    assert client.reminders.email_template(guid)
    client.reminders.email(guid)
    client.reminders.send_e_reminder(guid, number)
    assert len([each for each in client.reminders.list(guid) if not each["IsDeleted"]]) == 1
    assert client.state_of_account.get(contact)
    assert client.state_of_account.pdf(contact).startswith(b"%PDF")
    client.state_of_account.email(contact)


def numbers(client: DineroClient, sandbox: Any, day: str) -> None:
    """What the books say of it."""
    year = day[:4]
    postings = list(client.entries.between(f"{year}-01-01", f"{int(year) + 1}-12-31"))
    assert sum(each["Amount"] for each in postings) == 0
    added = client.entries.changes(f"{year}-01-01", sandbox.now(), include_primo=False)
    assert {each["EntryGuid"] for each in added} == {each["EntryGuid"] for each in postings if each["Type"] == "Normal"}
    for report in (client.reports.saldo, client.reports.result, client.reports.balance):
        assert report(year)
    assert client.reports.primo(year) is not None


def performed(sandbox: Any) -> Iterator[str]:
    """Yield the requests that were successful."""
    for each in sandbox.requests():
        if each["status"] < 300:
            yield f"{each['method']} {each['path'].partition('?')[0]}"
