"""How far a consumer of changes is: a watermark in the state store of an asset, moved when the data is safe.

A window that was handed out is pending until its run has ended well, or until it is committed. A run that failed, was
deleted or is cleared leaves the mark where it was: its changes are seen again.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.api.changes import EVER, as_utc, changes_since
from airflow_provider_dinero.api.errors import DineroConfigurationError

if TYPE_CHECKING:
    from airflow.sdk import Asset, Context

    from airflow_provider_dinero.api import DineroClient
    from airflow_provider_dinero.api.windows import Found

OVER = {"success", "failed"}


@dataclass(frozen=True)
class Mark:
    """How far a consumer is.

    :param until: datetime, everything that changed before it was seen
    :param seen: dict of key to version: what changed at or after it and was seen all the same
    """

    until: datetime
    seen: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the mark as plain JSON."""
        return {"until": changes_since(self.until), "seen": self.seen}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "Mark":
        """Return the mark that `as_dict` gave, or that a person wrote, perhaps without what was seen.

        :param stored: dict
        """
        return cls(as_utc(str(stored["until"])), dict(stored.get("seen") or {}))


class Marks:
    """The mark of one consumer. What changes it is done under a lock, since the store has no compare-and-set.

    :param store: Airflow's accessor of the asset's state
    :param key: str, the organization and the consumer
    :param lock: callable that gives the lock
    """

    def __init__(self, store: Any, key: str, lock: Callable[[], AbstractContextManager[Any]]) -> None:
        self._store = store
        self._key = key
        self._lock = lock

    def begin(
        self, run: tuple[str, str], state_of: Callable[[str, str], str | None], *, on_success: bool
    ) -> Mark | None:
        """Settle what earlier runs left, and return where this run begins.

        :param run: DAG and run of the caller; what an earlier try of it left is dropped
        :param state_of: callable of a DAG and a run, which returns the run's state, or None when it is gone
        :param on_success: bool, whether the window of a run that ended well counts as committed
        :return: Mark, or None for a consumer that is new
        """
        with self._lock():
            mark, pending = self._load()
            left = dict(pending)
            for name, window in pending.items():
                state = None if window["run"] == list(run) else state_of(*window["run"])
                if state == "success" and on_success:
                    mark = _later(mark or Mark(EVER), Mark.from_dict(window))
                if state is None or state in OVER:
                    del left[name]
            if left != pending:
                self._save(mark, left)
            return mark

    def start(self, mark: Mark) -> Mark:
        """Store the mark of a new consumer, unless it has one by now, and return it.

        :param mark: Mark
        """
        with self._lock():
            found, pending = self._load()
            if found is None:
                self._save(mark, pending)
            return found or mark

    def propose(self, run: tuple[str, str], mark: Mark) -> None:
        """Keep where the mark will be when this run has done its work.

        :param run: DAG and run
        :param mark: Mark
        """
        with self._lock():
            found, pending = self._load()
            self._save(found, {**pending, "/".join(run): {"run": list(run), **mark.as_dict()}})

    def commit(self, run: tuple[str, str], until: datetime) -> Mark:
        """Move the mark to the end of a window, never backwards.

        :param run: DAG and run that was given the window
        :param until: datetime, the end of the window
        :return: Mark, as it is now
        """
        with self._lock():
            mark, pending = self._load()
            proposed = pending.pop("/".join(run), None)
            done = Mark.from_dict(proposed) if proposed else None
            # Another window than this run's last one: of what it saw beyond its end nothing is known.
            mark = _later(mark or Mark(EVER), done if done and done.until == until else Mark(until))
            self._save(mark, pending)
            return mark

    def _load(self) -> tuple[Mark | None, dict[str, Any]]:
        stored = self._store.get(self._key)
        if not stored:
            return None, {}
        return (Mark.from_dict(stored) if stored.get("until") else None), dict(stored.get("pending") or {})

    def _save(self, mark: Mark | None, pending: dict[str, Any]) -> None:
        self._store.set(self._key, {**(mark.as_dict() if mark else {}), "pending": pending})


def _later(mark: Mark, other: Mark) -> Mark:
    if mark.until == other.until:
        return Mark(mark.until, {**mark.seen, **other.seen})
    return max(mark, other, key=lambda each: each.until)


def store_of(context: "Context", asset: "Asset") -> Any:
    """Return Airflow's accessor of the state of an asset, as a running task reaches it.

    :param context: Context
    :param asset: Asset, among the inlets of the task
    :raises DineroConfigurationError: it is not among them
    """
    stores: Any = context.get("asset_state_store")
    try:
        return stores[asset]
    except (KeyError, TypeError):  # of a mapped task, Airflow sees what `partial` was given
        connection, _, resource = asset.uri.removeprefix("dinero://").partition("/")
        raise DineroConfigurationError(
            f"The task has no state store of {asset.uri}, where its mark would be.",
            f"Give a mapped task inlets=[dinero_asset({connection!r}, {resource!r})].",
        ) from None


def marks_of(context: "Context", asset: "Asset", client: "DineroClient", consumer: str) -> Marks:
    """Return the mark of a consumer, as a running task reaches it.

    :param context: Context
    :param asset: Asset, among the inlets of the task
    :param client: DineroClient, whose organization is part of the mark's name
    :param consumer: str
    """
    key = f"{client.organization_id}.{consumer}"
    store = store_of(context, asset)
    return Marks(store, key, lambda: client.lock.hold(f"mark/{asset.uri}/{key}"))


def mark_of(found: "Found") -> Mark:
    """Return the mark that a window leads to.

    :param found: Found
    """
    return Mark(as_utc(found.window["until"]), found.seen)


def run_of(context: "Context") -> tuple[str, str]:
    """Return DAG and run of a running task.

    :param context: Context
    """
    ti = context["ti"]
    return ti.dag_id, ti.run_id


def state_of_run(dag_id: str, run_id: str) -> str | None:
    """Return the state of a run, None when it was deleted.

    :param dag_id: str
    :param run_id: str
    """
    from airflow.sdk.api.client import ServerResponseError
    from airflow.sdk.exceptions import AirflowRuntimeError
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    try:
        state = RuntimeTaskInstance.get_dagrun_state(dag_id, run_id)
    except AirflowRuntimeError as error:
        if (error.error.detail or {}).get("status_code") != HTTPStatus.NOT_FOUND:
            raise
        return None
    except ServerResponseError as error:  # in `dag.test()`, where no supervisor stands in between
        if error.response.status_code != HTTPStatus.NOT_FOUND:
            raise
        return None
    return str(getattr(state, "value", state))
