"""The pytest plugin: a fresh sandbox for each test that asks for ``dinero_sandbox``.

pytest loads this at every start, wanted or not: nothing else may be imported at the top.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from airflow_provider_dinero.sandbox.server import Sandbox

MARKER = "dinero_sandbox(**settings): the test's sandbox has these switches, see dinero-sandbox serve --help"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", MARKER)


@pytest.fixture(scope="session")
def _dinero_sandbox() -> Generator[Sandbox]:
    from airflow_provider_dinero.sandbox.server import running

    with running() as sandbox:
        yield sandbox


@pytest.fixture
def dinero_sandbox(request: pytest.FixtureRequest) -> Generator[Sandbox]:
    """A local Dinero as it is from the start, see :class:`airflow_provider_dinero.sandbox.server.Sandbox`."""
    marker = request.node.get_closest_marker("dinero_sandbox")
    if marker is None:
        sandbox: Sandbox = request.getfixturevalue("_dinero_sandbox")
        sandbox.reset()
        yield sandbox
        return
    from airflow_provider_dinero.sandbox.server import running

    with running(**marker.kwargs) as sandbox:
        yield sandbox
