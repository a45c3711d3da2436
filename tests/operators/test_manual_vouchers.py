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


def test_a_dry_run_sends_nothing(bench: Bench) -> None:
    told = voucher(bench, dry_run=True, book=True).returned
    assert told == {"DryRun": True, "Next": "POST /v1/100001/vouchers/manuel"}
