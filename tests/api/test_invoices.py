"""Invoices, against the sandbox. Expectations are computed by hand."""

from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient, PersonalIntegration, eq, errors
from airflow_provider_dinero.api.operations import Operation
from airflow_provider_dinero.api.ports import MemoryTokenStore
from airflow_provider_dinero.sandbox.server import running
from tests.conftest import line

GUID = "3f1d9a52-5f0e-5d55-9c39-4a1b6f7e2c10"


@pytest.fixture
def draft(client: Any, contact: str) -> dict[str, Any]:
    body = {"Guid": GUID, "ContactGuid": contact, "ProductLines": [line(Quantity="2.5", Discount=10)]}
    return client.invoices.create(body)


def test_create_book_mail(client: Any, draft: dict[str, Any], sandbox: Any) -> None:
    booked = client.invoices.book(GUID, timestamp=draft["TimeStamp"])
    assert (booked["Status"], booked["Number"]) == ("Booked", 1)
    # 2.5 × 100 less 10 % is 225, and 25 % VAT makes 281.25
    assert (booked["TotalExclVat"], booked["TotalInclVat"]) == (Decimal("225.00"), Decimal("281.25"))
    assert isinstance(booked["TotalInclVat"], Decimal)
    assert client.invoices.email_once(GUID) == {"Recipients": ["bjorn@example.no"], "Change": "created"}
    assert client.invoices.email_once(GUID) == {"Recipients": ["bjorn@example.no"], "Change": "unchanged"}
    assert [mail["to"] for mail in sandbox.outbox()] == ["bjorn@example.no"]


def test_the_same_guid_again_gives_the_invoice_that_is_there(client: Any, draft: dict[str, Any], contact: str) -> None:
    again = client.invoices.create({
        "Guid": GUID,
        "ContactGuid": contact.upper(),
        "ProductLines": [line(Quantity=2.5, Discount="10.0")],
    })
    assert (again["Guid"], again["TimeStamp"], again["Status"]) == (GUID, draft["TimeStamp"], "Draft")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"Quantity": 3, "Discount": 10}, "Quantity: Dinero has '2.5', you gave '3'"),
        ({"Quantity": "2.5", "Discount": 5}, "Discount: Dinero has '10', you gave '5'"),
        ({"Quantity": "2.5", "Discount": 10, "Description": "CD"}, "Description: Dinero has 'Plader', you gave 'CD'"),
    ],
)
def test_other_content_is_a_conflict(
    client: Any, draft: dict[str, Any], contact: str, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(errors.DineroConflict) as raised:
        client.invoices.create({"Guid": GUID, "ContactGuid": contact, "ProductLines": [line(**changes)]})
    assert f"ProductLines[0].{told}" in str(raised.value)


@pytest.mark.parametrize(
    "lines",
    [
        [line(Discount=0), line(LineType="Text", Description="Tak", Quantity=1, BaseAmountValue=0)],
        [line(Quantity="-0")],
        [line(Comments="")],
    ],
)
def test_the_same_content_is_the_same_however_it_is_written(client: Any, contact: str, lines: Any) -> None:
    body = {"Guid": GUID, "ContactGuid": contact, "ProductLines": lines, "PaymentConditionType": "Paid", "Comment": ""}
    first = client.invoices.create(body)
    assert client.invoices.create({**body, "Guid": GUID.upper(), "Description": ""})["Guid"] == first["Guid"]


@pytest.mark.parametrize(
    "there", [{"Currency": "EUR"}, {"ShowLinesInclVat": True}, {"ProductLines": [line(Discount=50)]}]
)
def test_what_was_left_out_this_time_counts_as_its_default(client: Any, there: dict[str, Any]) -> None:
    client.invoices.create({"Guid": GUID, "ProductLines": [line()], **there})
    with pytest.raises(errors.DineroConflict):
        client.invoices.create({"Guid": GUID, "ProductLines": [line()]})


def test_a_number_that_is_not_the_wanted_one_is_a_conflict(client: Any, draft: dict[str, Any]) -> None:
    client.invoices.book(GUID)
    for timestamp in (draft["TimeStamp"], None):
        with pytest.raises(errors.DineroConflict, match="booked as 1, but you asked for 500"):
            client.invoices.book(GUID, number=500, timestamp=timestamp)


def test_one_name_is_as_good_as_a_list_of_one(client: Any, draft: dict[str, Any]) -> None:
    assert len(list(client.invoices.list(status="Draft", filters=eq("Description", "Faktura")))) == 1
    today = client.invoices.get(GUID)["Date"]
    assert len(list(client.invoices.list(start_date=today, end_date=today))) == 1


@pytest.mark.parametrize("switch", [True, False])
def test_a_deleted_row_is_told_once_whatever_v1_lists_do(switch: bool) -> None:
    with running(v1_changes_include_deleted=switch) as box:
        grant = PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", box.url)
        client = DineroClient(100001, grant, base_url=box.url, token_store=MemoryTokenStore())
        for guid in (GUID, GUID[:-1] + "1"):
            client.invoices.create({"Guid": guid, "ProductLines": [line()]})
        client.send(Operation("DELETE", "/v1/{organizationId}/invoices/{guid}"), {"guid": GUID})
        since = "2020-01-01T00:00:00Z"
        found = [(change.kind, change.row["Guid"]) for change in client.invoices.changes(since)]
        assert sorted(found) == [("created", GUID[:-1] + "1"), ("deleted", GUID)]
        assert len(list(client.invoices.changes(since, include_deleted=False))) == 1
        assert len(list(client.invoices.changes(None))) == 1
        client.close()


def test_amounts_with_vat_are_compared_with_vat(client: Any) -> None:
    body = {"Guid": GUID, "ShowLinesInclVat": True, "ProductLines": [line(BaseAmountValue="0.99", Quantity=3)]}
    client.invoices.create(body)
    assert client.invoices.create(body)["TotalInclVat"] == Decimal("2.97")


def test_a_stale_timestamp_books_nothing(client: Any, draft: dict[str, Any]) -> None:
    with pytest.raises(errors.DineroStaleTimestamp, match="read the document again"):
        client.invoices.book(GUID, timestamp="0000000000000001")
    assert client.invoices.get(GUID)["Status"] == "Draft"


def test_booking_twice_is_booking_once(client: Any, draft: dict[str, Any]) -> None:
    first = client.invoices.book(GUID, timestamp=draft["TimeStamp"])
    for timestamp in (draft["TimeStamp"], first["TimeStamp"], None):
        assert client.invoices.book(GUID, timestamp=timestamp)["Number"] == 1


def test_a_draft_without_contact_is_not_booked(client: Any) -> None:
    draft = client.invoices.create({"ProductLines": [line()]})
    with pytest.raises(errors.DineroInvalidRequest):
        client.invoices.book(draft["Guid"], timestamp=draft["TimeStamp"])


def test_mail_needs_a_booked_invoice_and_an_address(client: Any, draft: dict[str, Any], sandbox: Any) -> None:
    with pytest.raises(errors.DineroInvalidRequest, match="Book the document first"):
        client.invoices.email_once(GUID)
    silent = client.contacts.create({"Name": "Bo", "CountryKey": "DK", "IsPerson": True})
    quiet = client.invoices.create({"ContactGuid": silent["ContactGuid"], "ProductLines": [line()]})
    client.invoices.book(quiet["Guid"])
    with pytest.raises(errors.DineroInvalidRequest, match="Give the contact an e-mail address"):
        client.invoices.email_once(quiet["Guid"])
    with pytest.raises(errors.DineroInvalidBody, match="Message"):
        client.invoices.email_once(quiet["Guid"], {"Message": "no link"})
    assert sandbox.outbox() == []
    assert client.invoices.email_once(quiet["Guid"], {"Receiver": "a@b.dk,c@d.dk"})["Recipients"] == [
        "a@b.dk",
        "c@d.dk",
    ]


def test_lists_stream_over_pages(make_client: Any, sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow_provider_dinero.api.lists import paging

    monkeypatch.setattr(paging, "PAGE_SIZE", 3)
    client = make_client(requests_per_minute=1000)
    for number in range(6):
        client.invoices.create({"ExternalReference": str(number), "ProductLines": [line()]})
    sandbox.forward(seconds=5)  # rows of this second may have been created during the read
    rows = client.invoices.list(fields=["ExternalReference"])
    assert sorted(row["ExternalReference"] for row in rows) == list("012345")
    pages = [each["path"] for each in sandbox.requests() if "page=" in each["path"]]
    assert len(pages) == 2  # Dinero returns the number of rows, so no third request is needed


def test_a_row_that_moves_between_pages_is_given_once(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow_provider_dinero.api.lists import paging

    monkeypatch.setattr(paging, "PAGE_SIZE", 2)
    for number in range(3):
        client.contacts.create({"Name": str(number), "CountryKey": "DK", "IsPerson": True})
    rows = client.contacts.list(fields=["Name"])
    seen = [next(rows)["Name"], next(rows)["Name"]]
    client.contacts.create({"Name": "new", "CountryKey": "DK", "IsPerson": True})  # pushes one to the next page
    seen += [row["Name"] for row in rows]
    assert sorted(set(seen) - {"new"}) == ["0", "1", "2"]  # what is made meanwhile may be given or not
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("since", ["2020-01-01T00:00:00Z", "2020-01-01 00:00", "2020-01-01T01:00:00+01:00"])
def test_changes_name_what_is_new(client: Any, draft: dict[str, Any], since: str) -> None:
    changes = client.invoices.changes(since)
    assert [(change.kind, change.row["Guid"]) for change in changes] == [("created", GUID)]
    assert f"{changes.since:%Y-%m-%dT%H:%M}" == "2020-01-01T00:00"
    assert changes.until > changes.since


@pytest.mark.parametrize("since", ["yesterday", "P1D", ""])
def test_what_is_no_instant_is_refused(client: Any, since: str) -> None:
    with pytest.raises(errors.DineroInvalidBody, match="instant"):
        client.invoices.changes(since)
