"""The identity of a running task: the same in every try and after each clear."""

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from airflow.sdk import Context


class TaskIdentity(NamedTuple):
    """The identity of a running task.

    :param dag_id: str
    :param run_id: str
    :param task_id: str
    :param map_index: int, -1 if it isn't mapped
    :param iteration: int or None, its iteration in a task loop (Airflow 3.4); None outside a loop
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    iteration: int | None

    def __str__(self) -> str:
        parts = (*self[:4], *(() if self.iteration is None else (self.iteration,)))
        return "/".join(map(str, parts))


def identity_of(context: "Context") -> TaskIdentity:
    """Return the identity of the running task.

    This doesn't use `region_index`, which for a mapped task in a loop is the map index again, nor `region_id`, which
    changes when the loop is cleared.

    :param context: Context
    """
    ti, loop = context["ti"], _loop(context)
    index = -1 if ti.map_index is None else ti.map_index
    return TaskIdentity(ti.dag_id, ti.run_id, ti.task_id, index, None if loop is None else int(loop.index))


def _loop(context: Any) -> Any:
    return context.get("loop")
