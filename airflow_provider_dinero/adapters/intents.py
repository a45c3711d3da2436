"""Bare writes that a task instance started, recorded in Airflow's task state store for its next try."""

from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.adapters.asset_state import told
from airflow_provider_dinero.adapters.state_keys import state_key
from airflow_provider_dinero.api.errors import DineroConfigurationError

if TYPE_CHECKING:
    from airflow.sdk import Context


class TaskIntents:
    """The Intents of a task instance.

    :param context: Context of the running task
    """

    def __init__(self, context: "Context") -> None:
        self._store: Any = context["task_state_store"]

    def begun(self, name: str) -> bool:
        """Tell whether this write was started, and not ended.

        :param name: str
        :raises DineroConfigurationError: what is stored can't be read
        """
        return self._get(state_key(name)) is not None

    def begin(self, name: str) -> None:
        """Record the start of this write.

        :param name: str
        """
        self._store.set(state_key(name), "begun")

    def end(self, name: str) -> None:
        """Record that the outcome of this write is known.

        :param name: str
        """
        self._store.delete(state_key(name))

    def remember(self, name: str, made: str) -> None:
        """Store what this write created, for writes whose result no list of Dinero shows.

        :param name: str
        :param made: str, such as its Guid
        """
        self._store.set(f"{state_key(name)}/left", made)

    def recall(self, name: str) -> str | None:
        """Return what this write created, or None if it wasn't stored.

        :param name: str
        :raises DineroConfigurationError: what is stored can't be read
        """
        return self._get(f"{state_key(name)}/left")

    def _get(self, key: str) -> str | None:
        stored = self._store.get(key)
        if stored is None or isinstance(stored, str):
            return stored
        raise DineroConfigurationError(
            f"The state that this task has under {key} can't be read: {told(stored)}.",
            "If a state store backend was switched off, set [workers] state_store_backend again for this worker, "
            "and clear the task.",
        )
