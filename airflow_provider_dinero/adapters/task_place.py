"""Where a running task is: what tells it from all others, in every try and after each clear."""

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from airflow.sdk import Context


class Place(NamedTuple):
    """The place of a running task.

    :param dag_id: str
    :param run_id: str
    :param task_id: str
    :param map_index: int, -1 where it isn't mapped
    :param iteration: int or None, which iteration of a task loop it is in (Airflow 3.4); None outside a loop
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    iteration: int | None

    def __str__(self) -> str:
        parts = (*self[:4], *(() if self.iteration is None else (self.iteration,)))
        return "/".join(map(str, parts))


def place_of(context: "Context") -> Place:
    """Return the place of the running task.

    Not by its `region_index`: of a mapped task in a loop that is the map index once more; nor by its `region_id`, which
    is another one after the loop was cleared.

    :param context: Context
    """
    ti, loop = context["ti"], _loop(context)
    index = -1 if ti.map_index is None else ti.map_index
    return Place(ti.dag_id, ti.run_id, ti.task_id, index, None if loop is None else int(loop.index))


def _loop(context: Any) -> Any:
    return context.get("loop")
