"""Intents in Airflow's task state store, when its backend is switched off in between."""

from pathlib import Path

import pytest

from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.operators.manual_vouchers import DineroManualVoucherOperator
from tests.operators.bench import Bench

BACKEND = "airflow.providers.common.io.state_store.backend.StateStoreObjectStorageBackend"
LINE = {"Amount": "100.00", "AccountNumber": 55000, "BalancingAccountNumber": 1000, "BalancingAccountVatCode": "none"}


def test_an_intent_in_a_backend_that_was_switched_off_is_an_error(
    bench: Bench, beside: DineroClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.sdk.execution_time.context import _get_worker_state_store_backend as backend

    with bench.dag() as dag:
        DineroManualVoucherOperator(
            task_id="it", voucher={"VoucherDate": "2026-01-02", "Lines": [{**LINE, "Description": "Kontingent"}]}
        )
    monkeypatch.setenv("AIRFLOW__COMMON_IO__STATE_STORE_OBJECTSTORAGE_PATH", f"file://{tmp_path}")
    with monkeypatch.context() as switched_on:
        switched_on.setenv("AIRFLOW__WORKERS__STATE_STORE_BACKEND", BACKEND)
        backend.cache_clear()
        run = bench.run(dag)
        assert run["it"].state == "success", run["it"].log
        assert bench.again(run)["it"].returned["Guid"] == run["it"].returned["Guid"]
    backend.cache_clear()
    made = [each for each in bench.sandbox.requests() if each["method"] == "POST"]
    again = bench.again(run)["it"]
    assert (again.state, len(again.errors)) == ("failed", 1)
    assert "can't be read: a reference to a state store backend" in again.error
    assert "[workers] state_store_backend" in again.error
    assert [each for each in bench.sandbox.requests() if each["method"] == "POST"] == made
