"""Clients with and without a proxy that damages responses: fixtures for the files that import them."""

from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient
from tests.conftest import CONTACT
from tests.cutting import Cutter, cutting


@pytest.fixture
def sandbox(unlimited_sandbox: Any) -> Any:
    unlimited_sandbox.reset()
    return unlimited_sandbox


@pytest.fixture
def client(make_client: Any) -> DineroClient:
    """A client that sees what is really there."""
    return make_client(requests_per_minute=10**6)


@pytest.fixture
def proxy(sandbox: Any) -> Iterator[Cutter]:
    with cutting(sandbox.url) as cutter:
        yield cutter


@pytest.fixture
def behind(make_client: Any, proxy: Cutter) -> DineroClient:
    """A client behind the proxy, which waits for nothing."""
    return make_client(base_url=proxy.url, requests_per_minute=10**6, look_again=(0, 0), sleep=lambda seconds: None)


@pytest.fixture
def one(behind: DineroClient) -> str:
    return str(behind.contacts.create(CONTACT)["ContactGuid"])
