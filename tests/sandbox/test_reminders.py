from __future__ import annotations

import io
from typing import Any

import pypdf
import pytest
import requests

from .conftest import Caller, Draft, line
from .test_payments import entries, pay, payments, status

Late = dict[str, Any]


@pytest.fixture
def late(booked: Draft) -> Late:
    """An invoice of 125.00 that was due on January 10."""
    return booked(Date="2026-01-05", PaymentConditionType="Netto", PaymentConditionNumberOfDays=5)


def remind(call: Caller, late: Late, date: str = "2026-03-10", status: int = 200, **more: Any) -> Any:
    path = f"/invoices/{late['Guid']}"
    body = {"Timestamp": call("GET", path)["TimeStamp"], "Date": date, "WithFee": True, **more}
    return call("POST", f"{path}/reminders", status, json=body)


def book(call: Caller, late: Late, reminder: Any) -> Any:
    path = f"/invoices/{late['Guid']}/reminders/{reminder['Id']}/book"
    return call("POST", path, json={"Timestamp": reminder["Timestamp"]})


def test_draft_has_no_effect_until_it_is_booked(call: Caller, late: Late) -> None:
    reminder = remind(call, late, Title="Rykker!", WithDebtCollectionWarning=True)
    assert (reminder["IsDraft"], reminder["Number"], reminder["Title"]) == (True, 1, "Rykker!")
    assert (str(reminder["FeeAmount"]), str(reminder["ReminderTotalInclVatAmount"])) == ("100.00", "225.00")
    assert reminder["DebtCollectionNoticeText"]
    total = "InvoiceTotalIncludingReminderExpenses"
    assert str(payments(call, late["Guid"])[total]) == "125.00"
    booked = book(call, late, reminder)
    assert booked == {**reminder, "IsDraft": False, "Timestamp": booked["Timestamp"]}
    assert str(payments(call, late["Guid"])[total]) == "225.00"
    pay(call, late["Guid"], 125)
    assert status(call, late["Guid"]) == "Overdue"
    pay(call, late["Guid"], 100)
    assert status(call, late["Guid"]) == "Paid"


def test_booking_posts_the_fee(call: Caller, late: Late) -> None:
    book(call, late, remind(call, late))
    rows = call("GET", "/entries", params={"fromDate": "2026-03-10", "toDate": "2026-03-10"})
    assert [(row["AccountNumber"], str(row["Amount"])) for row in rows] == [(56000, "100.00"), (1200, "-100.00")]


def test_interest_and_compensation(call: Caller, late: Late) -> None:
    # 8 % a year of 125.00 for the 59 days since January 10: 1.6164...
    reminder = remind(call, late, WithFee=False, WithInterestFee=True, WithCompensationFee=True)
    assert (str(reminder["InterestAmount"]), str(reminder["CompensationFeeAmount"])) == ("1.62", "310.00")
    assert str(reminder["ReminderTotalInclVatAmount"]) == "436.62"
    book(call, late, reminder)
    second = remind(call, late, "2026-03-20", WithInterestFee=True)
    # The next one starts on March 10, of 436.62: 10 days, 0.9569...
    assert (str(second["InterestAmount"]), second["CompensationFeeAvailable"]) == ("0.96", False)
    assert str(second["AccumulatedFeesAndInterestAmount"]) == "311.62"


def test_three_at_most_ten_days_apart(call: Caller, late: Late) -> None:
    remind(call, late, "2026-01-20")
    assert remind(call, late, "2026-01-29", 400)["code"] == 42
    remind(call, late, "2026-01-30")
    third = remind(call, late, "2026-02-09")
    assert remind(call, late, "2026-02-19", 400)["code"] == 43
    assert call.code("GET", f"/invoices/{late['Guid']}/reminders/next") == 43
    path = f"/invoices/{late['Guid']}/reminders"
    assert [item["Number"] for item in call("GET", path)] == [1, 2, 3]
    call("DELETE", f"{path}/{third['Id']}", json={"Timestamp": third["Timestamp"]})
    assert remind(call, late, "2026-02-19")["Number"] == 3


def test_dated_after_the_due_date(call: Caller, late: Late) -> None:
    assert remind(call, late, "2026-01-10", 400)["code"] == 42
    assert remind(call, late, "10-03-2026", 400)["code"] == 42
    remind(call, late, "2026-01-11")


def test_only_of_an_overdue_invoice(call: Caller, booked: Draft, draft: Draft) -> None:
    assert remind(call, booked(), status=400)["code"] == 74
    assert remind(call, draft(), status=400)["code"] == 59


def test_replace_a_draft_only(call: Caller, late: Late) -> None:
    reminder = remind(call, late)
    path = f"/invoices/{late['Guid']}/reminders/{reminder['Id']}"
    body = {"Timestamp": reminder["Timestamp"], "Date": "2026-03-11", "WithFee": False}
    changed = call("PUT", path, json=body)
    assert (changed["Date"], changed["FeeAmount"]) == ("2026-03-11", 0)
    assert call.code("PUT", path, json=body) == 58
    booked = book(call, late, changed)
    assert call.code("PUT", path, json={**body, "Timestamp": booked["Timestamp"]}) == 45


def test_deleting_a_booked_one_offsets_it(call: Caller, late: Late) -> None:
    booked = book(call, late, remind(call, late))
    path = f"/invoices/{late['Guid']}/reminders"
    call("DELETE", f"{path}/{booked['Id']}", json={"Timestamp": booked["Timestamp"]})
    assert [item["IsDeleted"] for item in call("GET", path)] == [True]
    assert str(payments(call, late["Guid"])["RemainingAmount"]) == "125.00"
    saldo = {row["AccountNumber"]: row["Amount"] for row in call("GET", "/2026/reports/saldo")}
    assert saldo.get(1200, 0) == 0


def test_next_and_fetch_save_nothing(call: Caller, late: Late) -> None:
    path = f"/invoices/{late['Guid']}/reminders"
    known = call("GET", f"{path}/next")
    assert (known["Id"], known["Date"], known["WithFee"], known["Title"]) == (None, "2026-03-10", True, "Rykker 1")
    body = {"Date": "2026-03-10", "WithFee": True, "WithInterestFee": True}
    assert call("POST", f"{path}/fetch", json=body) == known
    assert call("GET", path) == []
    assert call("GET", f"{path}/7", 404)["code"] == 40


def test_sent_by_mail(call: Caller, late: Late) -> None:
    path = f"/invoices/{late['Guid']}"
    reminder = remind(call, late, WithDebtCollectionWarning=True)
    assert call.code("POST", f"{path}/reminders/email") == 88
    assert call.code("GET", f"{path}/reminders/email/template") == 88
    book(call, late, reminder)
    assert call("GET", f"{path}/reminders/email/template")["Subject"] == "Rykker for faktura 1"
    assert call("GET", path)["IsSentToDebtCollection"] is False
    sent = call("POST", f"{path}/reminders/email")
    assert sent == {"Recipients": [{"Email": "bogholderi@cykelbud.example"}]}
    after = call("GET", path)
    assert (after["LatestMailOutType"], after["IsSentToDebtCollection"]) == ("Reminder", True)
    # The outbox shows the reminder itself: its total with the fee, and its PDF.
    (mail,) = call.sandbox.outbox()
    assert (mail["type"], mail["number"], mail["total"], mail["reminder"]) == ("Reminder", 1, 225.0, reminder["Id"])
    url = f"{call.sandbox.url}/_sandbox/ui/outbox/{mail['id']}"
    pdf = requests.get(f"{url}/pdf", timeout=10).content
    assert "Rykker 1" in pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    assert "Reminder of Invoice 1 to Aarhus Cykelbud ApS, 225,00" in requests.get(url, timeout=10).text


def test_sent_electronically(call: Caller, late: Late, contact: str) -> None:
    path = f"/invoices/{late['Guid']}/reminders"
    reminder = remind(call, late)
    body = {"ReceiverEanNumber": "5790000000005", "AttPerson": "Ida"}
    assert call.code("POST", f"{path}/{reminder['Id']}/e-reminder", json=body) == 88
    book(call, late, reminder)
    call("POST", f"{path}/{reminder['Id']}/e-reminder", json=body)
    (sent,) = call.sandbox.outbox()
    assert (sent["type"], sent["to"]) == ("ElectronicInvoiceReminder", "GLN 5790000000005")


def test_pdf(call: Caller, late: Late) -> None:
    reminder = remind(call, late)
    path = f"/invoices/{late['Guid']}/reminders/{reminder['Id']}"
    pdf = call.raw("GET", path, headers={"Accept": "application/octet-stream"})
    text = pypdf.PdfReader(io.BytesIO(pdf.content)).pages[0].extract_text()
    assert "Rykker 1" in text
    assert "225.00" in text


def test_pre_reminder_is_mail_only(call: Caller, late: Late, booked: Draft) -> None:
    path = f"/invoices/{late['Guid']}"
    assert call("GET", f"{path}/email/pre-reminder/template")["Subject"] == "Påmindelse om faktura 1"
    assert call("POST", f"{path}/email/pre-reminder") is None
    assert call("GET", path)["LatestMailOutType"] == "PreReminder"
    assert call("GET", f"{path}/reminders") == []
    assert call.code("POST", f"/invoices/{booked()['Guid']}/email/pre-reminder") == 74
    assert len(call.sandbox.outbox()) == 1


def test_fee_of_the_invoice(call: Caller, booked: Draft) -> None:
    invoice = booked(Date="2026-01-05", ReminderFee=40)
    assert str(remind(call, invoice)["FeeAmount"]) == "40.00"
    paid = pay(call, invoice["Guid"], 25)
    assert entries(call, paid["RelatedVoucherGuid"])
    assert str(call("GET", f"/invoices/{invoice['Guid']}/reminders")[0]["PaidAmount"]) == "-25.00"


def test_replacing_keeps_ten_days_to_both_neighbours(call: Caller, late: Late) -> None:
    dates = ("2026-01-20", "2026-02-01", "2026-02-15")
    second = [remind(call, late, date) for date in dates][1]
    path = f"/invoices/{late['Guid']}"
    one = f"{path}/reminders/{second['Id']}"
    for date, answered in (("2026-01-29", 400), ("2026-02-06", 400), ("2026-02-05", 200), ("2026-01-30", 200)):
        body = {"Timestamp": call("GET", path)["TimeStamp"], "Date": date}
        assert call("PUT", one, answered, json=body).get("code") == (42 if answered == 400 else None)


def test_reminders_are_booked_in_order_and_their_numbers_can_repeat(call: Caller, late: Late) -> None:
    first, second = remind(call, late, "2026-01-20"), remind(call, late, "2026-02-01")
    path = f"/invoices/{late['Guid']}/reminders"
    stamp = {"Timestamp": second["Timestamp"]}
    assert call.code("POST", f"{path}/{second['Id']}/book", json=stamp) == 45
    booked = book(call, late, {**first, **stamp})
    call("DELETE", f"{path}/{first['Id']}", json={"Timestamp": booked["Timestamp"]})
    # The number of one that was deleted is used again, and so numbers repeat.
    assert remind(call, late, "2026-02-11")["Number"] == 2
    assert [item["Number"] for item in call("GET", path)] == [1, 2, 2]


def test_fees_of_a_foreign_invoice_are_in_its_currency(call: Caller, booked: Draft) -> None:
    invoice = booked(Date="2026-01-05", Currency="EUR")
    # 100 and 310 kroner at 7.46
    reminder = remind(call, invoice, WithCompensationFee=True)
    assert (str(reminder["FeeAmount"]), str(reminder["CompensationFeeAmount"])) == ("13.40", "41.55")


def test_interest_beyond_measure_is_refused(call: Caller, booked: Draft) -> None:
    invoice = booked(line(10**11), Date="2026-01-05", ReminderInterestRate=100)
    assert remind(call, invoice, "9999-12-31", 400, WithInterestFee=True)["code"] == 42
