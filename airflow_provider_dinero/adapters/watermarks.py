"""How far a consumer of changes is: a watermark in the state store of an asset, moved when the data is safe.

A window that was handed out is pending until its run has ended well, or until it is committed. A run that failed, was
deleted or is cleared leaves the mark where it was: its changes are seen again.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.adapters.asset_state import AssetState, state_of
from airflow_provider_dinero.api.lists.changes import EVER, as_utc, changes_since

if TYPE_CHECKING:
    from airflow.sdk import Asset, Context

    from airflow_provider_dinero.api import DineroClient
    from airflow_provider_dinero.api.feeds.windows import Window

log = logging.getLogger(__name__)

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
        until = changes_since(self.until)
        return {"until": until, "seen": self.seen, "seen_until": until}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "Mark":
        """Return the mark that `as_dict` gave, or that a person wrote: what was seen counts for its own mark only.

        :param stored: dict
        """
        untouched = stored.get("seen_until") == stored["until"]
        return cls(as_utc(str(stored["until"])), dict(stored.get("seen") or {}) if untouched else {})


class Marks:
    """The mark of one consumer. What changes it is done under a lock, since the store has no compare-and-set.

    :param state: AssetState, whose key is the organization and the consumer
    :param lock: callable that gives the lock
    :param place: DAG, run, task and map index of the caller
    """

    def __init__(
        self,
        state: AssetState,
        lock: Callable[[], AbstractContextManager[Any]],
        place: tuple[str, str, str, int],
    ) -> None:
        self._state = state
        self._lock = lock
        self._run = list(place[:2])
        self._place = "/".join(map(str, place))

    def begin(self, state_of: Callable[[str, str], str | None], *, on_success: bool) -> Mark | None:
        """Settle what earlier runs left, and return where this one begins; what an earlier try of it left is dropped.

        :param state_of: callable of a DAG and a run, which returns the run's state, or None when it is gone
        :param on_success: bool, whether the window of a run that ended well counts as committed
        :return: Mark, or None for a consumer that is new
        """
        with self._lock():
            mark, pending = self._load()
            left = dict(pending)
            for name, window in pending.items():
                own = window["run"] == self._run
                state = None if name == self._place else "running" if own else state_of(*window["run"])
                if state == "success" and on_success and _joins(mark, window["since"]):
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
                log.warning("The consumer %s has no mark: it begins at %s.", self._state.key, changes_since(mark.until))
                self._save(mark, pending)
            return found or mark

    def advance(self, mark: Mark) -> None:
        """Move the mark over what held nothing for this consumer, unless somebody has moved it back.

        :param mark: Mark
        """
        with self._lock():
            found, pending = self._load()
            if found and found.until <= mark.until:
                self._save(mark, pending)

    def propose(self, since: str, mark: Mark) -> None:
        """Keep where the mark will be when this run has done its work.

        :param since: str, where the window begins
        :param mark: Mark
        """
        with self._lock():
            found, pending = self._load()
            self._save(found, {**pending, self._place: {"run": self._run, "since": since, **mark.as_dict()}})

    def commit(self, since: str, until: str) -> Mark | None:
        """Move the mark to the end of a window of this run, never backwards.

        :param since: str, where the window begins
        :param until: str, where it ends
        :return: Mark, as it is now; None where it was set back before the window, and so stays
        """
        with self._lock():
            mark, pending = self._load()
            if not _joins(mark, since):
                return None
            done = Mark(as_utc(until))  # of another window than this run's last, what it saw beyond its end is unknown
            for name, window in list(pending.items()):
                if window["run"] == self._run and window["until"] == until:
                    done = Mark.from_dict(pending.pop(name))
            mark = _later(mark or Mark(EVER), done)
            self._save(mark, pending)
            return mark

    def _load(self) -> tuple[Mark | None, dict[str, Any]]:
        stored = self._state.get()
        if stored is None:
            return None, {}
        return (Mark.from_dict(stored) if stored.get("until") else None), dict(stored.get("pending") or {})

    def _save(self, mark: Mark | None, pending: dict[str, Any]) -> None:
        self._state.set({**(mark.as_dict() if mark else {}), "pending": pending})


def _joins(mark: Mark | None, since: str) -> bool:
    """Tell whether a window begins no later than a mark: one that a person has set back leaves a gap before it."""
    return mark is None or as_utc(since) <= mark.until


def _later(mark: Mark, other: Mark) -> Mark:
    if mark.until == other.until:
        return Mark(mark.until, {**mark.seen, **other.seen})
    return max(mark, other, key=lambda each: each.until)


def marks_of(context: "Context", asset: "Asset", client: "DineroClient", consumer: str) -> Marks:
    """Return the mark of a consumer, as a running task reaches it.

    :param context: Context
    :param asset: Asset, among the inlets of the task
    :param client: DineroClient, whose organization is part of the mark's name
    :param consumer: str
    """
    key = f"{client.organization_id}.{consumer}"
    state = state_of(context, asset, key)
    ti = context["ti"]
    place = ti.dag_id, ti.run_id, ti.task_id, -1 if ti.map_index is None else ti.map_index
    return Marks(state, lambda: client.lock.hold(f"mark/{asset.uri}/{key}"), place)


def mark_of(found: "Window") -> Mark:
    """Return the mark that a window leads to.

    :param found: Window
    """
    return Mark(as_utc(found.window["until"]), found.seen)


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
