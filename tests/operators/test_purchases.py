"""Expenses and purchase credit notes."""

from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.api.errors import DineroOutcomeUnknown
from airflow_provider_dinero.operators.purchases import DineroPurchaseVoucherOperator
from tests.operators.bench import Bench, Instance

FILE = "/**/files"
PDF = b"%PDF-1.4 receipt"
CASH: dict[str, Any] = {
    "PurchaseType": "cash",
    "DepositAccountNumber": 55000,
    "RegionKey": "DK",
    "Lines": [{"Description": "Papir", "Amount": "125.00", "AccountNumber": 4000}],
}


@pytest.fixture
def receipt(tmp_path: Path) -> str:
    path = tmp_path / "receipt.pdf"
    path.write_bytes(PDF)
    return str(path)


CREDIT_LINES = [{"Description": "Papir", "Amount": "125.00", "AccountNumber": 4000}]


@pytest.fixture
def credit(beside: DineroClient) -> dict[str, Any]:
    supplier = beside.contacts.create({"Name": "Papirhuset", "CountryKey": "DK", "IsPerson": False})["ContactGuid"]
    due = {"ContactGuid": supplier, "PaymentDate": "2030-01-31"}
    return {"PurchaseType": "credit", "Lines": CREDIT_LINES, **due}


def expense(bench: Bench, **arguments: Any) -> Instance:
    return bench.one(DineroPurchaseVoucherOperator, **{"voucher": CASH, "idempotency_key": "bill-7", **arguments})


def requests(bench: Bench) -> list[str]:
    """What was asked of Dinero, without the tokens, and forget it."""
    return [
        f"{each['method']} {each['path'].partition('/100001')[2]}"
        for each in bench.sandbox.requests()
        if "/100001" in each["path"]
    ]


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ("RegionKey", "Booking a cash purchase requires RegionKey"),
        ("ContactGuid", "Booking a credit purchase requires"),
    ],
)
def test_what_booking_needs_is_asked_for_before_there_is_a_draft(
    bench: Bench, credit: dict[str, Any], missing: str, told: str
) -> None:
    voucher = {name: value for name, value in (CASH if missing in CASH else credit).items() if name != missing}
    before = len(requests(bench))
    assert told in expense(bench, voucher=voucher, book=True).error
    assert len(requests(bench)) == before


def test_an_expense_with_its_receipt_is_booked_once(bench: Bench, beside: DineroClient, receipt: str) -> None:
    told = expense(bench, receipt=receipt, book=True)
    assert told.state == "success", told.log
    assert len(requests(bench)) == 5  # is it in the archive, upload, similar, create, book
    returned = told.returned
    assert (returned["Status"], returned["TotalInclVat"], returned["Change"]) == ("Paid", "125.00", "created")
    assert f"expense {returned['Guid']} created, number {returned['Number']}, 125.00 DKK" in told.log
    assert beside.purchase_vouchers.get(returned["Guid"])["ExternalReference"] == "bill-7"
    assert expense(bench, receipt=receipt, book=True).returned == {**returned, "Change": "unchanged"}
    assert len(list(beside.files.list())) == 1
    assert vouchers(beside) == [returned["Guid"]]


def vouchers(beside: DineroClient) -> list[str]:
    """The vouchers that use a file."""
    return [link["VoucherGuid"] for file in beside.files.list() for link in file["Linked"]]


def test_a_credit_purchase_is_booked_and_paid_once(
    bench: Bench, beside: DineroClient, credit: Any, receipt: str
) -> None:
    payment = {"DepositAccountNumber": 55000, "Description": "Bank"}
    draft = expense(bench, voucher=credit, receipt=receipt).returned
    assert (draft["Status"], draft["Change"]) == ("Draft", "created")
    paid = expense(bench, voucher=credit, receipt=receipt, book=True, payment=payment).returned
    assert (paid["Guid"], paid["Change"]) == (draft["Guid"], "updated")
    again = expense(bench, voucher=credit, receipt=receipt, book=True, payment=payment).returned
    assert (again["PaymentGuid"], again["Change"]) == (paid["PaymentGuid"], "unchanged")
    (one,) = beside.purchase_vouchers.payments(draft["Guid"])
    assert (one["Amount"], one["ExternalReference"]) == (125, "bill-7")
    told = expense(bench, voucher=credit, receipt=receipt, book=True, payment={**payment, "Amount": "25.00"}, retries=2)
    assert (told.state, len(told.errors)) == ("failed", 1)
    assert "Amount: Dinero has '125', you gave '25'" in told.error


def test_the_same_key_with_other_content_is_an_error_that_shows_it(bench: Bench, receipt: str) -> None:
    expense(bench, receipt=receipt, book=True)
    other = {**CASH, "Lines": [{**CREDIT_LINES[0], "Amount": "130.00"}]}
    told = expense(bench, voucher=other, receipt=receipt, retries=2)
    assert (told.state, len(told.errors)) == ("failed", 1)
    assert "Lines[0].Amount: Dinero has '125', you gave '130'" in told.error


def test_without_a_key_the_same_receipt_in_another_run_is_the_same_expense(
    bench: Bench, beside: DineroClient, receipt: str
) -> None:
    """The same folder, run again the next day."""
    first = expense(bench, receipt=receipt, idempotency_key=None).returned
    again = expense(bench, receipt=receipt, idempotency_key=None, book=True).returned
    assert (again["Guid"], again["Change"]) == (first["Guid"], "updated")
    assert vouchers(beside) == [first["Guid"]]
    other = {**CASH, "Lines": [{**CREDIT_LINES[0], "Amount": "25.00"}]}
    told = expense(bench, voucher=other, receipt=receipt, idempotency_key=None)
    assert f"{first['Guid']} uses this receipt with other content.\nIf this is another expense" in told.error
    told = expense(bench, voucher=other, receipt=receipt, idempotency_key=None, allow_similar=True)
    assert told.returned["Change"] == "created"
    assert len(vouchers(beside)) == 2


@pytest.mark.parametrize("lines", [CASH["Lines"], [{**CASH["Lines"][0], "Amount": "25.00"}]])
@pytest.mark.parametrize("keys", ["idempotency_key", "ExternalReference"])
def test_two_keys_on_one_receipt_are_two_expenses(
    bench: Bench, beside: DineroClient, receipt: str, lines: list[dict[str, Any]], keys: str
) -> None:
    """Such as two equal tickets in one PDF."""
    for change in ("created", "unchanged"):
        for key, content in (("ticket-1", CASH), ("ticket-2", {**CASH, "Lines": lines})):
            if keys == "idempotency_key":
                told = expense(bench, voucher=content, receipt=receipt, idempotency_key=key)
            else:
                voucher = {**content, "ExternalReference": key}
                told = expense(bench, voucher=voucher, receipt=receipt, idempotency_key=None)
            assert told.returned["Change"] == change, told.error
    assert len(set(vouchers(beside))) == 2


@pytest.mark.parametrize("key", ["bill-7", None])
def test_what_somebody_has_booked_with_the_receipt_is_this_expense(
    bench: Bench, beside: DineroClient, receipt: str, key: str | None
) -> None:
    file = beside.files.upload(PDF, "receipt.pdf")["FileGuid"]
    theirs = beside.purchase_vouchers.create({**CASH, "FileGuid": file})["Guid"]
    beside.purchase_vouchers.book(theirs)
    told = expense(bench, receipt=receipt, idempotency_key=key, book=True)
    assert (told.returned["Guid"], told.returned["Change"]) == (theirs, "unchanged")
    other = {**CASH, "Lines": [{**CREDIT_LINES[0], "Amount": "25.00"}]}
    told = expense(bench, voucher=other, receipt=receipt, idempotency_key=key)
    assert f"{theirs} uses this receipt with other content.\nIf this is another expense" in told.error


@pytest.mark.parametrize("key", ["bill-7", None])
def test_a_draft_that_dinero_made_of_the_receipt_is_not_the_expense(
    bench: Bench, beside: DineroClient, receipt: str, key: str | None
) -> None:
    file = beside.files.upload(PDF, "receipt.pdf")["FileGuid"]
    dineros = beside.purchase_vouchers.create({**CASH, "FileGuid": file})["Guid"]
    told = expense(bench, receipt=receipt, idempotency_key=key)
    assert told.returned["Change"] == "created"
    assert told.returned["Guid"] != dineros


def test_without_a_receipt_allow_similar_makes_the_voucher(bench: Bench) -> None:
    first = expense(bench).returned
    told = expense(bench, idempotency_key="bill-8", allow_similar=True)
    assert told.returned["Change"] == "created"
    assert told.returned["Guid"] != first["Guid"]


def test_one_that_somebody_entered_by_hand_is_not_doubled(bench: Bench, beside: DineroClient, receipt: str) -> None:
    theirs = beside.purchase_vouchers.create(CASH)["Guid"]
    told = expense(bench, receipt=receipt)
    assert f"voucher {theirs}, which somebody entered without an ExternalReference" in told.error
    assert expense(bench, receipt=receipt, allow_similar=True).returned["Change"] == "created"


def test_two_keys_are_two_expenses(bench: Bench, beside: DineroClient, tmp_path: Path) -> None:
    """Of the same day and price, each with its receipt."""
    made = []
    for number in (1, 2):
        path = tmp_path / f"{number}.pdf"
        path.write_bytes(PDF + bytes([number]))
        made.append(expense(bench, receipt=str(path), idempotency_key=f"parking-{number}").returned)
    assert {each["Change"] for each in made} == {"created"}
    assert len(vouchers(beside)) == 2


def test_without_a_receipt_an_expense_is_found_where_dinero_shows_it(bench: Bench) -> None:
    first = expense(bench).returned
    assert expense(bench, book=True).returned["Guid"] == first["Guid"]
    told = expense(bench, idempotency_key="bill-8", retries=2)
    assert (told.state, len(told.errors)) == ("failed", 1)
    assert f"voucher {first['Guid']}; without a receipt it isn't clear" in told.error


def test_a_run_that_is_cleared_makes_nothing_new(bench: Bench, beside: DineroClient, receipt: str) -> None:
    with bench.dag() as dag:
        DineroPurchaseVoucherOperator(task_id="with", voucher=CASH, receipt=receipt)
        DineroPurchaseVoucherOperator(
            task_id="without", voucher={**CASH, "Lines": [{**CREDIT_LINES[0], "Amount": "3.00"}]}
        )
    first = bench.run(dag)
    again = bench.again(first)
    for task in ("with", "without"):
        assert first[task].returned["Change"] == "created"
        assert again[task].returned == {**first[task].returned, "Change": "unchanged"}


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("effect", ["reset", "reset-after"])
@pytest.mark.parametrize("path", ["/**/files", "/**/vouchers/purchase", "/**/book", "/**/payments"])
def test_lost_answers_double_nothing(
    bench: Bench, beside: DineroClient, credit: Any, receipt: str, effect: str, path: str
) -> None:
    bench.sandbox.fault(effect, method="POST", path=path, times=5)
    payment = {"DepositAccountNumber": 55000, "Description": "Bank"}
    arguments = {"voucher": credit, "receipt": receipt, "book": True, "payment": payment, "retries": 3}
    with bench.dag() as dag:
        DineroPurchaseVoucherOperator(task_id="it", **arguments, idempotency_key="bill-7")
    run = bench.run(dag)
    for _ in range(5):  # a person looks, and clears the task
        if run.state == "success":
            break
        assert isinstance(run["it"].errors[-1], DineroOutcomeUnknown)
        run = bench.again(run)
    assert run["it"].state == "success", run["it"].log
    assert len(beside.purchase_vouchers.payments(run["it"].returned["Guid"])) == 1
    assert len(set(vouchers(beside))) == 1


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("effect", ["reset", "reset-after"])
def test_without_a_receipt_a_lost_answer_may_stay_unknown(bench: Bench, effect: str) -> None:
    bench.sandbox.fault(effect, method="POST", path="/**/vouchers/purchase", times=1)
    with bench.dag() as dag:
        DineroPurchaseVoucherOperator(task_id="it", voucher=CASH, retries=2)
    run = bench.run(dag)
    if effect == "reset-after":
        assert run["it"].returned["Change"] == "created"
        return
    for told in (run, bench.again(run)):
        assert told.state == "failed"
        assert len(told["it"].errors) == 1
        assert isinstance(told["it"].errors[0], DineroOutcomeUnknown)
    assert bench.sandbox.state()["vouchers"] == 0


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"RegionKey": None}, "RegionKey"),
        ({"CurrencyKey": "EUR"}, "CurrencyKey must be empty on a cash purchase"),
        ({"DepositAccountNumber": 1}, "code 86"),
        ({"Lines": [{"AccountNumber": 4, "Amount": 1}]}, "code 77"),
        ({"Lines": [{"AccountNumber": 55000, "Amount": 1}]}, "can't be used on purchase vouchers"),
        ({"VoucherDate": "1999-01-01"}, "code 47"),
        ({"Lines": [{"AccountNumber": 4000, "Amout": 1}]}, "did you mean Amount?"),
        ({"ExternalReference": "theirs"}, "The voucher has an ExternalReference, and there is an idempotency_key"),
    ],
)
def test_what_is_refused_fails_at_once(bench: Bench, changes: Any, told: str) -> None:
    instance = expense(bench, voucher={**CASH, **changes}, book=True, retries=2)
    assert (instance.state, len(instance.errors)) == ("failed", 1)
    assert told in instance.error


def test_a_dry_run_sends_nothing(bench: Bench, receipt: str) -> None:
    told = expense(bench, receipt=receipt, dry_run=True, book=True)
    assert told.returned == {"DryRun": True, "Next": "POST /v1/100001/files", "TotalInclVat": "125.00"}
    assert not [each for each in requests(bench) if each.startswith("POST") and not each.endswith("/fetch")]


def test_an_expected_total_is_in_the_currency_of_the_expense(bench: Bench, beside: DineroClient, credit: Any) -> None:
    """Dinero's document says that VoucherTotals are in DKK; they aren't."""
    euros: dict[str, Any] = {"voucher": {**credit, "CurrencyKey": "EUR"}, "book": True}
    for dry_run in (True, False):
        told = expense(bench, **euros, expected_total="932.50", dry_run=dry_run)  # in DKK
        assert "comes to 125.00 EUR (100.00 and VAT of 25.00), but 932.50 is expected" in told.error
        assert "the expected total, which is in EUR and includes VAT, and run it again." in told.error
        net = expense(bench, **euros, expected_total="100.00", dry_run=dry_run)
        assert "The expected total is without VAT: add the VAT. Run it again." in net.error
    told = expense(bench, **euros, expected_total="125.00")
    assert (told.returned["TotalInclVat"], told.returned["Currency"]) == ("125.00", "EUR"), told.errors
