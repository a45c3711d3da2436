"""The default key in a task loop of Airflow 3.4: each iteration has its own, and outside loops nothing changes."""

from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_dinero.adapters.task_identity import identity_of


@pytest.mark.parametrize(
    ("map_index", "loop", "key"),
    [
        (-1, None, "dag/run/task/-1"),
        (None, None, "dag/run/task/-1"),
        (3, None, "dag/run/task/3"),
        (-1, 0, "dag/run/task/-1/0"),
        (-1, 2, "dag/run/task/-1/2"),
        (3, 2, "dag/run/task/3/2"),
    ],
)
def test_the_place_of_a_task(map_index: int | None, loop: int | None, key: str) -> None:
    ti = SimpleNamespace(dag_id="dag", run_id="run", task_id="task", map_index=map_index, region_index=7)
    context: Any = {"ti": ti, **({} if loop is None else {"loop": SimpleNamespace(index=loop)})}
    assert str(identity_of(context)) == key
