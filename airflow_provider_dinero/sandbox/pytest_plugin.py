"""The pytest plugin: a fresh sandbox for each test that uses the fixture ``dinero_sandbox``.

pytest loads this module at every start, even if no test needs it, so nothing else may be imported at the top.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from airflow_provider_dinero.sandbox.server import Sandbox

MARKER = "dinero_sandbox(**settings): switches of the test's sandbox, see dinero-sandbox serve --help"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", MARKER)


@pytest.fixture(scope="session")
def _dinero_sandbox() -> Generator[Sandbox]:
    from airflow_provider_dinero.sandbox.server import running

    with running() as sandbox:
        yield sandbox


@pytest.fixture
def dinero_sandbox(request: pytest.FixtureRequest) -> Generator[Sandbox]:
    """A local Dinero, new for each test, see :class:`airflow_provider_dinero.sandbox.server.Sandbox`."""
    marker = request.node.get_closest_marker("dinero_sandbox")
    if marker is None:
        sandbox: Sandbox = request.getfixturevalue("_dinero_sandbox")
        sandbox.reset()
        yield sandbox
        return
    from airflow_provider_dinero.sandbox.server import running

    with running(**marker.kwargs) as sandbox:
        yield sandbox
