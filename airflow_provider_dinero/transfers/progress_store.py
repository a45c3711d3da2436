"""How far a transfer is, kept in the state store of an asset, together with the window that it has begun.

The window is stored before its file gets a name. A try that was interrupted is repeated with the same window, and so
writes the same file.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.adapters.asset_state import state_of
from airflow_provider_dinero.adapters.watermarks import Mark
from airflow_provider_dinero.api.lists.changes import as_utc, changes_since
from airflow_provider_dinero.transfers.reading import Standing

if TYPE_CHECKING:
    from airflow.sdk import Asset, Context

    from airflow_provider_dinero.adapters.asset_state import AssetState
    from airflow_provider_dinero.api import DineroClient

log = logging.getLogger(__name__)


class Kept:
    """The standing of one consumer. What changes it is done under a lock, since the store has no compare-and-set.

    :param state: AssetState, whose key is the organization and the consumer
    :param lock: callable that gives the lock
    """

    def __init__(self, state: "AssetState", lock: Callable[[], AbstractContextManager[Any]]) -> None:
        self._state = state
        self._lock = lock

    def load(self) -> tuple[Standing, datetime | None]:
        """Return how far the consumer is, and the end of the window that was begun and not ended, if there is one."""
        with self._lock():  # a mark that Airflow has deleted is written anew
            stored = self._state.get() or {}
        standing = _standing(stored)
        begun = stored.get("begun")
        return standing, as_utc(begun["until"]) if begun and begun["since"] == _since(standing) else None

    def begin(self, standing: Standing, until: datetime) -> datetime:
        """Store that a window begins, and return its end: that of another run, if one has begun the same meanwhile.

        :param standing: Standing, as it was loaded
        :param until: datetime
        """
        with self._lock():
            now, begun = self.load()
            if now != standing:
                return until
            if begun is None:
                self._save(now, until)
            return begun or until

    def end(self, standing: Standing, done: Standing) -> None:
        """Move the mark, unless somebody has moved it since this window was begun.

        :param standing: Standing, as it was loaded
        :param done: Standing at the end of the window
        """
        with self._lock():
            now, _ = self.load()
            if now == standing:
                self._save(done, None)
            elif now != done:
                log.info("the mark of %s was moved meanwhile, and stays where it is", self._state.key)

    def _save(self, standing: Standing, begun: datetime | None) -> None:
        stored: dict[str, Any] = standing.mark.as_dict() if standing.mark else {}
        if standing.deletes:
            stored |= {"deletes": standing.deletes.as_dict(), "skipped": standing.skipped}
        if begun:
            stored["begun"] = {"since": _since(standing), "until": changes_since(begun)}
        self._state.set(stored)


def kept_of(context: "Context", asset: "Asset", client: "DineroClient", consumer: str) -> Kept:
    """Return the standing of a consumer, as a running task reaches it.

    :param context: Context
    :param asset: Asset, among the inlets of the task
    :param client: DineroClient, whose organization is part of the name
    :param consumer: str
    """
    # A name of its own: a sensor whose consumer is called the same keeps other things.
    key = f"{client.organization_id}.{consumer}.transfer"
    return Kept(state_of(context, asset, key), lambda: client.lock.hold(f"mark/{asset.uri}/{key}"))


def _standing(stored: dict[str, Any]) -> Standing:
    """Return what was stored, or what a person wrote, perhaps the `until` alone."""
    if not stored.get("until"):
        return Standing()
    mark = Mark.from_dict(stored)
    deletes = stored.get("deletes")
    return Standing(mark, Mark.from_dict(deletes) if deletes else Mark(mark.until), int(stored.get("skipped") or 0))


def _since(standing: Standing) -> str | None:
    return changes_since(standing.mark.until) if standing.mark else None
