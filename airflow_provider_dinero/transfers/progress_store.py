"""How far a transfer has got, in the state store of an asset, together with the window that it has started.

The window is stored before its file gets a name. After an interruption, the next try repeats the same window, and so
writes the same file.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.adapters.asset_state import state_of
from airflow_provider_dinero.adapters.watermarks import Watermark
from airflow_provider_dinero.api.lists.changes import as_utc, changes_since
from airflow_provider_dinero.transfers.reading import Standing

if TYPE_CHECKING:
    from airflow.sdk import Asset, Context

    from airflow_provider_dinero.adapters.asset_state import AssetState
    from airflow_provider_dinero.api import DineroClient

log = logging.getLogger(__name__)


class Kept:
    """The standing of one consumer. Changes happen under a lock, since the store has no compare-and-set.

    :param state: AssetState, whose key is the organization and the consumer
    :param lock: callable that returns the lock
    """

    def __init__(self, state: "AssetState", lock: Callable[[], AbstractContextManager[Any]]) -> None:
        self._state = state
        self._lock = lock

    def load(self) -> tuple[Standing, datetime | None]:
        """Return how far the consumer has got, and the end of an unfinished window, if there is one."""
        with self._lock():  # a watermark that Airflow has deleted is restored
            stored = self._state.get() or {}
        standing = _standing(stored)
        begun = stored.get("begun")
        return standing, as_utc(begun["until"]) if begun and begun["since"] == _since(standing) else None

    def begin(self, standing: Standing, until: datetime) -> datetime:
        """Record the start of a window, and return its end: another run's, if it has started the same one meanwhile.

        :param standing: Standing, from `load`
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
        """Move the watermark, unless somebody has moved it since this window started.

        :param standing: Standing, from `load`
        :param done: Standing at the end of the window
        """
        with self._lock():
            now, _ = self.load()
            if now == standing:
                self._save(done, None)
            elif now != done:
                log.info("the watermark of %s was moved meanwhile, and stays where it is", self._state.key)

    def _save(self, standing: Standing, begun: datetime | None) -> None:
        stored: dict[str, Any] = standing.mark.as_dict() if standing.mark else {}
        if standing.deletes:
            stored |= {"deletes": standing.deletes.as_dict(), "skipped": standing.skipped}
        if begun:
            stored["begun"] = {"since": _since(standing), "until": changes_since(begun)}
        self._state.set(stored)


def kept_of(context: "Context", asset: "Asset", client: "DineroClient", consumer: str) -> Kept:
    """Return the standing of a consumer, for a running task.

    :param context: Context
    :param asset: Asset, among the inlets of the task
    :param client: DineroClient, whose organization is part of the name
    :param consumer: str
    """
    # Its own name, since a sensor's consumer with the same name stores something else.
    key = f"{client.organization_id}.{consumer}.transfer"
    return Kept(state_of(context, asset, key), lambda: client.lock.hold(f"mark/{asset.uri}/{key}"))


def _standing(stored: dict[str, Any]) -> Standing:
    """Return what was stored, or what a person wrote, which may only have `until`."""
    if not stored.get("until"):
        return Standing()
    mark = Watermark.from_dict(stored)
    deletes = stored.get("deletes")
    return Standing(
        mark, Watermark.from_dict(deletes) if deletes else Watermark(mark.until), int(stored.get("skipped") or 0)
    )


def _since(standing: Standing) -> str | None:
    return changes_since(standing.mark.until) if standing.mark else None
