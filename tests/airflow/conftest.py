"""The deployment that all test processes share, with one sandbox per group of tests: see `GROUP` in a test file."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_provider_dinero.api import DineroClient, PersonalIntegration
from tests import deployment as shared
from tests.deployment import Deployment


@pytest.fixture(scope="session")
def deployments(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Deployment]]:
    if folder := os.environ.get("DINERO_TESTS_DEPLOYMENT"):  # the process that distributes the tests has begun it
        yield shared.found(Path(folder))
        return
    alone = tmp_path_factory.mktemp("deployment")
    process = shared.begin(alone)
    try:
        yield shared.found(alone)
    finally:
        finds = shared.end(process, alone)
    assert not finds, finds


@pytest.fixture(scope="module")
def deployment(deployments: dict[str, Deployment], request: pytest.FixtureRequest) -> Deployment:
    return deployments[getattr(request.module, "GROUP", "connections")]


@pytest.fixture
def client(deployment: Deployment) -> Iterator[DineroClient]:
    """A client of the group's sandbox, beside Airflow."""
    grant = PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", deployment.sandbox)
    client = DineroClient(100001, grant, base_url=deployment.sandbox, requests_per_minute=10000)
    yield client
    client.close()
