from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_dinero.sandbox.server import running

from .conftest import Caller, Clock, Draft, line, personal_token


def names(call: Caller, version: str = "v1", **query: Any) -> list[str]:
    rows = call("GET", "/contacts", version=version, params={"fields": "Name", **query})["Collection"]
    return [row["Name"] for row in rows]


def descriptions(call: Caller, **query: Any) -> list[str]:
    rows = call("GET", "/invoices", params={"fields": "Description", **query})["Collection"]
    return [row["Description"] for row in rows]


@pytest.fixture
def people(call: Caller, clock: Clock) -> dict[str, str]:
    """Three contacts, one minute apart, and a fourth that is deleted at 12:03."""
    guids = {}
    people: dict[str, dict[str, Any]] = {
        "Bo Ærø": {"IsPerson": True, "Email": "BO@example.dk", "Phone": "11 22"},
        "Ida's Café": {"VatNumber": "12345674", "ExternalReference": "crm-7"},
        "Cykelbud": {"EanNumber": "5790000000005"},
        "Gone": {},
    }
    for name, more in people.items():
        guids[name] = call("POST", "/contacts", json={"Name": name, "CountryKey": "DK", **more})["ContactGuid"]
        clock.forward(minutes=1)
    clock.forward(minutes=-1)
    call("DELETE", f"/contacts/{guids['Gone']}")
    return guids


def test_v1_leaves_deleted_contacts_out_and_v2_does_not(call: Caller, people: dict[str, str]) -> None:
    live = ["Cykelbud", "Ida's Café", "Bo Ærø"]
    assert names(call) == live
    assert names(call, deletedOnly="false") == live
    assert names(call, version="v2") == ["Gone", *live]
    assert names(call, version="v2", deletedOnly="false") == ["Gone", *live]
    assert names(call, deletedOnly="TRUE") == names(call, version="v2", deletedOnly="true") == ["Gone"]


def test_changes_since_is_inclusive_and_leaves_deleted_out_in_v1(call: Caller, people: dict[str, str]) -> None:
    assert names(call, changesSince="2026-03-10T12:01:00Z") == ["Cykelbud", "Ida's Café"]
    assert names(call, changesSince="2026-03-10T12:01:01Z") == ["Cykelbud"]
    assert names(call, changesSince="2026-03-10T12:01:01Z", deletedOnly="true") == ["Gone"]
    assert names(call, version="v2", changesSince="2026-03-10T12:03:00Z") == ["Gone"]
    assert names(call, changesSince="") == ["Cykelbud", "Ida's Café", "Bo Ærø"]


@pytest.mark.parametrize(
    "value", ["2026-03-10", "2026-03-10T12:00:00", "2026-03-10T12:00:00.5Z", "2026-13-45T00:00:00Z"]
)
def test_changes_since_in_another_form_is_44(call: Caller, value: str) -> None:
    assert call.code("GET", "/contacts", params={"changesSince": value}) == 44


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("Name eq 'bo æRØ'", ["Bo Ærø"]),
        ("Name contains 'CAF'", ["Ida's Café"]),
        ("name CONTAINS 'ida''s'", ["Ida's Café"]),
        ("Email eq 'bo@EXAMPLE.dk'", ["Bo Ærø"]),
        ("IsPerson eq 'False'", ["Cykelbud", "Ida's Café"]),
        ("IsPerson eq 'false';Name contains 'c'", ["Cykelbud", "Ida's Café"]),
        ("IsPerson eq 'False';VatNumber eq '12345674'", ["Ida's Café"]),
        ("ExternalReference eq 'CRM-7'", ["Ida's Café"]),
        ("Phone contains '1 2'", ["Bo Ærø"]),
        ("EanNumber eq '5790000000005'", ["Cykelbud"]),
        ("Name contains '%'", []),
        ("", ["Cykelbud", "Ida's Café", "Bo Ærø"]),
    ],
)
def test_filter(call: Caller, people: dict[str, str], expression: str, found: list[str]) -> None:
    assert names(call, queryFilter=expression) == found


@pytest.mark.parametrize(
    "expression",
    [
        "Name eq Bo",
        "Name like 'Bo'",
        "IsDebitor eq 'True'",
        "IsPerson eq 'yes'",
        "IsPerson contains 'True'",
        "Name eq 'O'Brien'",
        "Name eq 'a;b'",
        "Name eq 'a';",
        "x",
    ],
)
def test_bad_filter_is_46_with_an_example(call: Caller, expression: str) -> None:
    answer = call("GET", "/contacts", 400, params={"queryFilter": expression})
    assert answer["code"] == 46
    assert "Name contains 'abc'" in answer["message"]


def test_fields_come_back_as_spelled(call: Caller, people: dict[str, str]) -> None:
    (row,) = call("GET", "/contacts", params={"queryFilter": "Name eq 'Cykelbud'"})["Collection"]
    assert row == {"name": "Cykelbud", "contactGuid": people["Cykelbud"]}
    query = {"queryFilter": "Name eq 'Cykelbud'", "FIELDS": "NAME, deletedAt,isPerson"}
    (row,) = call("GET", "/contacts", params=query)["Collection"]
    assert row == {"NAME": "Cykelbud", "deletedAt": None, "isPerson": False}
    assert call.code("GET", "/contacts", params={"fields": "Name,Balance"}) == 42


def test_paging(call: Caller, people: dict[str, str]) -> None:
    first = call("GET", "/contacts", params={"pageSize": 2, "fields": "Name"})
    assert first == {
        "Collection": [{"Name": "Cykelbud"}, {"Name": "Ida's Café"}],
        "Pagination": {"MaxPageSizeAllowed": 1000, "PageSize": 2, "Result": 2, "ResultWithoutFilter": 3, "Page": 0},
    }
    second = call("GET", "/contacts", params={"pageSize": 2, "page": 1, "fields": "Name"})
    assert second["Collection"] == [{"Name": "Bo Ærø"}]
    assert (second["Pagination"]["Result"], second["Pagination"]["Page"]) == (1, 1)
    assert call("GET", "/contacts", params={"pageSize": 1000, "page": 9})["Collection"] == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"pageSize": 1001}, 43),
        ({"pageSize": 0}, 43),
        ({"page": -1}, 43),
        ({"page": 2**63}, 43),
        ({"page": "one"}, 44),
        ({"pageSize": "1_0"}, 44),
        ({"pageSize": "\u0661"}, 44),
        ({"page": "9" * 5000}, 44),
        ({"deletedOnly": "maybe"}, 44),
    ],
)
def test_refused_paging(call: Caller, query: dict[str, Any], code: int) -> None:
    assert call.code("GET", "/contacts", params=query) == code


def test_meaning_and_status_of_paging_are_switches() -> None:
    with running(result_without_filter="before-filter", page_size_error=413) as sandbox:
        call = Caller(sandbox, personal_token(sandbox))
        with call.session:
            for name in ("Bo", "Ida"):
                call("POST", "/contacts", json={"Name": name, "CountryKey": "DK"})
            answer = call("GET", "/contacts", params={"queryFilter": "Name eq 'Bo'"})
            assert call.code("GET", "/contacts", 413, params={"pageSize": 1001}) == 43
    assert (answer["Pagination"]["Result"], answer["Pagination"]["ResultWithoutFilter"]) == (1, 2)


@pytest.fixture
def documents(call: Caller, clock: Clock, draft: Draft, booked: Draft) -> None:
    """A draft, and of March 10: booked and not due, booked and overdue from the 11th on, paid."""
    booked(Description="waiting", Date="2026-03-10", ExternalReference="Order-1")
    booked(line(999.6), Description="late", Date="2026-03-08", PaymentConditionType="NettoCash")
    paid = booked(Description="paid", Date="2026-03-09", PaymentConditionType="NettoCash", Currency="EUR")
    amounts = {"Amount": 932.5, "AmountInForeignCurrency": 125, "RemainderIsFee": False}
    body = {"DepositAccountNumber": 55000, "Description": "Bank", "Timestamp": paid["TimeStamp"], **amounts}
    call("POST", f"/invoices/{paid['Guid']}/payments", json=body)
    draft(Description="draft", Date="2026-01-01")


def test_default_order_is_by_number_downwards(call: Caller, documents: None) -> None:
    # Drafts have the largest number.
    assert descriptions(call) == ["draft", "paid", "late", "waiting"]
    assert descriptions(call, sortOrder="ascending") == ["waiting", "late", "paid", "draft"]


def test_sort(call: Caller, documents: None) -> None:
    assert descriptions(call, sort="VoucherDate") == ["waiting", "paid", "late", "draft"]
    assert descriptions(call, sort="voucherdate", sortOrder="ascending") == ["draft", "late", "paid", "waiting"]
    assert call.code("GET", "/invoices", params={"sortOrder": "up"}) == 42


def test_sort_by_status_runs_one_way_whatever_the_order(call: Caller, documents: None) -> None:
    for order in ("ascending", "descending"):
        assert descriptions(call, sort="Status", sortOrder=order) == ["draft", "late", "waiting", "paid"]


def test_sort_by_contact(call: Caller, documents: None) -> None:
    guid = call("POST", "/contacts", json={"Name": "aa", "CountryKey": "DK"})["ContactGuid"]
    call("POST", "/invoices", json={"ContactGuid": guid, "Description": "aa", "ProductLines": [line()]})
    assert descriptions(call, sort="Contact", sortOrder="ascending")[0] == "aa"
    assert descriptions(call, sort="Contact")[-1] == "aa"


def test_status_of_a_list_has_five_values(call: Caller, documents: None) -> None:
    rows = call("GET", "/invoices", params={"fields": "Description,status"})["Collection"]
    assert {row["Description"]: row["status"] for row in rows} == {
        "draft": "Draft",
        "late": "Overdue",
        "waiting": "Booked",
        "paid": "Paid",
    }


@pytest.mark.parametrize(
    ("asked", "found"),
    [("Draft", ["draft"]), ("overdue, Paid", ["paid", "late"]), ("OverPaid", []), ("Booked", ["waiting"])],
)
def test_status_filter(call: Caller, documents: None, asked: str, found: list[str]) -> None:
    assert descriptions(call, statusFilter=asked) == found


def test_unknown_status_is_refused(call: Caller) -> None:
    assert call.code("GET", "/invoices", params={"statusFilter": "Draft,Late"}) == 42


def test_dates_do_not_filter_drafts(call: Caller, documents: None) -> None:
    query = {"startDate": "2026-03-08", "endDate": "2026-03-09"}
    assert descriptions(call, **query) == ["draft", "paid", "late"]
    assert call.code("GET", "/invoices", params={"startDate": "2026-03-08"}) == 42
    assert call.code("GET", "/invoices", params={"startDate": "2026-03-08", "endDate": "2026-03-07"}) == 83
    assert call.code("GET", "/invoices", params={"startDate": "8/3", "endDate": "2026-03-07"}) == 44


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("LATE", ["late"]),
        ("1249.50", ["late"]),  # 999.60 plus 25 %
        ("aarhus", ["draft", "paid", "late", "waiting"]),
        ("2", ["draft", "paid", "late", "waiting"]),  # 125.00, 1249.50
        ("3", ["paid"]),  # the number
        ("nothing", []),
    ],
)
def test_free_text(call: Caller, documents: None, text: str, found: list[str]) -> None:
    assert descriptions(call, freeTextSearch=text) == found


def test_invoice_filter(call: Caller, documents: None, contact: str) -> None:
    assert descriptions(call, queryFilter="ExternalReference eq 'order-1'") == ["waiting"]
    assert descriptions(call, queryFilter=f"ContactGuid eq '{contact}';Description contains 'A'") == [
        "draft",
        "paid",
        "late",
        "waiting",
    ]
    assert call.code("GET", "/invoices", params={"queryFilter": "Number eq '1'"}) == 46


def test_invoice_row(call: Caller, documents: None, contact: str) -> None:
    fields = (
        "Number,Guid,ExternalReference,ContactName,ContactGuid,Date,PaymentDate,Description,Currency,Status,"
        "MailOutStatus,LatestMailOutType,TotalExclVatInDkk,TotalInclVatInDkk,TotalExclVat,TotalInclVat,"
        "CreatedAt,UpdatedAt,DeletedAt"
    )
    (row,) = call("GET", "/invoices", params={"fields": fields, "statusFilter": "Paid"})["Collection"]
    assert row.pop("Guid")
    # 125 EUR at 7.46
    assert {key: str(value) for key, value in row.items()} == {
        "Number": "3",
        "ExternalReference": "None",
        "ContactName": "Aarhus Cykelbud ApS",
        "ContactGuid": contact,
        "Date": "2026-03-09",
        "PaymentDate": "2026-03-09",
        "Description": "paid",
        "Currency": "EUR",
        "Status": "Paid",
        "MailOutStatus": "NotSent",
        "LatestMailOutType": "None",
        "TotalExclVatInDkk": "746.00",
        "TotalInclVatInDkk": "932.50",
        "TotalExclVat": "100.00",
        "TotalInclVat": "125.00",
        "CreatedAt": "2026-03-10T12:00:00.000",
        "UpdatedAt": "2026-03-10T12:00:00.000",
        "DeletedAt": "None",
    }
    default = call("GET", "/invoices", params={"statusFilter": "Paid"})["Collection"][0]
    assert list(default) == ["Guid", "ContactName", "Date", "Description"]
    assert call.code("GET", "/invoices", params={"fields": "TimeStamp"}) == 42


def test_deleted_invoices(call: Caller, clock: Clock, draft: Draft) -> None:
    gone = draft(Description="gone")["Guid"]
    draft(Description="here")
    clock.forward(seconds=10)
    call("DELETE", f"/invoices/{gone}")
    assert descriptions(call) == ["here"]
    assert descriptions(call, changesSince="2026-03-10T12:00:10Z") == []
    assert descriptions(call, changesSince="2026-03-10T12:00:10Z", deletedOnly="true") == ["gone"]


def test_pages_of_invoices_share_no_row(call: Caller, draft: Draft) -> None:
    for at in range(7):
        draft(Description=str(at))
    pages = [descriptions(call, pageSize=3, page=page) for page in range(3)]
    assert pages == [["6", "5", "4"], ["3", "2", "1"], ["0"]]
