"""Dunning."""

from typing import Any

import pytest

from airflow_provider_dinero.operators.reminders import DineroRemindOperator
from tests.conftest import CONTACT, line
from tests.operators.bench import Bench

FEE = {"WithFee": True, "WithInterestFee": False, "WithCompensationFee": False, "WithDebtCollectionWarning": False}


@pytest.fixture
def late(bench: Bench, beside: Any) -> str:
    """The Guid of a booked invoice of 125.00 that was due on January 10."""
    contact = beside.contacts.create({**CONTACT, "IsPerson": False, "Email": "bjorn@example.no"})
    made = beside.invoices.create({
        "ContactGuid": contact["ContactGuid"],
        "Date": "2026-01-05",
        "PaymentConditionType": "Netto",
        "PaymentConditionNumberOfDays": 5,
        "ProductLines": [line()],
    })
    beside.invoices.book(made["Guid"])
    return str(made["Guid"])


def remind(bench: Bench, invoice: Any, **options: Any) -> Any:
    return bench.one(DineroRemindOperator, invoice=invoice, retries=2, **{"reminder": FEE, **options})


def test_a_reminder_is_made_booked_and_sent_once(bench: Bench, beside: Any, late: str) -> None:
    whole = {"date": "2026-02-01", "book": True, "send": "email"}
    first, again = (remind(bench, late, **whole) for _ in range(2))
    assert first.state == "success", first.errors
    made = first.returned
    assert (made["Guid"], made["Number"], made["Status"], made["TotalInclVat"]) == (late, 1, "Booked", "225.00")
    assert (made["Recipients"], made["Change"]) == (["bjorn@example.no"], "created")
    assert f"reminder 1 of invoice {late} booked, 225.00" in first.log
    assert f"reminder 1 of invoice {late} e-mailed, recipients: 1" in first.log
    assert f"reminder 1 of invoice {late} was already booked, 225.00" in again.log
    assert f"reminder 1 of invoice {late} was already e-mailed, recipients: 1" in again.log
    assert again.returned == {**made, "Change": "unchanged", "Timestamp": again.returned["Timestamp"]}
    (mail,) = bench.sandbox.outbox()
    assert (mail["type"], mail["to"]) == ("Reminder", "bjorn@example.no")
    assert len(beside.reminders.list(late)) == 1
    assert remind(bench, late, **whole, resend="1").returned["Recipients"] == ["bjorn@example.no"]
    assert len(bench.sandbox.outbox()) == 2


def test_a_draft_is_the_default_and_the_rest_is_done_later(bench: Bench, beside: Any, late: str) -> None:
    draft = remind(bench, late, date="2026-02-01")
    assert (draft.returned["Status"], draft.returned["Change"]) == ("Draft", "created")
    assert f"reminder 1 of invoice {late} is a draft, 225.00" in draft.log
    waiting = remind(bench, late, date="2026-02-20")
    assert waiting.state == "skipped"
    assert "number 1, of 2026-02-01, is still a draft" in waiting.log
    booked = remind(bench, late, date="2026-02-01", book=True)
    assert (booked.returned["Id"], booked.returned["Status"]) == (draft.returned["Id"], "Booked")
    assert bench.sandbox.outbox() == []


def test_three_at_most_ten_days_apart(bench: Bench, beside: Any, late: str) -> None:
    told = {
        day: remind(bench, late, date=day, book=True)
        for day in ("2026-01-10", "2026-01-11", "2026-01-20", "2026-01-21", "2026-02-01", "2026-03-01")
    }
    assert [each.state for each in told.values()] == ["skipped", "success", "skipped", "success", "success", "skipped"]
    assert "No reminder of invoice 1 is due before 2026-01-11" in told["2026-01-10"].log
    assert "No reminder of invoice 1 is due before 2026-01-21" in told["2026-01-20"].log
    assert "it has had 3" in told["2026-03-01"].log
    assert [each["Number"] for each in beside.reminders.list(late)] == [1, 2, 3]


def test_a_number_asks_for_that_reminder(bench: Bench, beside: Any, late: str) -> None:
    assert "Reminder 2 of invoice 1 is not due: it has had 0" in remind(bench, late, number=2).log
    first = remind(bench, late, number="1", date="2026-01-11", book=True)
    again = remind(bench, late, number=1, date="2026-03-01", book=True)
    assert again.returned == {**first.returned, "Change": "unchanged"}
    assert remind(bench, late, number=2, date="2026-03-01", book=True).returned["Number"] == 2
    assert remind(bench, late, number=1).state == "skipped"


def test_other_content_for_the_same_day_is_an_error(bench: Bench, late: str) -> None:
    remind(bench, late, date="2026-02-01")
    failed = remind(bench, late, date="2026-02-01", reminder={**FEE, "WithFee": False})
    assert (failed.state, len(failed.errors)) == ("failed", 1)
    assert "Reminder 1 of invoice 1 exists with other content: WithFee: Dinero has True, you gave False" in failed.error


def test_what_dinero_proposes_is_the_default(bench: Bench, late: str) -> None:
    told = remind(bench, late, date="2026-02-01", reminder={"Title": "Sidste frist"})
    assert told.state == "success"
    assert float(told.returned["TotalInclVat"]) > 225  # with fee and interest
    assert remind(bench, late, date="2026-02-01", reminder={"Title": "Sidste frist"}).returned["Change"] == "unchanged"


@pytest.mark.parametrize("kind", ["reminder", "pre-reminder"])
def test_none_is_due_of_an_invoice_that_is_not_overdue(bench: Bench, beside: Any, late: str, kind: str) -> None:
    draft = beside.invoices.create({"ProductLines": [line()]})["Guid"]
    body = {"Amount": 125, "DepositAccountNumber": 55000, "Description": "Bank", "RemainderIsFee": False}
    beside.invoices.add_payment(late, body)
    for guid in (draft, late):
        skipped = remind(bench, guid, kind=kind)
        assert skipped.state == "skipped"
        assert "reminder is due: " in skipped.log or "not Overdue" in skipped.log
    assert bench.sandbox.outbox() == []


def test_a_pre_reminder_is_sent_once(bench: Bench, beside: Any, late: str) -> None:
    first, again = (remind(bench, late, kind="pre-reminder", reminder=None) for _ in range(2))
    assert (first.returned["Change"], again.returned["Change"]) == ("created", "unchanged")
    assert first.returned["Recipients"] == again.returned["Recipients"] == ["bjorn@example.no"]
    assert [each["type"] for each in bench.sandbox.outbox()] == ["PreReminder"]
    assert beside.reminders.list(late) == []


def test_an_electronic_reminder_is_checked_and_sent_once(bench: Bench, beside: Any, late: str) -> None:
    whole = {"date": "2026-02-01", "book": True, "send": "einvoice"}
    failed = remind(bench, late, **whole)
    assert (failed.state, len(failed.errors)) == ("failed", 1)
    assert "to receive electronic documents" in failed.error
    to = {"ReceiverEanNumber": "5790000000005", "AttPerson": "Ida"}
    first, again = (remind(bench, late, **whole, mailout=to) for _ in range(2))
    assert first.state == again.state == "success", first.errors
    assert [each["channel"] for each in bench.sandbox.outbox()] == ["e-invoice"]


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("path", ["/**/reminders", "/**/book", "/**/reminders/email"])
@pytest.mark.parametrize("effect", ["reset-after", "reset"])
def test_a_lost_answer_doubles_nothing(bench: Bench, beside: Any, late: str, path: str, effect: str) -> None:
    bench.sandbox.fault(effect, method="POST", path=path, times=1)
    whole = {"date": "2026-02-01", "book": True, "send": "email"}
    told = remind(bench, late, **whole)
    if (path, effect) == ("/**/reminders/email", "reset"):  # no mail-out is to be seen: a person has to look
        assert (told.state, len(told.errors)) == ("failed", 1)
        assert "DineroOutcomeUnknown" in told.log
        assert bench.sandbox.outbox() == []
        told = remind(bench, late, **whole)
    assert told.state == "success", told.errors
    assert [each["IsDraft"] for each in beside.reminders.list(late)] == [False]
    assert len(bench.sandbox.outbox()) == 1


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"kind": "rykker"}, "There is no kind 'rykker'"),
        ({"send": "fax", "book": True}, "There is no channel 'fax'"),
        ({"send": "email"}, "A draft can't be sent.\nPass book=True too."),
        ({"number": "x"}, "number: 'x' is not a whole number"),
        ({"reminder": {"WithFees": True}}, "WithFees is unknown to Dinero, did you mean WithFee?"),
        ({"date": "10-03-2026"}, "Date"),
    ],
)
def test_what_is_wrong_fails_at_once(bench: Bench, late: str, options: dict[str, Any], told: str) -> None:
    failed = remind(bench, late, **options)
    assert (failed.state, len(failed.errors)) == ("failed", 1)
    assert told in failed.error


def test_a_dry_run_tells_what_it_would_come_to(bench: Bench, beside: Any, late: str) -> None:
    told = remind(bench, late, date="2026-02-01", book=True, send="email", dry_run=True)
    assert told.returned["TotalInclVat"] == "225.00"
    assert told.returned["Next"].endswith("/reminders")
    assert beside.reminders.list(late) == []
    draft = remind(bench, late, date="2026-02-01")
    told = remind(bench, late, date="2026-02-01", book=True, dry_run=True)
    assert told.returned == {"DryRun": True, "Next": told.returned["Next"]}
    assert told.returned["Next"].endswith(f"/reminders/{draft.returned['Id']}/book")


@pytest.mark.parametrize(
    ("lacking", "options", "reason"),
    [
        ("Email", {"send": "email"}, "Bjørn Hansen has no e-mail address"),
        ("EanNumber", {"send": "einvoice"}, "Bjørn Hansen has no EanNumber to receive electronic documents"),
        ("AttPerson", {"send": "einvoice"}, "Bjørn Hansen has no AttPerson"),
        (None, {"send": "einvoice", "mailout": {"ReceiverEanNumber": "5798000420008"}}, "is not an EAN number"),
        (None, {"send": "email", "mailout": {"Reciever": "a@b.dk"}}, "did you mean Receiver?"),
        ("Email", {"kind": "pre-reminder"}, "Bjørn Hansen has no e-mail address"),
    ],
)
def test_what_the_way_of_sending_needs_is_checked_before(
    bench: Bench, beside: Any, late: str, lacking: str | None, options: dict[str, Any], reason: str
) -> None:
    guid = beside.invoices.get(late)["ContactGuid"]
    contact = {**CONTACT, "IsPerson": False, "Email": "a@b.dk", "EanNumber": "5798000420007", "AttPerson": "Bo"}
    beside.contacts.update(guid, {name: value for name, value in contact.items() if name != lacking})
    arguments: dict[str, Any] = {"date": "2026-02-01", "book": True, **options}
    for dry_run in (True, False):
        told = remind(bench, late, **arguments, dry_run=dry_run)
        if dry_run or "kind" not in options:
            assert (told.state, len(told.errors)) == ("failed", 1)
            assert reason in told.error
    assert beside.reminders.list(late) == []
    beside.contacts.update(guid, contact)
    mended = remind(bench, late, **arguments | {"mailout": None})
    assert (mended.state, mended.returned["Change"]) == ("success", "created"), mended.errors
    assert len(bench.sandbox.outbox()) == 1
