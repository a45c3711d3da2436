"""Ledger items and manual vouchers."""

from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.operators import ledger
from airflow_provider_dinero.operators.call import DineroOperator
from airflow_provider_dinero.operators.ledger import DineroPostLedgerItemsOperator
from tests.operators.bench import Bench, Instance


def line(number: int | None, amount: str = "100.00", **changes: Any) -> dict[str, Any]:
    return {
        "VoucherNumber": number,
        "VoucherDate": "2026-01-02",
        "Description": "Kontingent",
        "Amount": amount,
        "AccountNumber": 55000,
        "BalancingAccountNumber": 1000,
        "BalancingAccountVatCode": "none",
        **changes,
    }


MANUAL_LINE = {name: value for name, value in line(None).items() if not name.startswith("Voucher")}
# Two vouchers, of two lines and of one.
LINES = [line(701), line(701, "50.00"), line(702)]


def post(bench: Bench, lines: Any = LINES, **arguments: Any) -> Instance:
    return bench.one(DineroPostLedgerItemsOperator, **{"lines": lines, "idempotency_key": "2026-11", **arguments})


def posted(beside: DineroClient) -> list[Any]:
    """The amounts on the bank account."""
    entries = beside.entries.between("2026-01-01", "2026-12-31")
    return sorted((each["VoucherNumber"], each["Amount"]) for each in entries if each["AccountNumber"] == 55000)


def requests(bench: Bench, ending: str) -> int:
    return sum(f"{each['method']} {each['path']}".endswith(ending) for each in bench.sandbox.requests())


@pytest.mark.usefixtures("hurried")
def test_lines_are_booked_once_and_waited_for(
    bench: Bench, beside: DineroClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "AT_ONCE", (0.1, 0.1, 0.1))  # the sandbox takes two seconds
    told = post(bench, book=True)
    assert told.state == "success", told.log
    returned = told.returned
    assert [each["VoucherNumber"] for each in returned["Items"]] == [701, 702]
    assert (returned["Lines"], returned["Status"], returned["Change"]) == (3, "Booked", "created")
    assert len(told.deferrals) == 1
    assert "booked 2 vouchers of 3 lines, created" in told.log
    assert posted(beside) == [(701, 50), (701, 100), (702, 100)]
    again = post(bench, book=True)
    assert again.returned == {**returned, "Change": "unchanged"}
    assert "already booked 2 vouchers of 3 lines, unchanged" in again.log
    assert len(posted(beside)) == 3


@pytest.mark.usefixtures("hurried")
def test_drafts_stay_drafts_and_can_be_booked_later(bench: Bench, beside: DineroClient) -> None:
    drafts = post(bench).returned
    assert (drafts["Status"], drafts["Change"]) == ("Draft", "created")
    assert post(bench).returned["Change"] == "unchanged"
    assert posted(beside) == []
    booked = post(bench, book=True).returned
    assert booked["Change"] == "updated"
    assert booked["Items"] == [
        {"Id": each["Id"], "VoucherNumber": number} for each, number in zip(drafts["Items"], (701, 702), strict=True)
    ]
    assert len(posted(beside)) == 3


def test_the_same_key_with_other_lines_is_an_error_that_shows_them(bench: Bench) -> None:
    post(bench)
    told = post(bench, [line(701), line(701, "51.00"), line(702)], retries=2)
    assert told.state == "failed"
    assert len(told.errors) == 1
    assert "Lines[1].Amount: Dinero has '50', you gave '51'" in told.error


def test_lines_that_were_added_to_the_list_are_posted(bench: Bench) -> None:
    post(bench)
    returned = post(bench, [*LINES, line(703)]).returned
    assert [returned["Change"], returned["Lines"], len(returned["Items"])] == ["created", 4, 3]
    assert len({each["Id"] for each in returned["Items"]}) == 3


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("effect", ["reset", "reset-after"])
@pytest.mark.parametrize("path", ["/v1.2/*/ledgeritems", "/**/book", "/**/status"])
def test_lost_answers_double_nothing(bench: Bench, beside: DineroClient, effect: str, path: str) -> None:
    bench.sandbox.fault(effect, method="POST", path=path, times=5)
    told = post(bench, book=True, retries=3)
    assert told.state == "success", told.log
    assert posted(beside) == [(701, 50), (701, 100), (702, 100)]


@pytest.mark.usefixtures("hurried")
def test_another_integration_that_posts_is_waited_for(bench: Bench) -> None:
    busy = {"code": 70, "message": "Ledger items for same organization should not be posted async."}
    bench.sandbox.fault("status", status=400, body=busy, method="POST", path="/v1.2/*/ledgeritems", times=2)
    told = post(bench)
    assert (told.state, told.errors) == ("success", [])
    assert requests(bench, "/ledgeritems") == 3


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"VoucherDate": "2026-01-03"}, "differ in VoucherDate: 2026-01-02 and 2026-01-03 (code 75)"),
        ({"FileGuid": "f" * 32}, f"differ in FileGuid: None and {'f' * 32} (code 76)"),
        ({"Id": "3f1d9a52-5f0e-5d55-9c39-4a1b6f7e2c10"}, "differ in Id: None and 3f1d9a52-5f0e"),
        ({"Version": "AAAAAAIKXqk="}, "differ in Version: None and AAAAAAIKXqk= (code 87)"),
        ({"Amout": 1}, "Lines[0].Amout is unknown to Dinero, did you mean Amount?"),
    ],
)
def test_lines_that_disagree_are_refused_before_anything_is_sent(bench: Bench, changes: Any, told: str) -> None:
    assert told in post(bench, [line(701), line(701, **changes)]).error
    assert requests(bench, "/ledgeritems") == 0


def test_what_dinero_refuses_fails_at_once(bench: Bench) -> None:
    for lines, code in (
        ([line(None, AccountNumber=4)], "code 77"),
        ([line(None, VoucherDate="1999-01-01")], "code 47"),
    ):
        told = post(bench, lines, retries=2)
        assert (told.state, len(told.errors)) == ("failed", 1)
        assert code in told.error


@pytest.mark.usefixtures("hurried")
def test_more_than_a_ledger_holds_goes_in_groups_that_split_no_voucher(bench: Bench, beside: DineroClient) -> None:
    class Plain(DineroPostLedgerItemsOperator):
        template_fields = ()  # to look for templates in 3,401 lines takes ten seconds

    def post(bench: Bench, lines: Any, **arguments: Any) -> Instance:
        return bench.one(Plain, lines=lines, idempotency_key="2026-11", **arguments)

    many = [line(700 + number // 300) for number in range(1200)]
    assert "code 66" in post(bench, many).error
    assert requests(bench, "/ledgeritems") == 0
    told = post(bench, many, book=True)
    assert told.state == "success", told.error
    assert [each["VoucherNumber"] for each in told.returned["Items"]] == [700, 701, 702, 703]
    assert requests(bench, "/ledgeritems") == 2
    assert len(posted(beside)) == 1200
    assert "has 1001 lines" in post(bench, [line(9)] * 1001, book=True).error


@pytest.mark.usefixtures("hurried")
def test_a_number_that_is_taken_is_an_error(bench: Bench, beside: DineroClient) -> None:
    (item,) = post(bench, [line(701)]).returned["Items"]
    beside.ledger_items.book([item])
    other = beside.manual_vouchers.create({"VoucherDate": "2026-01-02", "Lines": [MANUAL_LINE]})
    beside.manual_vouchers.book(other["Guid"], timestamp=other["Timestamp"], number=701)
    bench.sandbox.forward(seconds=5)
    told = post(bench, [line(701)], book=True, retries=2)
    assert (told.state, len(told.errors)) == ("failed", 1)
    assert "701" in told.error


@pytest.mark.usefixtures("hurried")
def test_what_dinero_takes_back_while_it_books_is_an_error(bench: Bench) -> None:
    """Dinero says that it books, and the items are drafts afterwards."""
    bench.sandbox.fault("status", status=204, method="POST", path="/**/ledgeritems/book", times=1)
    told = post(bench, [line(701)], book=True)
    assert (told.state, len(told.errors)) == ("failed", 1)
    assert "Voucher 701: Dinero made it a draft again instead of booking it." in told.error


def test_a_dry_run_sends_nothing(bench: Bench) -> None:
    told = post(bench, dry_run=True, book=True)
    assert told.returned == {
        "DryRun": True,
        "Next": "POST /v1.2/100001/ledgeritems",
        "Vouchers": 2,
        "Lines": 3,
    }
    assert requests(bench, "/ledgeritems") == 0


def one_sided(number: int | None, amount: str, **changes: Any) -> dict[str, Any]:
    """A line that names one account."""
    given = line(number, amount, **changes)
    return {name: value for name, value in given.items() if not name.startswith("Balancing")}


def payout(number: int | None, gross: str, fee: str, bank: str) -> list[dict[str, Any]]:
    return [
        one_sided(number, gross, AccountNumber=55020),
        one_sided(number, fee, AccountNumber=6300, AccountVatCode="none"),
        one_sided(number, bank),
    ]


def balancing(amount: str) -> dict[str, Any]:
    """A line that names its balancing account only, which takes the opposite amount."""
    return {name: value for name, value in line(705, amount).items() if name != "AccountNumber"}


@pytest.mark.parametrize("arguments", [{}, {"book": True}, {"dry_run": True}])
def test_a_voucher_that_does_not_balance_is_refused_before_it_is_posted(bench: Bench, arguments: Any) -> None:
    for lines, told in (
        (
            payout(701, "-1543.13", "22.38", "1520.76"),
            "Voucher 701: its lines without a BalancingAccountNumber sum to 0.01",
        ),
        (payout(701, "-1543.13", "22.38", "1520.76"), "(debit 1543.14, credit 1543.13)"),
        (
            [one_sided(None, "100.00")],
            "Item 0: its lines without a BalancingAccountNumber sum to 100.00, not to 0.00",
        ),
        ([line(701), one_sided(701, "-5.00")], "sum to -5.00, not to 0.00"),
        ([balancing("100.00")], "sum to -100.00"),
    ):
        failed = post(bench, lines, retries=2, **arguments)
        assert (failed.state, len(failed.errors)) == ("failed", 1)
        assert told in failed.error
    assert requests(bench, "/ledgeritems") == 0


@pytest.mark.usefixtures("hurried")
def test_vouchers_that_balance_in_any_way_are_booked(bench: Bench, beside: DineroClient) -> None:
    contact = beside.contacts.create({"Name": "Bo", "CountryKey": "DK", "IsPerson": True})["ContactGuid"]
    sold = {"Quantity": 1, "AccountNumber": 1000, "Unit": "parts", "Description": "x", "BaseAmountValue": 80}
    invoice = beside.invoices.create({"ContactGuid": contact, "Date": "2026-01-02", "ProductLines": [sold]})["Guid"]
    beside.invoices.book(invoice)
    paid = {**one_sided(704, "-100.00"), "IsPaymentForVoucherId": invoice}
    del paid["AccountNumber"]
    lines = [
        *payout(701, "-1543.13", "22.38", "1520.75"),
        line(702, "0.30"),
        *[one_sided(703, amount) for amount in ("0.10", "0.20", "-0.30")],
        paid,
        one_sided(704, "100.00"),
        balancing("40.00"),
        one_sided(705, "40.00"),
    ]
    told = post(bench, lines, book=True)
    assert told.state == "success", told.error
    assert told.returned["Lines"] == len(lines)
    assert beside.invoices.get(invoice)["PaymentStatus"] == "Paid"


@pytest.mark.usefixtures("hurried")
def test_a_bad_voucher_keeps_no_other_from_being_booked(bench: Bench, beside: DineroClient) -> None:
    taken = beside.manual_vouchers.create({"VoucherDate": "2026-01-02", "Lines": [MANUAL_LINE]})
    beside.manual_vouchers.book(taken["Guid"], timestamp=taken["Timestamp"], number=709)
    good = [701, 702, 703, 704, 705, 706]
    bad = [one_sided(707, "9.99"), line(708, AccountNumber=4), line(709, "7.00"), line(710, VoucherDate="1999-01-01")]
    told = post(bench, [*map(line, good[:3]), *bad, *map(line, good[3:])], book=True)
    assert (told.state, len(told.errors)) == ("failed", 1)
    assert "4 of 10 vouchers could not be posted or booked: Voucher 707: its lines" in told.error
    for each in ("Voucher 708: ", "code 77", "Voucher 709: ", "Voucher 710: ", "code 47"):
        assert each in told.error
    assert "The other 6 are booked, created." in told.error
    assert posted(beside) == [(701 + index, 100) for index in range(6)] + [(709, 100)]
    right = [one_sided(707, "9.99"), one_sided(707, "-9.99", AccountNumber=55020), line(711)]
    again = post(bench, [*map(line, good), *right], book=True)
    assert (again.state, again.returned["Change"]) == ("success", "created")
    assert len(posted(beside)) == 9


@pytest.mark.usefixtures("hurried")
def test_a_draft_that_was_refused_is_booked_when_its_number_is_free(bench: Bench, beside: DineroClient) -> None:
    post(bench, [line(701), line(702)])
    told = post(bench, [line(701), line(702, "50.00")], book=True)
    assert "Voucher 702: Ledger item " in told.error
    assert "The other 1 are booked, updated." in told.error
    assert post(bench, [line(701), line(702)], book=True).returned["Change"] == "updated"
    assert post(bench, [line(701), line(702)], book=True).returned["Change"] == "unchanged"


def test_no_lines_skip_the_task(bench: Bench) -> None:
    for lines in ([], (), {}):
        told = post(bench, lines)
        assert told.state == ("failed" if lines == {} else "skipped")
    assert "lines: this must be a list, not dict" in told.error
    assert "this must be a list, not str" in post(bench, "{{ [] }}").error
    told = bench.one(DineroOperator, operation="ledger_items.create", arguments={"items": []})
    assert told.state == "skipped"
    assert "Nothing to do: items is empty" in told.log
    assert requests(bench, "/ledgeritems") == 0
