"""A fresh sandbox for each test that wants one."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from airflow_provider_dinero.api import DineroClient, PersonalIntegration
from airflow_provider_dinero.api.ports import MemoryTokenStore, ProcessBudget
from airflow_provider_dinero.sandbox.server import running

# Importing Airflow makes a folder: in the clone, and not in the home of whoever runs the tests.
# Each process has its own, and each version of Airflow (`make nightly`): a database knows no way back.
NAME = f"tests{Path(sys.prefix).name}{os.environ.get('PYTEST_XDIST_WORKER', '')}"
os.environ["AIRFLOW_HOME"] = str(Path(__file__).parent.parent / ".airflow" / NAME)
# Where there is no airflow.cfg yet, this process and the commands it starts would each make a key of their own.
os.environ["AIRFLOW__CORE__FERNET_KEY"] = Fernet.generate_key().decode()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give what shares a running Airflow to one process, and of the rest each file."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "tests/airflow" if nodeid.startswith("tests/airflow/") else super()._split_scope(nodeid)

    return Scheduling(config, log)


@pytest.fixture(scope="session")
def migrated() -> None:
    """A metadata database in the AIRFLOW_HOME of the tests."""
    command = [str(Path(sys.executable).parent / "airflow"), "db", "migrate"]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Any]:
    with running() as box:
        yield box


@pytest.fixture(scope="session")
def unlimited_sandbox() -> Iterator[Any]:
    with running(requests_per_minute=10_000) as box:
        yield box


@pytest.fixture
def sandbox(running_sandbox: Any) -> Any:
    running_sandbox.reset()
    return running_sandbox


@pytest.fixture
def make_client(sandbox: Any) -> Iterator[Any]:
    """Make clients of the sandbox's personal integration, each with a store and a budget of its own."""
    made = []

    def make(
        organization_id: int | str | None = 100001, *, secret: str = "sandbox-secret", **options: Any
    ) -> DineroClient:
        options = {"token_store": MemoryTokenStore(), "budget": ProcessBudget(), "base_url": sandbox.url, **options}
        grant = PersonalIntegration("personal-sandbox", secret, "sandbox-api-key", sandbox.url)
        made.append(DineroClient(organization_id, options.pop("grant", grant), **options))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(make_client: Any) -> DineroClient:
    return make_client()


CONTACT = {"Name": "Bjørn Hansen", "CountryKey": "NO", "IsPerson": True, "ExternalReference": "c-4"}


@pytest.fixture
def contact(client: DineroClient) -> str:
    """The Guid of a contact with an e-mail address."""
    return client.contacts.create({**CONTACT, "Email": "bjorn@example.no"})["ContactGuid"]


def line(**changes: Any) -> dict[str, Any]:
    """An invoice line of 100 DKK without VAT."""
    return {
        "Description": "Plader",
        "BaseAmountValue": "100",
        "Quantity": 1,
        "AccountNumber": 1000,
        "Unit": "parts",
        **changes,
    }
