"""A bench, fresh for each test, and a client beside it."""

import importlib
import json
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from airflow_provider_dinero.sandbox.server import Sandbox
from tests.operators.bench import Bench
from tests.operators.execution import InThisThread, leave_out_old_versions, remember_dependants


@pytest.fixture(scope="session")
def execution_api(migrated: None) -> None:
    """Airflow's Execution API in this process; its import warns of what is no matter of ours."""
    with warnings.catch_warnings(action="ignore"):
        importlib.import_module("airflow.api_fastapi.execution_api.app")
    from airflow.sdk.execution_time.supervisor import in_process_api_server

    leave_out_old_versions()
    remember_dependants()
    server = in_process_api_server()
    server.transport = InThisThread(server)


@pytest.fixture
def bench(
    execution_api: None,
    unlimited_sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Bench]:
    """A bench with a fresh sandbox, and nothing left of other tests in the metadata database."""
    from airflow.models import DagModel, DagRun, Variable
    from airflow.models.asset import AssetDagRunQueue, AssetEvent
    from airflow.models.asset_state_store import AssetStateStoreModel
    from airflow.models.task_state_store import TaskStateStoreModel
    from airflow.utils.session import create_session

    unlimited_sandbox.reset()
    made = unlimited_sandbox.connection()
    made["extra"].update(requests_per_minute=10_000, coordination_url=str(tmp_path / "coordination"))
    monkeypatch.setenv("AIRFLOW_CONN_DINERO_DEFAULT", json.dumps(made))
    with create_session() as session:
        for model in (
            Variable,
            TaskStateStoreModel,
            AssetStateStoreModel,
            AssetDagRunQueue,
            AssetEvent,
            DagRun,
            DagModel,
        ):
            session.execute(delete(model))
    yield Bench(unlimited_sandbox, capsys)
    # What talks to a supervisor by this name is a task; the next test is none.
    sys.modules["airflow.sdk.execution_time.task_runner"].__dict__.pop("SUPERVISOR_COMMS", None)


@pytest.fixture
def hurried(unlimited_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where clients wait, between attempts or before they look again, only the sandbox's time passes."""
    from airflow_provider_dinero.api import DineroClient

    def sleep(seconds: float) -> None:
        unlimited_sandbox.forward(seconds=seconds)

    monkeypatch.setitem(DineroClient.__init__.__kwdefaults__, "sleep", sleep)


@pytest.fixture
def beside(bench: Bench) -> Iterator[Any]:
    """A client of the bench's sandbox, beside Airflow."""
    from airflow_provider_dinero.api import DineroClient, PersonalIntegration
    from airflow_provider_dinero.api.ports import MemoryTokenStore, ProcessBudget

    grant = PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", bench.sandbox.url)
    options: dict[str, Any] = {"token_store": MemoryTokenStore(), "budget": ProcessBudget()}
    client = DineroClient(100001, grant, base_url=bench.sandbox.url, requests_per_minute=10_000, **options)
    yield client
    client.close()
