"""The notes of batches on the documents that they wrote, in the state store of an asset.

If Airflow deletes the notes, the documents are read again. So, unlike a watermark, the notes need no copy.
"""

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.adapters.asset_state import REFERENCE

if TYPE_CHECKING:
    from airflow.sdk import Asset, Context

log = logging.getLogger(__name__)

# Watermarks are in the same store, where people list and move them. This prefix keeps the notes out of that.
PREFIX = "notes."


class AssetNotes:
    """The StateStore of an asset's notes.

    :param store: Airflow's accessor of the asset's state
    """

    def __init__(self, store: Any) -> None:
        self._store = store

    def get(self, key: str) -> Any:
        """Return a value; None if there is none, or if it is in a state store backend that was switched off.

        :param key: str
        """
        stored = self._store.get(PREFIX + key)
        if isinstance(stored, str):
            try:
                stored = json.loads(stored)
            except ValueError:  # a person changed it
                return None
        return stored if isinstance(stored, Mapping) and REFERENCE not in stored else None

    def set(self, key: str, value: Any) -> None:
        """Store a value, as text: Airflow checks each part of a dict three times on its way to the database.

        :param key: str
        :param value: dict, plain JSON
        """
        self._store.set(PREFIX + key, json.dumps(value, separators=(",", ":")))


def notes_store_of(context: "Context", asset: "Asset") -> AssetNotes | None:
    """Return the store of an asset's notes for a running task, or None if the task has no access to it.

    :param context: Context
    :param asset: Asset, among the inlets of the task
    """
    stores: Any = context.get("asset_state_store")
    try:
        return AssetNotes(stores[asset])
    except (KeyError, TypeError):  # for a mapped task, Airflow only sees what `partial` received
        log.warning(
            "The task has no state store of %s, so it reads each document. Give a mapped task inlets=[dinero_asset(…)] "
            "in `partial`.",
            asset.uri,
        )
        return None
