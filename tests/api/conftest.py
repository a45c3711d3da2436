"""A sandbox whose refresh tokens are used once."""

from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_dinero.sandbox.server import running


@pytest.fixture
def one_time() -> Iterator[Any]:
    """A sandbox whose refresh tokens can be used once, and not a second longer."""
    with running(refresh_tokens="one-time", grace_seconds=0) as box:
        yield box
