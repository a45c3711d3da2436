"""Bare writes that a task instance began, kept in Airflow's task state store: the next try finds them."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import Context


class TaskIntents:
    """The Intents of a task instance.

    :param context: Context of the running task
    """

    def __init__(self, context: "Context") -> None:
        self._store: Any = context["task_state_store"]

    def begun(self, name: str) -> bool:
        """Tell whether this write was begun, and not ended.

        :param name: str
        """
        return self._store.get(name) is not None

    def begin(self, name: str) -> None:
        """Note that this write begins.

        :param name: str
        """
        self._store.set(name, "begun")

    def end(self, name: str) -> None:
        """Note that it is known how this write went.

        :param name: str
        """
        self._store.delete(name)

    def remember(self, name: str, made: str) -> None:
        """Keep what this write made, where Dinero has no list that would show it.

        :param name: str
        :param made: str, such as its Guid
        """
        self._store.set(f"{name}/left", made)

    def recall(self, name: str) -> str | None:
        """Return what this write made, or None where it wasn't kept.

        :param name: str
        """
        made = self._store.get(f"{name}/left")
        return None if made is None else str(made)
