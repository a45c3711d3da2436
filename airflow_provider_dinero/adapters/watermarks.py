"""How far a consumer of changes has got: a watermark in the state store of an asset, moved when the data is safe.

A window that was handed out is pending until its run has succeeded, or until it is committed. A run that failed, was
deleted or is cleared leaves the watermark where it was, so its changes are seen again.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.adapters.asset_state import AssetState, state_of
from airflow_provider_dinero.adapters.task_identity import TaskIdentity, identity_of
from airflow_provider_dinero.api.lists.changes import EVER, as_utc, changes_since

if TYPE_CHECKING:
    from airflow.sdk import Asset, Context

    from airflow_provider_dinero.api import DineroClient
    from airflow_provider_dinero.api.feeds.windows import Window

log = logging.getLogger(__name__)

OVER = {"success", "failed"}
NEW = "The consumer %s has no watermark: it reports what changes after %s."


@dataclass(frozen=True)
class Watermark:
    """How far a consumer has got.

    :param until: datetime, everything that changed before it was seen
    :param seen: dict of key to version: what changed at or after it but was already seen
    """

    until: datetime
    seen: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the watermark as plain JSON."""
        until = changes_since(self.until)
        return {"until": until, "seen": self.seen, "seen_until": until}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "Watermark":
        """Return the watermark from `as_dict`, or one that a person wrote; `seen` only counts for its own watermark.

        :param stored: dict
        """
        untouched = stored.get("seen_until") == stored["until"]
        return cls(as_utc(str(stored["until"])), dict(stored.get("seen") or {}) if untouched else {})


class Watermarks:
    """The watermark of one consumer. Changes happen under a lock, since the store has no compare-and-set.

    :param state: AssetState, whose key is the organization and the consumer
    :param lock: callable that returns the lock
    :param place: TaskIdentity of the caller
    """

    def __init__(
        self,
        state: AssetState,
        lock: Callable[[], AbstractContextManager[Any]],
        place: TaskIdentity,
    ) -> None:
        self._state = state
        self._lock = lock
        self._run = list(place[:2])
        self._place = str(place)

    def begin(self, state_of: Callable[[str, str], str | None], *, on_success: bool) -> Watermark | None:
        """Settle the windows of earlier runs, and return where this one starts; drop the window of an earlier try.

        :param state_of: callable of a DAG and a run that returns the run's state, or None if it was deleted
        :param on_success: bool, whether the window of a successful run counts as committed
        :return: Watermark, or None for a new consumer
        """
        with self._lock():
            mark, pending = self._load()
            left = dict(pending)
            for name, window in pending.items():
                own = window["run"] == self._run
                state = None if name == self._place else "running" if own else state_of(*window["run"])
                if state == "success" and on_success and _joins(mark, window["since"]):
                    mark = _later(mark or Watermark(EVER), Watermark.from_dict(window))
                if state is None or state in OVER:
                    del left[name]
            if left != pending:
                self._save(mark, left)
            return mark

    def start(self, mark: Watermark, *, reports_after: datetime | None = None) -> Watermark:
        """Store the watermark of a new consumer, unless it has one by now, and return it.

        :param mark: Watermark
        :param reports_after: datetime, what changes from then on is reported; default None, all after the watermark
        """
        with self._lock():
            found, pending = self._load()
            if found is None:
                log.warning(NEW, self._state.key, changes_since(reports_after or mark.until))
                self._save(mark, pending)
            return found or mark

    def advance(self, mark: Watermark) -> None:
        """Move the watermark past changes that don't concern this consumer, unless somebody has moved it back.

        :param mark: Watermark
        """
        with self._lock():
            found, pending = self._load()
            if found and found.until <= mark.until:
                self._save(mark, pending)

    def propose(self, since: str, mark: Watermark) -> None:
        """Store where the watermark will be when this run has done its work.

        :param since: str, the start of the window
        :param mark: Watermark
        """
        with self._lock():
            found, pending = self._load()
            self._save(found, {**pending, self._place: {"run": self._run, "since": since, **mark.as_dict()}})

    def commit(self, since: str, until: str) -> Watermark | None:
        """Move the watermark to the end of a window of this run, never backwards.

        :param since: str, the start of the window
        :param until: str, the end of the window
        :return: Watermark, the current one; None if it was set back before the window, and so stays
        """
        with self._lock():
            mark, pending = self._load()
            if not _joins(mark, since):
                return None
            # What a window other than this run's last one saw beyond its end is unknown.
            done = Watermark(as_utc(until))
            for name, window in list(pending.items()):
                if window["run"] == self._run and window["until"] == until:
                    done = Watermark.from_dict(pending.pop(name))
            mark = _later(mark or Watermark(EVER), done)
            self._save(mark, pending)
            return mark

    def _load(self) -> tuple[Watermark | None, dict[str, Any]]:
        stored = self._state.get()
        if stored is None:
            return None, {}
        return (Watermark.from_dict(stored) if stored.get("until") else None), dict(stored.get("pending") or {})

    def _save(self, mark: Watermark | None, pending: dict[str, Any]) -> None:
        self._state.set({**(mark.as_dict() if mark else {}), "pending": pending})


def _joins(mark: Watermark | None, since: str) -> bool:
    """Tell whether a window starts no later than a watermark: one that was set back leaves a gap before the window."""
    return mark is None or as_utc(since) <= mark.until


def _later(mark: Watermark, other: Watermark) -> Watermark:
    if mark.until == other.until:
        return Watermark(mark.until, {**mark.seen, **other.seen})
    return max(mark, other, key=lambda each: each.until)


def marks_of(context: "Context", asset: "Asset", client: "DineroClient", consumer: str) -> Watermarks:
    """Return the watermark of a consumer, for a running task.

    :param context: Context
    :param asset: Asset, among the inlets of the task
    :param client: DineroClient, whose organization is part of the watermark's name
    :param consumer: str
    """
    key = f"{client.organization_id}.{consumer}"
    state = state_of(context, asset, key)
    return Watermarks(state, lambda: client.lock.hold(f"mark/{asset.uri}/{key}"), identity_of(context))


def mark_of(found: "Window") -> Watermark:
    """Return the watermark after a window.

    :param found: Window
    """
    return Watermark(as_utc(found.window["until"]), found.seen)


def state_of_run(dag_id: str, run_id: str) -> str | None:
    """Return the state of a run, None if it was deleted.

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
    except ServerResponseError as error:  # in `dag.test()`, without a supervisor in between
        if error.response.status_code != HTTPStatus.NOT_FOUND:
            raise
        return None
    return str(getattr(state, "value", state))
