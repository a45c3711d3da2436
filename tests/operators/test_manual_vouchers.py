"""Manual vouchers."""

from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.api.errors import DineroOutcomeUnknown
from airflow_provider_dinero.operators.manual_vouchers import DineroManualVoucherOperator
from tests.operators.bench import Bench, Instance

LINE = {"Description": "Indskud", "Amount": "500.00", "AccountNumber": 55000, "BalancingAccountNumber": 55010}
VOUCHER = {"VoucherDate": "2026-01-02", "Lines": [LINE]}


def voucher(bench: Bench, **arguments: Any) -> Instance:
    return bench.one(DineroManualVoucherOperator, **{"voucher": VOUCHER, "idempotency_key": "m-1", **arguments})


def entries(beside: DineroClient) -> int:
    found = beside.entries.between("2026-01-01", "2026-12-31", include_primo=False)
    return sum(each["AccountNumber"] == 55000 for each in found)


def test_a_booked_one_is_found_by_its_entries(bench: Bench, beside: DineroClient) -> None:
    told = voucher(bench, book=True)
    assert (told.returned["Status"], told.returned["Change"]) == ("Booked", "created")
    assert f"manual voucher {told.returned['Guid']} created, number {told.returned['Number']}" in told.log
    assert voucher(bench, book=True).returned == {**told.returned, "Change": "unchanged"}
    assert entries(beside) == 1
    other = voucher(bench, voucher={**VOUCHER, "Lines": [{**LINE, "Amount": "5.00"}]}, retries=2)
    assert (other.state, len(other.errors)) == ("failed", 1)
    assert "Lines[0].Amount: Dinero has '500', you gave '5'" in other.error
    assert voucher(bench, idempotency_key="m-2", book=True).returned["Change"] == "created"
    assert entries(beside) == 2


def test_a_run_that_is_cleared_makes_nothing_new(bench: Bench) -> None:
    with bench.dag() as dag:
        DineroManualVoucherOperator(task_id="it", voucher=VOUCHER)
    first = bench.run(dag)
    assert bench.again(first)["it"].returned == {**first["it"].returned, "Change": "unchanged"}


@pytest.mark.usefixtures("hurried")
def test_a_lost_answer_stays_unknown_and_is_not_repeated(bench: Bench) -> None:
    bench.sandbox.fault("reset-after", method="POST", path="/**/manuel", times=1)
    with bench.dag() as dag:
        DineroManualVoucherOperator(task_id="it", voucher=VOUCHER, retries=2)
    run = bench.run(dag)
    for told in (run, bench.again(run)):
        assert told.state == "failed"
        (error,) = told["it"].errors
        assert isinstance(error, DineroOutcomeUnknown)
    assert "run the task with another generation" in str(error)
    assert sum(each["path"].endswith("/manuel") for each in bench.sandbox.requests()) == 1


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"VoucherDate": "1999-01-01"}, "code 47"),
        ({"Lines": [{**LINE, "AccountNumber": 4}]}, "code 77"),
        ({"Lines": [{**LINE, "AccountVatCode": "X"}]}, "AccountVatCode"),
        ({"Line": []}, "did you mean Lines?"),
    ],
)
def test_what_is_refused_fails_at_once(bench: Bench, changes: Any, told: str) -> None:
    instance = voucher(bench, voucher={**VOUCHER, **changes}, book=True, retries=2)
    assert (instance.state, len(instance.errors)) == ("failed", 1)
    assert told in instance.error


def one_sided(*amounts: tuple[int, str]) -> dict[str, Any]:
    lines = [{"Description": "Bank", "AccountNumber": number, "Amount": amount} for number, amount in amounts]
    return {**VOUCHER, "Lines": lines}


def test_one_that_does_not_balance_is_refused_before_it_is_sent(bench: Bench, beside: DineroClient) -> None:
    wrong = one_sided((55000, "1543.14"), (55010, "-1543.13"))
    for dry_run in (True, False):
        told = voucher(bench, voucher=wrong, book=True, dry_run=dry_run, retries=2)
        assert (told.state, len(told.errors)) == ("failed", 1)
        assert (
            "Manual voucher m-1: its lines without a BalancingAccountNumber sum to 0.01, not to 0.00 (debit "
            "1543.14, credit 1543.13)."
        ) in told.error
    assert bench.sandbox.state()["vouchers"] == 0
    assert voucher(bench, voucher=one_sided((55000, "1543.13"), (55010, "-1543.13")), book=True).state == "success"
    assert entries(beside) == 1


def test_one_that_vat_brings_out_of_balance_is_not_booked(bench: Bench, beside: DineroClient) -> None:
    """Dinero adds the VAT of a sale, so only its draft shows the error. Corrected, that draft is booked."""
    arguments: dict[str, Any] = {"task_id": "it", "idempotency_key": "m-1", "book": True}
    content = one_sided((55000, "100.00"), (1000, "-100.00"))
    with bench.dag() as dag:
        task = DineroManualVoucherOperator(voucher=content, **arguments)
    run = bench.run(dag)
    assert "sum to -25.00, not to 0.00 (debit 100.00, credit 125.00)" in run["it"].error
    assert entries(beside) == 0
    task.voucher = one_sided((55000, "125.00"), (1000, "-100.00"))
    again = bench.again(run)["it"]
    assert (again.returned["Status"], again.returned["Change"]) == ("Booked", "updated"), again.errors
    assert (entries(beside), bench.sandbox.state()["vouchers"]) == (1, 1)


def test_a_dry_run_sends_nothing(bench: Bench) -> None:
    told = voucher(bench, dry_run=True, book=True).returned
    assert told == {"DryRun": True, "Next": "POST /v1/100001/vouchers/manuel"}
