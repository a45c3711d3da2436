"""The bench of the operators, and triggers that fire at once."""

import pytest

from tests.operators.conftest import bench, beside, execution_api, hurried

__all__ = ["at_once", "bench", "beside", "execution_api", "hurried"]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Triggers needn't wait for a busy scheduler."""
    from airflow_provider_dinero.triggers import changes, states

    monkeypatch.setattr(changes, "SHORTEST_DEFERRAL", 0.0)
    monkeypatch.setattr(states, "SHORTEST_DEFERRAL", 0.0)
